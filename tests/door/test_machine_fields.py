"""What the state machine counts is its own: no result sets it back."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, OTHER_EXECUTION
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import (
    Status,
    first_bag,
    join_branches,
    record_failure,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")


MACHINES: Bag = {
    "loop_counter": 0,
    "execution_segments": 0,
    "segments_per_execution": 800,
    "state_revision": 0,
    "payload_size_kb": 0.1,
    "next_action": "COMPLETE",
    "last_update_time": "1970-01-01T00:00:00+00:00",
    "segment_to_run": 0,
}


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"no action"}))
def test_a_result_cannot_set_back_what_the_machine_counts(way: str) -> None:
    send, _ = WAYS[way]
    bag = synced_by("sync")(first(), {})
    for field, value in MACHINES.items():
        assert_same_machine(send(bag, {field: value}), send(bag, {}))


def assert_same_machine(bag: Bag, other: Bag) -> None:
    fields = [name for name in MACHINES if name not in ("payload_size_kb", "last_update_time")]
    assert {name: bag[name] for name in fields} == {name: other[name] for name in fields}
    assert bag["last_update_time"] > "2026"
    assert bag["payload_size_kb"] > 0.1


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"no action", "a branch"}))
def test_a_result_cannot_raise_the_loop_limit(way: str) -> None:
    send, place = WAYS[way]
    bag = first()
    assert send(bag, {"loop_limit": 5})["loop_limit"] == 5
    assert send(bag, {"loop_limit": 2})["loop_limit"] == (5 if way == "branches" else 2)
    with pytest.raises(InvalidRequestError) as caught:
        send(bag, {"loop_limit": 6})
    assert caught.value.field == f"{place}.loop_limit"


def test_a_bag_without_counters_takes_them() -> None:
    bag = universal_sync_core({}, {"loop_counter": 3, "loop_limit": 9}, {"action": "sync"})
    assert (bag["loop_counter"], bag["loop_limit"]) == (3, 9)


def test_a_worker_that_counts_segments_itself_may() -> None:
    bag = first_bag({}, CONTEXT)
    assert synced_by("sync")(bag, {"segment_to_run": 4})["segment_to_run"] == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("status", status.value) for status in Status),
        ("status", "pending"),
        ("next_action", "COMPLETE"),
        ("state_revision", 7),
        ("execution_segments", 7),
        ("last_update_time", "2026-11-25T00:00:00+00:00"),
        ("payload_size_kb", 1.5),
        ("forked_from", {"state_revision": 1}),
        ("awaited_job", {"id": "jr_1", "timeout_seconds": 60}),
        ("wait_state", {"until": "2030-01-31T09:00:00Z", "then": "CONTINUE"}),
    ],
)
def test_control_fields_of_the_machine_are_no_input(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"leave it out.*current_state") as caught:
        first_bag({"order": 7, field: value}, CONTEXT)
    assert caught.value.field == f"input.{field}"
    state = {"current_state": {field: value}}
    assert first_bag(state, CONTEXT)["current_state"] == {field: value}


@pytest.mark.parametrize("action", [None, "sync", "merge_callback"])
def test_an_input_is_one_whatever_the_context_says(action: str | None) -> None:
    context = CONTEXT | ({"action": action} if action else {})
    assert first_bag({"loop_limit": 5_000, "segment_to_run": 2}, context)["loop_limit"] == 5_000
    with pytest.raises(InvalidRequestError) as caught:
        first_bag({"status": "COMPLETE"}, context)
    assert caught.value.field == "input.status"


@pytest.mark.parametrize("action", [None, "sync"])
def test_going_on_counts_the_segments_of_an_execution_anew(action: str | None) -> None:
    bag = synced_by("sync")(first(), {})
    path = record_failure(bag, {"Error": "E", "Cause": "c"})["record_s3_path"]
    context = CONTEXT | ({"action": action} if action else {})
    resumed = first_bag({"resume_from": path, "loop_limit": 9}, context)
    assert (bag["execution_segments"], resumed["execution_segments"]) == (1, 0)
    assert (resumed["loop_counter"], resumed["loop_limit"]) == (1, 9)


def test_a_result_makes_no_branch_of_a_bag() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        synced_by("sync")(first(), {"forked_from": {"state_revision": 1, "digest": "d"}})
    assert caught.value.field == "execution_result.forked_from"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [None, OTHER_EXECUTION, "", 5, {}, []])
def test_the_execution_id_is_no_data(way: str, value: Any) -> None:
    send, _ = WAYS[way]
    with pytest.raises(InvalidRequestError) as caught:
        send(first(), {"execution_id": value})
    assert caught.value.field == "execution_id"


@pytest.mark.parametrize("way", WAYS)
def test_a_result_may_repeat_it(way: str) -> None:
    send, _ = WAYS[way]
    assert send(first(), {"execution_id": EXECUTION})["execution_id"] == EXECUTION


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"no action", "branches"}))
def test_only_a_fork_says_which_branch_a_bag_belongs_to(way: str) -> None:
    send, place = WAYS[way]
    with pytest.raises(InvalidRequestError, match="branch_id is a control field") as caught:
        send(first(), {"branch_id": "north"})
    assert caught.value.field == f"{place}.branch_id"


def test_an_id_that_a_branch_answers_names_it_in_the_reports_alone() -> None:
    bag = join_branches(first(), [{"branch_id": "north", "current_state": {"n": 1}}])
    assert bag["branch_results"] == [{"index": 0, "branch_id": "north"}]
    assert "branch_id" not in bag


def test_an_input_cannot_say_which_branch_a_bag_belongs_to() -> None:
    with pytest.raises(InvalidRequestError, match="branch_id is a control field"):
        first(branch_id="north")
