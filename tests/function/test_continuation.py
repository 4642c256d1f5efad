"""Going on in another execution: what is handed over, recorded and taken up again."""

from typing import Any

import pytest

from tests.function.continuing import FIRST, SECOND, act, begun, read, recorded, resumed, synced
from universal_sync_core import calculate_payload_size, hydrate_state
from universal_sync_core.errors import (
    InvalidRequestError,
)
from universal_sync_core.storage.memory_store import MemoryStore

pytestmark = pytest.mark.usefixtures("store")


def test_record_says_what_failed_where_and_when(store: MemoryStore) -> None:
    bag = synced(begun(segments=[{}, {}]), state_history=[{"event": "listed"}])
    failure = recorded(bag, stage="segment", failed_at="2025-11-23T03:42:13Z", execution_arn=SECOND)
    record = read(store, failure["record_s3_path"])
    assert record["cause"] == {"errorMessage": "no model of s3"}
    assert record["state_history"] == [{"event": "listed"}]
    assert (
        record.items()
        >= {
            "failure_record": 1,
            "error": "ModelError",
            "stage": "segment",
            "failed_at": "2025-11-23T03:42:13Z",
            "execution_arn": SECOND,
            "execution_id": FIRST,
            "segment_to_run": 1,
        }.items()
    )
    assert read(store, record["snapshot_s3_path"])["state_data"] == bag


def test_cause_is_short_and_leads_to_the_record() -> None:
    failure = recorded(begun(), failure={"Error": "E", "Cause": "long " * 6_000})
    assert failure["error"] == "E"
    assert failure["cause"].endswith(f"[record: {failure['record_s3_path']}]")
    assert len(failure["cause"]) < 1_000


def test_cause_that_lambda_gave_is_shown_by_its_message() -> None:
    assert recorded(begun())["cause"].startswith("no model of s3 [record: ")


@pytest.mark.parametrize("failure", [{}, {"Error": None}, {"Cause": "no"}])
def test_failure_without_a_name_is_recorded_all_the_same(failure: dict[str, Any]) -> None:
    assert recorded(begun(), failure=failure)["error"] == "UnnamedError"


def test_name_that_step_functions_reserves_is_not_carried_on(store: MemoryStore) -> None:
    failure = recorded(begun(), failure={"Error": "States.HeartbeatTimeout", "Cause": ""})
    assert failure["error"] == "HeartbeatTimeout"
    assert failure["cause"].startswith("no cause was given [record: ")
    assert read(store, failure["record_s3_path"])["error"] == "States.HeartbeatTimeout"


def test_same_failure_leaves_one_record(store: MemoryStore) -> None:
    bag = begun(words="w" * 40_000)
    first = recorded(bag, failed_at="2025-11-23T03:42:13Z")
    objects = len(store.objects)
    assert recorded(bag, failed_at="2025-11-23T03:42:13Z") == first
    assert len(store.objects) == objects


def test_record_holds_pointers_and_no_second_copy(store: MemoryStore) -> None:
    bag = begun(words="w" * 40_000)
    record = read(store, recorded(bag)["record_s3_path"])
    assert calculate_payload_size(record) < 2_000
    assert calculate_payload_size(read(store, record["snapshot_s3_path"])) < 2_000


def test_hand_over_is_a_function_of_the_bag() -> None:
    bag = begun(segments=[{}])
    first, second = (act("hand_over", state_data=bag)["next"] for _ in range(2))
    other = act("hand_over", state_data=synced(bag))["next"]
    assert first == second
    assert first["name"] != other["name"]


@pytest.mark.parametrize("name", ["first", "n" * 80])
def test_next_execution_has_a_name_that_step_functions_takes(name: str) -> None:
    bag = begun() | {"execution_id": FIRST.replace("first", name)}
    given = act("hand_over", state_data=bag)["next"]["name"]
    assert len(given) <= 80
    assert given.startswith(name[:63])


def test_chain_names_every_execution_in_order() -> None:
    bag, names = begun(), [f"{FIRST}-{number}" for number in range(1, 400)]
    for name in names:
        path = act("hand_over", state_data=bag)["next"]["resume_from"]
        bag = resumed(path, execution_id=name)
    assert hydrate_state(bag)["execution_chain"] == [FIRST, *names]
    assert calculate_payload_size(bag) < 40_000


