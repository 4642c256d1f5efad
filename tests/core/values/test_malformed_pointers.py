"""What has the mark of a pointer in a bag is never data; coming in, it is nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated
from universal_sync_core import (
    decompress,
    fork_branch,
    hydrate_state,
    join_branches,
    open_bag,
    universal_sync_core,
)
from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.compression import compress

TABLE = {f"k{number}": "y" * 100 for number in range(500)}
WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a later version": lambda pointer: pointer | {"__v": 2},
    "an earlier version": lambda pointer: pointer | {"__v": 0},
    "a version of another type": lambda pointer: pointer | {"__v": 1.0},
    "another kind": lambda pointer: pointer | {"__kind": "set"},
    "a single value with a field of later": lambda pointer: (
        {name: item for name, item in pointer.items() if name != "__count"}
        | {"__kind": "value", "__codec": 1}
    ),
    "no size": lambda pointer: {name: pointer[name] for name in pointer if name != "__size_bytes"},
    "a size past all": lambda pointer: pointer | {"__size_bytes": 10**400},
    "a negative count": lambda pointer: pointer | {"__count": -1},
    "a path without a digest": lambda pointer: pointer | {"__s3_path": "s3://bucket/key"},
    "nothing else": lambda _: {"__s3_offloaded": True},
}


def synced(bag: dict[str, Any], result: Any, **context: Any) -> dict[str, Any]:
    return universal_sync_core(bag, result, CONTEXT | {"action": "sync"} | context)


TOUCHED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "hydrated": hydrate_state,
    "hydrated by a path": lambda bag: hydrate_state(bag, ["current_state.table.k1"]),
    "merged into": lambda bag: synced(bag, {"current_state": {"table": {"k1": "changed"}}}),
    "appended to": lambda bag: synced(
        bag, {"current_state": {"table": [1]}}, merge_strategy={"current_state.table": "append"}
    ),
    "touched in a worker": lambda bag: open_bag(bag)["current_state"]["table"],
    "read in a worker": lambda bag: open_bag(bag).read("current_state"),
}


@pytest.fixture
def bag() -> Iterator[dict[str, Any]]:
    with fresh(store := MemoryStore()):
        made = synced({"execution_id": EXECUTION}, {"current_state": {"table": TABLE}})
    with fresh(store):
        yield made


@pytest.mark.parametrize("touched", TOUCHED)
@pytest.mark.parametrize("wrong", WRONG)
def test_in_a_bag_it_is_malformed_and_never_data(
    bag: dict[str, Any], wrong: str, touched: str
) -> None:
    bag["current_state"]["table"] = WRONG[wrong](bag["current_state"]["table"])
    with pytest.raises(MalformedPointerError) as caught:
        TOUCHED[touched](bag)
    assert not caught.value.retryable


@pytest.mark.parametrize("wrong", WRONG)
def test_a_branch_with_one_is_not_joined(bag: dict[str, Any], wrong: str) -> None:
    branch = fork_branch(bag, "left")
    pointer = branch["current_state"]["table"]
    branch = branch | {"current_state": {"table": WRONG[wrong](pointer)}}
    with pytest.raises(MalformedPointerError):
        join_branches(bag, [branch])


@pytest.mark.parametrize("wrong", sorted(set(WRONG) - {"a size past all"}))
def test_what_is_not_touched_is_carried_on_for_who_can_read_it(
    bag: dict[str, Any], wrong: str
) -> None:
    bag["other"] = later = WRONG[wrong](bag["current_state"]["table"])
    after = synced(bag, {"current_state": {"done": True}})
    assert after["other"] == later


@pytest.mark.parametrize("wrong", sorted(set(WRONG) - {"a size past all"}))
def test_a_whole_state_is_carried_on_as_well(bag: dict[str, Any], wrong: str) -> None:
    later = WRONG[wrong](bag["current_state"]["table"])
    after = synced(bag | {"current_state": later}, {"found": 1})
    assert after["current_state"] == later


@pytest.mark.parametrize("wrong", sorted(set(WRONG) - {"a size past all"}))
def test_decompressed_it_is_malformed(bag: dict[str, Any], wrong: str) -> None:
    later = WRONG[wrong](bag["current_state"]["table"])
    with pytest.raises(MalformedPointerError):
        decompress(compress({"table": later}))


@pytest.mark.parametrize("wrong", WRONG)
def test_coming_in_it_is_data_and_comes_back_as_it_was(bag: dict[str, Any], wrong: str) -> None:
    alike = WRONG[wrong](bag["current_state"]["table"])
    after = synced(bag, {"current_state": {"mine": alike}, "state_history": [alike]})
    assert hydrated(after)["current_state"]["mine"] == alike
    assert hydrated(after)["state_history"] == [alike]
    assert hydrated(after)["current_state"]["table"] == TABLE


def test_the_error_says_that_a_later_release_may_have_made_it(bag: dict[str, Any]) -> None:
    path = bag["current_state"]["table"]["__s3_path"]
    bag["current_state"]["table"]["__v"] = 2
    with pytest.raises(MalformedPointerError, match="not of version 1; a later release") as caught:
        hydrate_state(bag)
    assert caught.value.path == path
