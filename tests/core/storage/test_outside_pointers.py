"""A pointer from outside: looked up once, and refused where it does not lead to what it says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.bags import CONTEXT, OTHER_EXECUTION, call, fresh
from tests.core.fakes import CountingStore, SlowStore
from tests.core.storage.knowing import ROWS, WIDE, clocked, deleted
from universal_sync_core import hydrate_state, store_to_s3, universal_sync_core
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import (
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
)
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.known import KNOWN_SECONDS
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import Pointer, recognise
from universal_sync_core.workflow.distributed import store_result

pytestmark = pytest.mark.usefixtures("packs_of_one_document")


def page_of(store: CountingStore, value: Any, **settings: Any) -> Pointer:
    """Return the pointer to a value that another process has stored."""
    with fresh(store, **settings), call() as opened:
        form = opened.pages.store(value).render()
    return sealed(form)


def sealed(form: Any) -> Pointer:
    """Return the pointer of a form after the call that made it."""
    pointer = recognise(form)
    assert pointer is not None
    return pointer


def looked_up(*pointers: Pointer, bag: Any = None) -> None:
    with unit_of_work(CONTEXT, bag) as opened:
        opened.pages.require_stored(pointers)


ONE_OF_EACH = {"value": "v" * 10, "list": ROWS, "map": WIDE}


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_pointer_from_outside_takes_one_request_and_then_none(kind: str) -> None:
    store = CountingStore()
    pointer = page_of(store, ONE_OF_EACH[kind])
    store.reset()
    with fresh(store):
        looked_up(pointer, pointer)
        assert store.requests == 1
        looked_up(pointer)
        assert store.requests == 1
    with fresh(store, cache_bytes=1) as space:
        looked_up(pointer)
        assert pointer.at in space.known


@pytest.mark.parametrize("kind", ONE_OF_EACH)
@pytest.mark.parametrize("is_cached", [True, False])
def test_a_pointer_from_outside_that_leads_nowhere_is_refused(
    kind: str, *, is_cached: bool
) -> None:
    store = CountingStore()
    with fresh(store) as space:
        clock = clocked(space)
        with call() as opened:
            form = opened.pages.store(ONE_OF_EACH[kind]).render()
        pointer = sealed(form)
        clock.sleep(KNOWN_SECONDS)
        if not is_cached:
            space.cache = ByteCache(1)
        deleted(store)
        with pytest.raises(MissingObjectError) as caught:
            looked_up(pointer)
    assert caught.value.path == pointer.path


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("list", {"count": 299}),
        ("list", {"kind": "map"}),
        ("map", {"count": 0}),
        ("map", {"kind": "list"}),
        ("value", {"kind": "list", "count": 1}),
    ],
)
@pytest.mark.parametrize("bag_has", [True, False])
def test_a_pointer_from_outside_that_says_another_kind_or_count_is_refused(
    kind: str, changes: dict[str, Any], *, bag_has: bool
) -> None:
    store = CountingStore()
    pointer = page_of(store, ONE_OF_EACH[kind])
    bag = {"current_state": {"it": pointer.render()}} if bag_has else {}
    with fresh(store), pytest.raises(MalformedPointerError):
        looked_up(replace(pointer, **changes), bag=bag)


def test_a_pointer_into_another_execution_is_refused_unasked() -> None:
    store = CountingStore()
    with fresh(store), unit_of_work({"execution_id": OTHER_EXECUTION}) as opened:
        pointer = opened.pages.store(ROWS)
    store.reset()
    with fresh(store), pytest.raises(PointerNotAllowedError):
        looked_up(pointer)
    assert store.requests == 0


def test_pointers_of_the_bag_at_hand_and_of_this_call_are_not_looked_up() -> None:
    store = CountingStore()
    pointers = [page_of(store, value) for value in ONE_OF_EACH.values()]
    bag = {"current_state": {"deep": [{"er": each.render()} for each in pointers]}}
    store.reset()
    with fresh(store):
        looked_up(*pointers, bag=bag)
        with call() as opened:
            added = [opened.pages.store(value) for value in ("w", ["w"], {"w": 1})]
            opened.pages.require_stored(added)
    assert store.heads == store.gets == []


def test_pointers_from_outside_are_looked_up_side_by_side() -> None:
    counting = CountingStore()
    pointers = [page_of(counting, ["x" * 20_000, number]) for number in range(8)]
    slow = SlowStore(counting, seconds=0.05)
    with fresh(slow):
        looked_up(*pointers)
    assert slow.most_at_once > 1


def test_a_root_that_is_there_does_not_make_its_pages_known() -> None:
    store = CountingStore()
    pointer = page_of(store, ROWS)
    pages = [at for at in store.inner.objects if str(at) != pointer.path]  # type: ignore[attr-defined]
    for at in pages:
        del store.inner.objects[at]  # type: ignore[attr-defined]
    with fresh(store):
        looked_up(pointer)
        store.reset()
        store_to_s3(ROWS, CONTEXT)
        assert sorted(map(str, store.puts)) == sorted(map(str, pages))


def nowhere(value: Any) -> dict[str, Any]:
    """Return a pointer to where a value will be stored, which is known beforehand."""
    with fresh(CountingStore()), call() as opened:
        return opened.pages.store(value).render()


REPORT = "known beforehand " * 3_000
RESULTS_WITH: dict[str, Callable[[dict[str, Any]], Any]] = {
    "alone": lambda pointer: {"seen": pointer},
    "deep": lambda pointer: {"current_state": {"a": [{"b": pointer}]}},
    "in a list": lambda pointer: [pointer],
    "packed": lambda pointer: {"seen": compress({"in": [pointer]})},
}


def brought_in(action: str, result: Any) -> Any:
    if action == "store_result":
        return store_result(result, CONTEXT)
    return universal_sync_core({}, result, CONTEXT | {"action": action})


@pytest.mark.parametrize("value", [REPORT, ROWS, WIDE], ids=["value", "list", "map"])
@pytest.mark.parametrize("where", RESULTS_WITH)
@pytest.mark.parametrize(
    "action", ["init", "sync", "sync_branch", "merge_callback", "merge_async", "store_result"]
)
def test_a_pointer_that_leads_nowhere_does_not_come_in(action: str, where: str, value: Any) -> None:
    brought = RESULTS_WITH[where](nowhere(value))
    with fresh(CountingStore()), pytest.raises(MissingObjectError):
        brought_in(action, brought)


@pytest.mark.parametrize("value", [REPORT, ROWS, WIDE], ids=["value", "list", "map"])
def test_a_pointer_that_an_item_of_a_map_brings_keeps_no_later_value_from_being_stored(
    value: Any,
) -> None:
    store = CountingStore()
    with fresh(store):
        brought = [nowhere(value), {"error": "E", "status": "FAILED", "input": nowhere(value)}]
        bag = universal_sync_core({}, brought, CONTEXT | {"action": "aggregate_distributed"})
    with fresh(store):
        bag = universal_sync_core(bag, {"report": value}, CONTEXT | {"action": "sync"})
    with fresh(store):
        assert hydrate_state(bag, ["report"], CONTEXT)["report"] == value