def test_each_step_uses_some_of_the_history() -> None:
    bag = begun(segments=[{}] * 5, segments_per_execution=7)
    used = [bag["execution_segments"]]
    bag = synced(bag, status="PAUSED_FOR_HITP")
    used.append(bag["execution_segments"])
    bag = act("merge_callback", state_data=bag, callback_result={})["state_data"]
    used.append(bag["execution_segments"])
    bag = act("create_snapshot", state_data=bag, snapshot_type="pre")["state_data"]
    used.append(bag["execution_segments"])
    assert used == [0, 1, 2, 3]
    path = act("hand_over", state_data=bag)["next"]["resume_from"]
    assert resumed(path)["execution_segments"] == 0


def test_segments_of_branches_use_it_when_they_are_joined() -> None:
    parent = synced(begun(), status="PARALLEL_GROUP", pending_branches=[{"branch_id": "a"}] * 2)
    ended = []
    for number, branch in enumerate(parent["pending_branches"], start=1):
        bag = act("fork_branch", state_data=parent, branch=branch)["state_data"]
        for _ in range(number):
            bag = act("sync_branch", state_data=bag, execution_result={})["state_data"]
        assert bag["execution_segments"] == number
        ended.append(act("complete_branch", state_data=bag)["branch"])
    failed = {"status": "FAILED", "error": "E", "cause": "c"}
    ended += [failed | {"segments_run": 4}, failed | {"segments_run": 2, "waits": 3}]
    joined = act("aggregate_branches", state_data=parent, branches=ended)["state_data"]
    branches = (2 + 1) + (2 + 2) + (2 + 4) + (2 + 2 + 3)
    assert joined["execution_segments"] == parent["execution_segments"] + 1 + branches


def test_no_result_changes_what_is_used_or_how_much_may_be() -> None:
    bag = begun(segments_per_execution=7)
    after = synced(bag, segments_per_execution=800, execution_segments=0)
    assert (after["segments_per_execution"], after["execution_segments"]) == (7, 1)


@pytest.mark.parametrize("limit", [0, -1, 801, "7", 7.5, True, None])
def test_limit_that_cannot_work_is_refused(limit: object) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        begun(segments_per_execution=limit)
    assert refused.value.field == "input.segments_per_execution"


def test_branches_share_what_the_history_bears() -> None:
    branches = [{"branch_id": "a"}, {"branch_id": "b", "loop_limit": 5}, {"branch_id": "c"}]
    parent = synced(begun(loop_limit=5_000), status="PARALLEL_GROUP", pending_branches=branches)
    limits = [
        act("fork_branch", state_data=parent, branch=branch)["state_data"]["loop_limit"]
        for branch in branches
    ]
    assert limits == [300, 5, 300]


def test_what_the_state_machine_reads_stays_where_it_reads_it() -> None:
    branches = [{"branch_id": "a", "segments": ["x" * 50_000]}, {"branch_id": "b"}]
    many = {f"field {number}": "v" * 350 for number in range(600)}
    bag = synced(begun(), status="PARALLEL_GROUP", pending_branches=branches, **many)
    assert [type(branch) for branch in bag["pending_branches"]] == [dict, dict]
    assert bag.keys() >= {"loop_limit", "loop_counter", "segments_per_execution"}
    large, _ = bag["pending_branches"]
    forked = act("fork_branch", state_data=bag, branch=large)["state_data"]
    assert (forked["branch_id"], forked["total_segments"]) == ("a", 1)
    assert act("run_segment", state_data=forked) == "x" * 50_000
    assert hydrate_state(bag)["pending_branches"] == branches


@pytest.mark.parametrize("branches", [None, {"branch_id": "a"}, 3])
def test_group_without_a_list_of_branches_is_refused(branches: object) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        synced(begun(), status="PARALLEL_GROUP", pending_branches=branches)
    assert refused.value.field == "execution_result.pending_branches"


def test_branches_that_come_as_a_pointer_are_a_list_in_the_bag() -> None:
    branches = [{"branch_id": name, "segments": ["x" * 40_000]} for name in "ab"]
    bag = begun(segments=[{"status": "PARALLEL_GROUP", "pending_branches": branches}])
    result = act("run_segment", state_data=bag)
    assert calculate_payload_size(result) < 1_000
    after = act("sync", state_data=bag, execution_result=result)["state_data"]
    assert (after["next_action"], len(after["pending_branches"])) == ("PARALLEL_GROUP", 2)
    assert hydrate_state(after)["pending_branches"] == branches
