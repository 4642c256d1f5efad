"""What is read ahead of knowing what it is made of: never more than the call may read."""

import random
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import hydrate_state
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part, StoredObject

MIB = 1024**2
NUMBERS = random.Random(7)  # noqa: S311 - of a test


class Measuring(CountingStore):
    """Adds up the bytes that it gives."""

    def reset(self) -> None:
        super().reset()
        self.given = 0

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        stored = super().get(location, part)
        self.given += len(stored.body)
        return stored


@pytest.fixture
def bag() -> Any:
    return {"execution_id": EXECUTION, "current_state": {}, "state_history": []}


def large_list() -> list[float]:
    return [NUMBERS.random() for _ in range(50_000)]


@pytest.mark.parametrize("kind", ["list", "map"])
@pytest.mark.parametrize("lie", [{"__range": [0, 10**12]}, {"__range": [10**12, 10**12]}])
def test_a_range_larger_than_any_call_may_read_is_not_begun(
    bag: Any, kind: str, lie: dict[str, Any]
) -> None:
    store = CountingStore()
    with fresh(store):
        after = synced(bag, {"current_state": {"rows": large_list()}})
        pointer = after["current_state"]["rows"]
        after["current_state"]["rows"] = pointer | lie | {"__kind": kind, "__size_bytes": 10**12}
        store.reset()
        with pytest.raises(StateTooLargeError):
            hydrate_state(after, context=CONTEXT)
    assert store.requests == 0


def test_many_values_that_are_too_much_together_are_not_read_at_once(bag: Any) -> None:
    """Each of them fits; all of them would fill the memory before the budget is spent."""
    store = Measuring()
    with fresh(store):
        for number in range(8):
            bag = synced(bag, {"current_state": {f"rows {number}": large_list()}})
    store.reset()
    with fresh(store, budget_bytes=2 * MIB), pytest.raises(StateTooLargeError):
        hydrate_state(bag, context=CONTEXT)
    assert store.given < 2 * MIB


def test_a_value_within_the_budget_is_read_by_few_requests(bag: Any) -> None:
    store = Measuring()
    rows = large_list()
    with fresh(store):
        bag = synced(bag, {"current_state": {"rows": rows}})
    store.reset()
    with fresh(store):
        assert hydrate_state(bag, context=CONTEXT)["current_state"]["rows"] == rows
    assert store.requests <= 2


def test_a_value_in_several_packs_is_read_by_one_request_for_each(bag: Any) -> None:
    inner = MemoryStore()
    store = Measuring(inner)
    texts = [NUMBERS.randbytes(5_000).hex() for _ in range(2_000)]
    with fresh(store):
        bag = synced(bag, {"current_state": {"texts": texts}})
    packs = [len(stored.body) for stored in inner.objects.values()]
    assert len(packs) > 2
    store.reset()
    with fresh(store):
        assert hydrate_state(bag, context=CONTEXT)["current_state"]["texts"] == texts
    assert (store.requests, store.given) == (len(packs), sum(packs))
