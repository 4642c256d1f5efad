"""What a branch begins with, and what it ends as."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.workflow.branches import PARENT, SYNC, THRESHOLDS, parent
from universal_sync_core import calculate_payload_size, complete_branch, fork_branch, hydrate_state
from universal_sync_core.errors import InvalidRequestError


@pytest.mark.usefixtures("place")
def test_a_bag_of_very_many_fields_begins_its_branches_anew_as_well() -> None:
    told = {"segment_id": "third", "next_segment_to_run": 4, "status": "PARALLEL_GROUP"}
    many = {f"field-{number}": "x" * 200 for number in range(1_200)}
    state = parent(**told, **many)
    assert state.keys().isdisjoint({"next_segment_to_run", "field-7"})
    branch = hydrated(fork_branch(state, {"branch_id": "a"}, CONTEXT))
    assert branch.keys().isdisjoint({*told, "pending_branches", "total_segments"})
    assert branch["field-1199"] == many["field-1199"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("field", ["total_segments", "loop_limit"])
@pytest.mark.parametrize("value", ["3", None, True, -1, 2.5, 10**30, [3], {"n": 3}])
def test_what_a_branch_says_of_its_segments_is_a_count(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        fork_branch(parent(), {"branch_id": "b", field: value}, CONTEXT)
    assert caught.value.field == f"state_data.branch.{field}"


@pytest.mark.parametrize("filled", ["", "x" * 50_000])
@pytest.mark.usefixtures("place")
def test_what_else_a_branch_is_made_for_is_data_whatever_its_fields_are_called(filled: str) -> None:
    order = {"status": "NEW", "last_update_time": 1_700_000_000, "segment_to_run": "packing"}
    order |= {"state_revision": "b", "preview_paths": 1, "removed_paths": {}, "text": filled}
    bag = fork_branch(parent(), order, CONTEXT)
    assert hydrated(bag)["branch"] == order
    assert bag["next_action"] == "CONTINUE"


@pytest.mark.usefixtures("place")
def test_a_branch_begins_with_the_parents_state_and_a_progress_of_its_own() -> None:
    state = parent(status="PARALLEL_GROUP", loop_counter=5)
    bag = fork_branch(state, {"branch_id": "a", "segments": [1, 2], "loop_limit": 7}, CONTEXT)
    assert hydrated(bag)["current_state"] == PARENT["current_state"]
    assert bag["next_action"] == "CONTINUE"
    assert (bag["segment_to_run"], bag["loop_counter"]) == (0, 0)
    assert (bag["total_segments"], bag["loop_limit"]) == (2, 7)
    assert bag["branch_id"] == "a"
    assert "pending_branches" not in bag
    assert "status" not in bag


@pytest.mark.parametrize("branch", ["name", 5, None, ["a"], {"no": "id"}, {"branch_id": ""}])
@pytest.mark.usefixtures("store")
def test_a_branch_of_any_form_has_an_id_that_is_always_the_same(branch: Any) -> None:
    state = parent()
    first = fork_branch(state, branch, CONTEXT)
    again = fork_branch(state, branch, CONTEXT)
    assert first["branch_id"] == again["branch_id"]
    assert isinstance(first["branch_id"], str)
    assert hydrated(first)["branch"] == branch


@pytest.mark.usefixtures("place")
def test_a_branch_ends_as_a_pointer_of_a_few_hundred_bytes() -> None:
    state = parent()
    bag = fork_branch(state, {"branch_id": "a"}, CONTEXT)
    bag = synced(bag, {"found": ["x" * 1_000] * 1_000, "status": "COMPLETE"}, SYNC)
    pointer = complete_branch(bag, CONTEXT)
    assert calculate_payload_size(pointer) < 500
    assert (pointer["branch_id"], pointer["status"]) == ("a", "COMPLETE")
    assert pointer["segments_run"] == 1
    assert "found" not in pointer


def test_copies_never_disturb_each_other(store: CountingStore) -> None:
    with fresh(store, **THRESHOLDS[1]):
        state = parent()
        before = hydrate_state(state, context=CONTEXT)
        a = fork_branch(state, "a", CONTEXT)
        b = fork_branch(state, "b", CONTEXT)
        a = synced(a, {"current_state": {"left": {"n": "a"}}, "chunk_results": ["a"]}, SYNC)
        b = synced(b, {"current_state": {"left": {"n": "b"}}}, SYNC)
        assert hydrated(a)["current_state"]["left"]["n"] == "a"
        assert hydrated(b)["current_state"]["left"]["n"] == "b"
        assert hydrated(b)["chunk_results"] == ["from the parent"]
        assert hydrate_state(state, context=CONTEXT) == before
