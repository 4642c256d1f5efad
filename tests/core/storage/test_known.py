"""What counts as stored: only what this process has seen stored, all of it, and lately.

Hazard held here: S3 refuses a part of the writes of a call; the call fails, comes again in the
same process, and reports success for objects that were never stored.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from tests.core.bags import CONTEXT, call, fresh, hydrated
from tests.core.fakes import BrownoutStore, CountingStore, FakeClock
from tests.core.places import documents_of, lines_of
from tests.core.storage.knowing import ROWS, WIDE, clocked, deleted
from universal_sync_core import (
    hydrate_state,
    load_from_s3,
    optimize_and_offload,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import StoreThrottledError
from universal_sync_core.storage.known import KNOWN_SECONDS, MOST_KNOWN, KnownObjects
from universal_sync_core.worker.results import offload_result
from universal_sync_core.workflow.distributed import store_result

pytestmark = pytest.mark.usefixtures("packs_of_one_document")
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
