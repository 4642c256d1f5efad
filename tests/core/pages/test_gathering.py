"""What was changed again and again lies in few packs, at a price that the changes pay."""

import random
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import call, fresh
from tests.core.fakes import CountingStore
from universal_sync_core.errors import MissingObjectError
from universal_sync_core.pages.gathering import SPREAD, scattered
from universal_sync_core.pages.pages import Pages
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import Pointer, parse

HOME = "s3://state-bucket/v1/one/packs/"
CHANGES = 150
OF_MAP, OF_LIST = SPREAD["map"], SPREAD["list"]
TINY = {"page_bytes": 3_000, "index_bytes": 6_000}
Change = Callable[[Pages, Pointer, int, Any], Pointer]


def pack(number: int) -> str:
    return f"{HOME}{number:064x}"


def places(*groups: tuple[int, int]) -> list[Address]:
    """Return places in packs: of each group the number of its pack, and how many it has."""
    return [
        Address(pack(number), at * 10, 10, "0" * 64)
        for number, count in groups
        for at in range(count)
    ]


@pytest.mark.parametrize(
    ("groups", "own", "moved"),
    [
        ([], None, []),
        ([(1, 40)], None, []),
        ([(number, 9) for number in range(1, OF_MAP.packs)], None, []),
        (
            [(1, 40), *((number, 1) for number in range(2, OF_MAP.packs + 1))],
            None,
            [40, 41, 42, 43],
        ),
        # The pack that is being written is there in any case.
        ([(1, 40), *((number, 1) for number in range(2, OF_MAP.packs + 1))], 3, []),
        # A group that is larger than twice all before it stays.
        ([(1, 45), (2, 15), (3, 5), (4, 1), (5, 1)], None, [65, 66]),
        ([(1, 37), (2, 12), (3, 4), (4, 1), (5, 1)], None, list(range(37, 55))),
        # Of a node with few pages the packs may be fewer.
        ([(1, 5), (2, 1), (3, 1)], None, [5, 6]),
        ([(1, 5), (2, 1)], None, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_the_smallest_groups_are_written_together(
    groups: list[tuple[int, int]], own: int | None, moved: list[int]
) -> None:
    found = places(*groups)
    assert scattered(found, None if own is None else pack(own), OF_MAP) == moved


@pytest.mark.parametrize(("second", "moved"), [(18, 36), (19, 18)])
def test_in_a_list_a_group_that_is_larger_than_all_before_it_stays(second: int, moved: int) -> None:
    small = [(number, 1) for number in range(4, OF_LIST.packs + 1)]
    found = places((1, 40), (2, second), (3, 9), *small)
    assert len(scattered(found, None, OF_LIST)) == moved


@pytest.mark.parametrize(("packs", "moved"), [(OF_LIST.packs - 1, 0), (OF_LIST.packs, 11)])
def test_a_list_may_lie_in_more_packs_since_it_changes_at_its_end(packs: int, moved: int) -> None:
    found = places((1, 40), *((number, 1) for number in range(2, packs + 1)))
    assert len(scattered(found, None, OF_LIST)) == moved


def in_a_call(store: MemoryStore | CountingStore, work: Callable[[Pages], Pointer]) -> Pointer:
    """Return what a call gives, of which the path of its pack is known only when it has ended."""
    with fresh(store, **TINY), call() as opened:
        form = work(opened.pages).render()
    pointer = parse(form)
    assert pointer is not None
    return pointer


def read(store: MemoryStore | CountingStore, pointer: Pointer) -> Json:
    with fresh(store, **TINY), call() as opened:
        return opened.pages.resolve(pointer.render())


def set_a_key(pages: Pages, pointer: Pointer, at: int, value: Any) -> Pointer:
    return pages.put_keys(pointer, {f"key-{at:03}": value})


def set_an_item(pages: Pages, pointer: Pointer, at: int, value: Any) -> Pointer:
    return pages.put_items(pointer, {at: value})


def append(pages: Pages, pointer: Pointer, _: int, value: Any) -> Pointer:
    return pages.extend(pointer, [value])


def with_pointers(size: int) -> JsonObject:
    """Return what is stored as a document that names another of its own pack."""
    return {"small": "x", "large": ["y" * 300, "z" * size]}


KINDS = pytest.mark.parametrize(
    ("change", "count", "value"),
    [
        (set_a_key, 120, lambda step: f"{step} " * 80),
        (set_an_item, 120, lambda step: f"{step} " * 80),
        (append, 0, lambda step: f"{step} " * 80),
        # Each element is a document of its own: a text, a page, a page that names a text.
        (set_a_key, 120, lambda step: f"{step} " * 300),
        (set_an_item, 120, lambda step: [f"{step} " * 80] * 4),
        (set_a_key, 120, lambda step: {**with_pointers(900), "step": step}),
        (append, 0, lambda step: f"{step} " * 300),
    ],
    ids=["keys", "items", "appended", "texts", "pages", "pages with pointers", "appended texts"],
)


def changed(
    store: MemoryStore | CountingStore, change: Change, pointer: Pointer, at: int, value: Any
) -> Pointer:
    return in_a_call(store, lambda pages: change(pages, pointer, at, value))


def begun(
    store: MemoryStore | CountingStore, change: Change, count: int, value: Callable[[int], Any]
) -> Pointer:
    items = [value(1_000 + at) for at in range(count)]
    is_map = change is set_a_key
    whole = {f"key-{at:03}": item for at, item in enumerate(items)} if is_map else items
    return in_a_call(store, lambda pages: pages.store(whole))


@KINDS
def test_what_changed_many_times_is_read_by_few_requests_and_lost_nothing(
    change: Change, count: int, value: Callable[[int], Any]
) -> None:
    store, source = MemoryStore(), random.Random(1)  # noqa: S311 - the same every time
    pointer = begun(store, change, count, value)
    model = read(store, pointer)
    for step in range(CHANGES):
        at = source.randrange(count or 1)
        pointer = changed(store, change, pointer, at, value(step))
        if isinstance(model, dict):
            model[f"key-{at:03}"] = value(step)
        elif change is append:
            model.append(value(step))
        else:
            model[at] = value(step)
    counting = CountingStore(store)
    assert repr(read(counting, pointer)) == repr(model)
    assert len(counting.gets) < CHANGES * 2 // 5


def test_a_change_pays_for_what_is_near_and_most_pay_for_their_own_page() -> None:
    store, source = CountingStore(), random.Random(1)  # noqa: S311
    pointer = begun(store, set_a_key, 400, lambda step: f"{step} " * 80)
    whole, sent = store.bytes_put, []
    for step in range(200):
        store.reset()
        pointer = changed(store, set_a_key, pointer, source.randrange(400), f"{step} " * 80)
        assert len(store.puts) == 1
        sent.append(store.bytes_put)
    assert max(sent) < 2 * whole
    assert statistics.median(sent[-50:]) < 1.5 * statistics.median(sent[:50])


def test_a_change_that_is_made_again_leaves_the_same_objects() -> None:
    store = MemoryStore()
    value = {f"key-{at:03}": with_pointers(900) for at in range(120)}
    pointer = in_a_call(store, lambda pages: pages.store(value))
    for step in range(60):
        before = pointer
        pointer = changed(store, set_a_key, before, step * 7 % 120, f"changed {step}")
        objects = dict(store.objects)
        assert changed(store, set_a_key, before, step * 7 % 120, f"changed {step}") == pointer
        assert store.objects == objects


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    store = MemoryStore()
    pointer = begun(store, set_a_key, 120, lambda step: f"{step} " * 300)
    for step in range(60):
        pointer = changed(store, set_a_key, pointer, step, f"{step} " * 300)
        objects = len(store.objects)
        again = changed(store, set_a_key, pointer, step, f"{step} " * 300)
        assert (again, len(store.objects)) == (pointer, objects)


def test_what_belongs_to_another_execution_stays_where_it_is() -> None:
    store, others = MemoryStore(), MemoryStore()
    with fresh(others, **TINY), call(execution_id="another") as opened:
        forms = []
        for number in range(20):
            forms.append(opened.pages.store(f"{number} " * 300).render())
            opened.objects.seal()
    pointer = in_a_call(store, lambda pages: pages.store(forms))
    pointer = in_a_call(store, lambda pages: pages.put_items(pointer, {3: "changed"}))
    with fresh(store, **TINY), call() as opened:
        items = opened.pages.elements(pointer)
    assert items == [*forms[:3], "changed", *forms[4:]]


def test_a_lost_page_that_is_to_be_copied_is_an_error_and_no_loss() -> None:
    store = MemoryStore()
    pointer = begun(store, set_a_key, 120, lambda step: f"{step} " * 80)
    first = Location.parse(pointer.path)
    lost = store.objects.pop(first)
    with fresh(store, **TINY), pytest.raises(MissingObjectError), call() as opened:
        opened.pages.put_keys(pointer, {"key-001": "x"})
    store.objects[first] = lost
    assert encode(read(store, pointer))


def test_copying_takes_nothing_from_the_budget_of_the_call() -> None:
    store = MemoryStore()
    pointer = begun(store, set_a_key, 400, lambda step: f"{step} " * 80)
    spent: list[int] = []

    def change(pages: Pages, tree: Pointer, step: int, value: Any) -> Pointer:
        left = pages._objects.budget.size_left
        after = set_a_key(pages, tree, step, value)
        spent.append(left - pages._objects.budget.size_left)
        return after

    for step in range(60):
        pointer = changed(store, change, pointer, step * 7 % 400, f"{step} " * 80)
    assert max(spent) < 2 * (TINY["page_bytes"] + TINY["index_bytes"])
