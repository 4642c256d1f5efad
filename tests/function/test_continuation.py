"""Going on in another execution: what is handed over, recorded and taken up again."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

import app
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import calculate_payload_size, hydrate_state
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

FIRST = "arn:aws:states:eu-west-1:123456789012:execution:catalog:first"
SECOND = FIRST.replace("first", "second")
FAILURE = {"Error": "ModelError", "Cause": json.dumps({"errorMessage": "no model of s3"})}
BOOKKEEPING = {
    "state_revision",
    "last_update_time",
    "payload_size_kb",
    "execution_chain",
    "execution_segments",
}

pytestmark = pytest.mark.usefixtures("store")


def act(action: str, **event: Any) -> Any:
    return app.lambda_handler({"action": action, **event}, FakeLambdaContext())


def begun(**fields: Any) -> dict[str, Any]:
    """Return the first bag of an execution."""
    bag: dict[str, Any] = act("init", execution_id=FIRST, input=fields)["state_data"]
    return bag


def synced(bag: dict[str, Any], **result: Any) -> dict[str, Any]:
    after: dict[str, Any] = act("sync", state_data=bag, execution_result=result)["state_data"]
    return after


def resumed(path: str, execution_id: str = SECOND, **beside: Any) -> dict[str, Any]:
    given = {"resume_from": path, **beside}
    bag: dict[str, Any] = act("init", execution_id=execution_id, input=given)["state_data"]
    return bag


def recorded(bag: dict[str, Any], **more: Any) -> dict[str, Any]:
    event = {"state_data": bag, "failure": FAILURE, **more}
    failure: dict[str, Any] = act("record_failure", **event)["failure"]
    return failure


def read(store: MemoryStore, path: str) -> Any:
    return json.loads(store.get(Location.parse(path)).body)


def without(bag: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in bag.items() if key not in BOOKKEEPING | {*names}}


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


def test_resumed_bag_is_the_one_that_was_left() -> None:
    bag = synced(begun(segments=[{}, {}], words="w" * 40_000), current_state={"a": 1})
    after = resumed(recorded(bag)["record_s3_path"])
    assert without(after) == without(bag)
    assert after["execution_chain"] == [FIRST, SECOND]
    assert hydrate_state(after)["words"] == "w" * 40_000


@pytest.mark.parametrize("status", ["FAILED", "HALTED", "SIGKILL"])
def test_result_that_ended_the_workflow_is_asked_for_again(status: str) -> None:
    bag = synced(begun(segments=[{}, {}, {}]), status="CONTINUE")
    stopped = synced(bag, status=status)
    after = resumed(recorded(stopped)["record_s3_path"])
    assert (after["next_action"], after["segment_to_run"]) == ("CONTINUE", 1)
    assert "status" not in after


@pytest.mark.parametrize("action", ["merge_callback", "merge_async"])
def test_answer_that_ended_the_workflow_leaves_its_segment_to_be_run_again(action: str) -> None:
    waiting = synced(begun(segments=[{}, {}]), status="PAUSED_FOR_HITP")
    answer = {action.replace("merge", "").strip("_") + "_result": {"status": "FAILED"}}
    stopped = act(action, state_data=waiting, **answer)["state_data"]
    assert (stopped["next_action"], stopped["segment_to_run"]) == ("FAILED", 0)


@pytest.mark.parametrize("status", ["PARALLEL_GROUP", "DISTRIBUTED_MAP", "PAUSED_FOR_HITP"])
def test_group_map_or_wait_that_failed_is_entered_again(status: str) -> None:
    asked: dict[str, Any] = {"pending_branches": [], "distributed_items": []}
    bag = synced(begun(segments=[{}, {}]), status=status, **asked)
    assert resumed(recorded(bag)["record_s3_path"])["next_action"] == status


def test_fields_beside_resume_from_are_merged() -> None:
    bag = synced(begun(segments=[{}]), current_state={"a": 1, "b": {"c": 1}})
    path = recorded(bag)["record_s3_path"]
    after = resumed(path, loop_limit=9, current_state={"b": {"d": 2}})
    assert after["loop_limit"] == 9
    assert after["current_state"] == {"a": 1, "b": {"c": 1, "d": 2}}


def test_execution_that_had_not_begun_is_not_resumed() -> None:
    path = recorded({"execution_id": FIRST})["record_s3_path"]
    with pytest.raises(InvalidRequestError) as refused:
        resumed(path)
    assert refused.value.field == "input.resume_from"


def test_branch_is_not_resumed_without_its_workflow() -> None:
    parent = synced(begun(), status="PARALLEL_GROUP", pending_branches=[{"branch_id": "a"}])
    bag = act("fork_branch", state_data=parent, branch={"branch_id": "a"})["state_data"]
    failure = recorded(bag, stage="branch")
    assert (failure["branch_id"], failure["segments_run"]) == ("a", 0)
    with pytest.raises(InvalidRequestError) as refused:
        resumed(failure["record_s3_path"])
    assert refused.value.field == "input.resume_from"


def test_snapshot_of_another_execution_is_refused(store: MemoryStore) -> None:
    path = act("hand_over", state_data=begun())["next"]["resume_from"]
    forged = path.replace(quote(FIRST, safe=""), quote(SECOND, safe=""))
    store.objects[Location.parse(forged)] = store.objects[Location.parse(path)]
    with pytest.raises(MalformedPointerError):
        resumed(forged)


@pytest.mark.parametrize("action", ["sync", "hand_over", "hydrate", "stage_items"])
def test_a_bag_of_another_execution_than_the_event_is_refused(action: str) -> None:
    beside: dict[str, Any] = {"execution_result": {}} if action == "sync" else {}
    with pytest.raises(InvalidRequestError) as refused:
        act(action, state_data=begun(), execution_id=SECOND, **beside)
    assert refused.value.field == "state_data.execution_id"


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


OTHER_MACHINE = SECOND.replace(":catalog:", ":payroll:")


@pytest.mark.parametrize(
    "execution_id",
    [
        OTHER_MACHINE,
        SECOND.replace("eu-west-1", "us-east-1"),
        SECOND.replace("123456789012", "210987654321"),
    ],
)
def test_state_of_another_machine_is_not_taken_up(execution_id: str) -> None:
    paths = [
        recorded(begun())["record_s3_path"],
        act("create_snapshot", state_data=begun(), snapshot_type="pre")["state_data"][
            "pre_snapshot_s3_path"
        ],
        act("hand_over", state_data=begun())["next"]["resume_from"],
    ]
    for path in paths:
        with pytest.raises(PointerNotAllowedError, match="another state machine") as refused:
            resumed(path, execution_id)
        assert refused.value.field == "input.resume_from"


def test_state_of_a_machine_that_a_setting_names_is_taken_up(
    store: MemoryStore, settings: Settings
) -> None:
    path = recorded(begun(a=1))["record_s3_path"]
    named = replace(settings, resumable_machines=(machine_of(FIRST) or "",))
    with runtime.use(settings=named, store=store):
        assert resumed(path, OTHER_MACHINE)["a"] == 1


def named(name: str) -> str:
    return FIRST.replace("first", name)


@pytest.mark.parametrize(
    ("owner", "other", "is_taken"),
    [
        ("acme.1", "acme.2", True),
        ("acme.1", "acme.1.resumed", True),
        ("acme.1", "acme2.1", False),
        ("acme.1", "evil.acme.1", False),
        ("acme.1", "acme", False),
        ("acme", "acme.1", False),
        ("acme", "acme-resumed", False),
        (".1", ".2", False),
        ("acme.1", "ACME.1", False),
    ],
)
def test_state_of_another_tenant_is_not_taken_up(
    store: MemoryStore,
    settings: Settings,
    owner: str,
    other: str,
    is_taken: bool,  # noqa: FBT001
) -> None:
    with runtime.use(settings=replace(settings, tenant_separator="."), store=store):
        bag = act("init", execution_id=named(owner), input={"a": 1})["state_data"]
        path = recorded(bag)["record_s3_path"]
        if is_taken:
            assert resumed(path, named(other))["a"] == 1
            return
        with pytest.raises(PointerNotAllowedError, match="another tenant") as refused:
            resumed(path, named(other))
        assert owner not in str(refused.value)


@pytest.mark.parametrize(("tenant", "fits"), [("a" * 62, True), ("a" * 63, False)])
def test_workflow_is_handed_over_within_its_tenant(
    store: MemoryStore, settings: Settings, tenant: str, *, fits: bool
) -> None:
    with runtime.use(settings=replace(settings, tenant_separator="."), store=store):
        first = named(f"{tenant}.{'x' * 16}")
        bag = act("init", execution_id=first, input={"a": 1})["state_data"]
        if not fits:
            with pytest.raises(InvalidRequestError, match="tenant"):
                act("hand_over", state_data=bag)
            return
        started = act("hand_over", state_data=bag)["next"]
        assert resumed(started["resume_from"], named(started["name"]))["a"] == 1


def test_record_that_somebody_laid_among_the_inputs_is_not_taken_up(store: MemoryStore) -> None:
    path = recorded(begun(secret=1))["record_s3_path"]
    location = Location.parse(path)
    forged = Location(location.bucket, f"inputs/{location.key}")
    store.put(forged, store.get(location).body)
    with pytest.raises(PointerNotAllowedError) as refused:
        resumed(str(forged))
    assert refused.value.field == "input.resume_from"
