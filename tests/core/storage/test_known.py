"""What counts as stored: only what this process has seen stored, all of it, and lately.

Hazard held here: S3 refuses a part of the writes of a call; the call fails, comes again in the
same process, and reports success for objects that were never stored.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import pytest

from tests.core.bags import CONTEXT, OTHER_EXECUTION, call, fresh, hydrated
from tests.core.fakes import BrownoutStore, CountingStore, FakeClock, SlowStore
from tests.core.places import documents_of, lines_of
from universal_sync_core import (
    hydrate_state,
    load_from_s3,
    optimize_and_offload,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import (
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
    StoreThrottledError,
)
from universal_sync_core.packs import outbox
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.known import KNOWN_SECONDS, MOST_KNOWN, KnownObjects
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import Pointer, recognise
from universal_sync_core.worker.results import offload_result
from universal_sync_core.workflow.distributed import store_result

ROWS = [f"row {number} " + "x" * 900 for number in range(300)]
WIDE = {f"key {number}": text for number, text in enumerate(ROWS)}
NESTED = {"a": {"b": [{"text": "row 7 " + "y" * 40_000}, "z" * 40_000]}, "rows": ROWS}


def made(items: list[Any]) -> Iterator[Any]:
    yield from items


ACTIONS: dict[str, Callable[[], Any]] = {
    "sync of a list": lambda: universal_sync_core({}, {"current_state": {"rows": ROWS}}, CONTEXT),
    "sync of a map": lambda: universal_sync_core({}, {"current_state": WIDE}, CONTEXT),
    "sync of nested": lambda: universal_sync_core({}, {"current_state": NESTED}, CONTEXT),
    "sync of an iterator": lambda: universal_sync_core(
        {}, {"current_state": {"rows": made(ROWS * 40)}}, CONTEXT
    ),
    "optimize_and_offload": lambda: optimize_and_offload({"rows": ROWS}, CONTEXT),
    "store_result": lambda: {"result": store_result(NESTED, CONTEXT)},
    "offload_result": lambda: {"result": offload_result(NESTED, CONTEXT)},
    "store_to_s3": lambda: {"result": store_to_s3(ROWS, CONTEXT)},
}


def is_page_with_row_7(body: bytes) -> bool:
    return b"row 7 " in lines_of(body)


def is_any_but_roots(body: bytes) -> bool:
    return b'"children"' not in lines_of(body)


@pytest.fixture(autouse=True)
def packs_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call send many packs, as only one of many megabytes does."""
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)


