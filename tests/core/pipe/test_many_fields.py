"""In a bag of very many fields, what code looks for by its name is found all the same."""

import json
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import (
    complete_branch,
    first_bag,
    fork_branch,
    hand_over,
    hydrate_state,
    join_branches,
    record_failure,
    recorded_result,
    stage_items,
)
from universal_sync_core.errors import MissingObjectError
from universal_sync_core.storage.store import Location

pytestmark = pytest.mark.usefixtures("store")

JOIN = CONTEXT | {"action": "aggregate_branches"}
FAILURE = {"Error": "E", "Cause": "C"}


def many(name: str) -> dict[str, Any]:
    return {f"{name}_{number}": "x" * 200 for number in range(900)}


def overflowed(**fields: Any) -> dict[str, Any]:
    bag = synced({"execution_id": EXECUTION}, fields | many("f"))
    assert bag.keys().isdisjoint(fields.keys() - {"branch_conflict_strategy"})
    return bag


def test_the_chain_stays_in_the_bag_and_names_every_execution() -> None:
    bag = synced({"execution_id": EXECUTION}, {})
    for number in range(3):
        given = {"resume_from": hand_over(bag)["resume_from"]}
        bag = first_bag(given, {"execution_id": f"e{number}", "action": "init"})
        bag = synced(bag, many(f"f{number}"))
    assert "f2_0" not in bag
    assert bag["execution_chain"] == [EXECUTION, "e0", "e1", "e2"]
    assert hydrated(bag)["execution_chain"] == bag["execution_chain"]


def test_conflicts_of_an_earlier_group_do_not_stay() -> None:
    bag = overflowed(branch_conflicts=[{"path": "of before"}])
    ends = [complete_branch(fork_branch(bag, side, CONTEXT), CONTEXT) for side in "ab"]
    assert hydrated(join_branches(bag, ends, JOIN))["branch_conflicts"] == []


@pytest.mark.parametrize("count", [3, 40])
def test_a_record_has_the_failed_segments(store: CountingStore, count: int) -> None:
    failed = [{"index": number, "error": "E"} for number in range(count)]
    bag = overflowed(failed_segments=failed) if count < 5 else overflowed() | {}
    if count > 5:
        bag = synced(bag, {"failed_segments": failed})
        bag = synced(bag, many("more"))
    path = record_failure(bag, FAILURE, CONTEXT)["record_s3_path"]
    record = json.loads(store.get(Location.parse(path)).body)
    assert record["failed_segments"] == failed[:5]


def test_a_failure_is_recorded_although_its_fields_are_gone() -> None:
    bag = overflowed(failed_segments=[{"index": 1}])
    with fresh(CountingStore()):
        with pytest.raises(MissingObjectError):
            hydrated(bag)
        assert record_failure(bag, FAILURE, CONTEXT)["record_s3_path"]


def test_items_and_segments_are_found() -> None:
    bag = overflowed(distributed_items=[1, 2], segments=[{"n": 1}])
    assert stage_items(bag)["count"] == 2
    assert recorded_result(bag) == {"n": 1}


def test_how_branches_are_joined_stays_in_the_bag() -> None:
    bag = overflowed(branch_conflict_strategy="collect")
    sides = [fork_branch(bag, side, CONTEXT) for side in "ab"]
    bags = [
        synced(bag, {"x": n}, CONTEXT | {"action": "sync_branch"}) for n, bag in enumerate(sides)
    ]
    joined = hydrated(join_branches(bag, [complete_branch(each, CONTEXT) for each in bags], JOIN))
    assert [each["value"] for each in joined["x"]] == [0, 1]


def test_a_path_leads_to_a_field_that_is_named_like_a_key_of_a_pointer() -> None:
    bag = overflowed(__s3_offloaded={"mine": 1})
    some = hydrate_state(bag, ["__s3_offloaded.mine"])
    assert some["__escaped:__s3_offloaded"] == {"mine": 1}
