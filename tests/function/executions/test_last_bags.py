"""The last bag of an execution that ended: which of those in its history counts."""

import json
from typing import Any

import pytest

from tests.function.executions.ended import ARN, BAG, entered, record, record_end
from tests.function.fakes import FakeStepFunctions
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location


def test_record_has_the_bag_that_a_state_was_given_last(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    service.ended = {"status": "FAILED", "error": "States.DataLimitExceeded", "cause": "too large"}
    failure = record_end()
    found = record(store, failure)
    assert (found["error"], found["cause"]) == ("States.DataLimitExceeded", "too large")
    assert (found["stage"], found["failed_at"]) == ("RunSegment", "2025-11-23T03:42:13+00:00")
    snapshot = json.loads(store.get(Location.parse(found["snapshot_s3_path"])).body)
    assert snapshot["state_data"] == BAG


def test_bag_of_a_branch_is_not_that_of_the_workflow(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    branch = {**BAG, "state_revision": 9, "forked_from": {}}
    service.history += [entered("SyncBranch", {"state_data": branch})] * 120
    assert record(store, record_end())["state_revision"] == 7
    pages = [name for name, _ in service.taken if name == "GetExecutionHistory"]
    assert len(pages) == 3


def test_bag_of_a_branchs_own_execution_is_that_of_the_branch(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    own, inner = ({"depth": depth, "at_once": 1} for depth in (2, 3))
    service.history[2:] = [
        entered("RouteNextAction", {"state_data": {**BAG, "forked_from": own}}),
        entered("SyncBranch", {"state_data": {**BAG, "state_revision": 9, "forked_from": inner}}),
    ]
    found = record(store, record_end())
    assert (found["stage"], found["state_revision"]) == ("RouteNextAction", 7)


def test_execution_that_had_no_bag_is_recorded_without(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    del service.history[2:]
    found = record(store, record_end())
    assert (found["stage"], found["snapshot_s3_path"]) == ("InitializeState", None)
    assert found["execution_id"] == ARN


@pytest.mark.parametrize("indent", [None, 2], ids=["as it is told", "with other spaces"])
def test_bag_in_the_input_of_an_execution_that_never_began_is_nobodys(
    service: FakeStepFunctions, store: MemoryStore, indent: int | None
) -> None:
    """Whoever may start executions writes the input."""
    given = {"state_data": {**BAG, "execution_id": ARN.replace("stopped", "another")}}
    service.ended = {"status": "ABORTED", "input": json.dumps(given, indent=indent)}
    service.history[1:] = [entered("InitializeState", given)]
    found = record(store, record_end())
    assert (found["execution_id"], found["snapshot_s3_path"]) == (ARN, None)
    assert not any("another" in location.key for location in store.objects)


@pytest.mark.parametrize("named", [None, 5, ""])
def test_bag_that_names_no_execution_is_that_of_the_one_that_had_it(
    service: FakeStepFunctions, store: MemoryStore, named: Any
) -> None:
    service.history[2:] = [entered("Mine", {"state_data": {**BAG, "execution_id": named}})]
    found = record(store, record_end())
    assert (found["execution_id"], found["stage"], found["state_revision"]) == (ARN, "Mine", 7)