@pytest.mark.parametrize("act", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize("refuses", [is_page_with_row_7, is_any_but_roots])
@pytest.mark.parametrize("cache_bytes", [1, 64 * 2**20])
def test_after_a_partial_outage_the_next_try_stores_all_that_is_missing(
    act: Callable[[], Any], refuses: Callable[[bytes], bool], cache_bytes: int
) -> None:
    store = BrownoutStore(CountingStore(), refuses)
    with fresh(store, cache_bytes=cache_bytes):
        with pytest.raises(StoreThrottledError):
            act()
        assert store.refused
        store.ill = False
        bag = act()
    with fresh(store):
        found = hydrated(bag)
    with fresh(CountingStore()):
        assert found == hydrated(act())


def test_what_one_thread_has_sent_of_a_failing_call_another_does_not_rely_on() -> None:
    store = BrownoutStore(CountingStore(), is_page_with_row_7)

    def attempt(number: int) -> Any:
        result = {"current_state": {"rows": ROWS, "n": number}}
        for _ in range(20):
            try:
                return universal_sync_core({}, result, CONTEXT)
            except StoreThrottledError:
                store.ill = store.refused < 40
        raise AssertionError("S3 was well again")

    with fresh(store):
        with ThreadPoolExecutor(8) as pool:
            tries = [pool.submit(copy_context().run, attempt, number) for number in range(8)]
        bags = [each.result() for each in tries]
    for number, bag in enumerate(bags):
        with fresh(store):
            assert hydrated(bag)["current_state"] == {"rows": ROWS, "n": number}


def test_a_call_that_fails_after_a_part_was_sent_leaves_only_documents_of_that_part_known() -> None:
    store = BrownoutStore(CountingStore(), is_page_with_row_7)

    def stored_in_two_parts() -> None:
        with call() as opened:
            opened.pages.store(["z" * 40_000])
            opened.objects.flush_over(1)
            opened.pages.store(ROWS)

    with fresh(store) as space:
        with pytest.raises(StoreThrottledError):
            stored_in_two_parts()
        stored = store.inner.inner  # type: ignore[attr-defined]
        assert all(str(path) in space.known for path in stored.objects)
        assert len({at.path for at in documents_of(stored) if at in space.known}) == 2
        store.ill = False
        with call() as opened:
            pointer = opened.pages.store(ROWS)
    with fresh(store):
        assert hydrate_state({"rows": pointer.render()}, context=CONTEXT)["rows"] == ROWS


def clocked(space: Runtime) -> FakeClock:
    """Let the known objects of a workspace age by a clock of its own."""
    clock = FakeClock()
    space.known = KnownObjects(lambda: clock.now, lambda: clock.now)
    return clock


def deleted(store: CountingStore) -> None:
    """Delete everything, as `statebag gc` does what nothing refers to."""
    store.inner.objects.clear()  # type: ignore[attr-defined]


def test_what_was_stored_some_minutes_ago_is_sent_again() -> None:
    store = CountingStore()
    with fresh(store) as space:
        clock = clocked(space)
        store_to_s3(ROWS, CONTEXT)
        sent = len(store.puts)
        clock.sleep(KNOWN_SECONDS - 1)
        store_to_s3(ROWS, CONTEXT)
        assert len(store.puts) == sent
        clock.sleep(1)
        deleted(store)
        pointer = store_to_s3(ROWS, CONTEXT)
        assert len(store.puts) == 2 * sent
    with fresh(store):
        assert load_from_s3(pointer["__s3_path"]) == ROWS


def test_what_the_cache_still_serves_does_not_count_as_stored() -> None:
    store = CountingStore()
    with fresh(store) as space:
        clock = clocked(space)
        bag = {"rows": store_to_s3(ROWS, CONTEXT)}
        clock.sleep(KNOWN_SECONDS)
        store.reset()
        hydrate_state(bag, context=CONTEXT)
        assert store.gets == []
        store_to_s3(ROWS, CONTEXT)
        assert store.puts != []


def test_what_was_read_counts_as_stored_object_by_object() -> None:
    store = CountingStore()
    with fresh(store):
        bag = {"rows": store_to_s3(ROWS, CONTEXT)}
    sent = len(store.puts)
    with fresh(store):
        hydrate_state(bag, ["rows[0]"], CONTEXT)
        store.reset()
        store_to_s3(ROWS, CONTEXT)
    assert len(store.puts) == sent - 2  # the index and the one page


@pytest.mark.parametrize("depth", [1, 3])
def test_what_the_bag_points_to_is_not_sent_again_at_any_depth(depth: int) -> None:
    store = CountingStore()
    with fresh(store):
        value: Any = store_to_s3(ROWS, CONTEXT)
    for _ in range(depth):
        value = {"inner": [value]}
    store.reset()
    with fresh(store):
        universal_sync_core({"current_state": value}, {"found": ROWS}, CONTEXT)
    assert store.requests == 0


@pytest.mark.parametrize("stands_still", ["monotonic", "wall"])
def test_an_object_is_known_only_while_both_clocks_say_so(stands_still: str) -> None:
    clock = FakeClock()
    clocks = {"monotonic": lambda: clock.now, "wall": lambda: clock.now}
    known = KnownObjects(**(clocks | {stands_still: lambda: 0.0}))
    known.note(["path"])
    assert "path" in known
    clock.sleep(KNOWN_SECONDS)
    assert "path" not in known


def test_a_wall_clock_set_back_does_not_keep_an_object_known() -> None:
    clock = FakeClock(now=10_000.0)
    known = KnownObjects(lambda: 0.0, lambda: clock.now)
    known.note(["path"])
    clock.now = 0.0
    assert "path" not in known


def test_of_very_many_known_objects_the_oldest_are_forgotten() -> None:
    known = KnownObjects()
    known.note(map(str, range(MOST_KNOWN)))
    known.note(["0", "one more"])
    assert "0" in known
    assert "one more" in known
    assert "1" not in known


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
    slow = SlowStore(counting, seconds=0.02)
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
