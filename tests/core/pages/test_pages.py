"""Long lists and wide maps: whatever is done to them, only what it touches is read and written."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bags import call, fresh
from tests.core.fakes import CountingStore
from tests.core.places import documents_of
from universal_sync_core.pages import tree_writer as pages_module
from universal_sync_core.pages.pages import Pages
from universal_sync_core.settings import Settings
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import canonical, encode
from universal_sync_core.values.pointer import Pointer, parse

TINY = {"page_bytes": 200, "index_bytes": 600}
PAGE = Settings().page_bytes
INDEX = Settings().index_bytes


def numbered(count: int, size: int = 100) -> list[dict[str, Any]]:
    return [{"n": number, "text": "x" * size} for number in range(count)]


def keyed(count: int, size: int = 100) -> dict[str, Any]:
    return {f"key-{number:06}": "x" * size for number in range(count)}


def stored(store: CountingStore, value: Any, **thresholds: Any) -> Pointer:
    """Return a pointer to a value that is in the store, with nothing counted yet."""
    pointer: Pointer = changed(store, lambda pages: pages.store(value), **thresholds)
    store.reset()
    return pointer


def changed(store: CountingStore, change: Callable[[Pages], Any], **thresholds: Any) -> Any:
    """Return what a change gives in a call of its own, with a cold cache."""
    with fresh(store, **thresholds), call() as opened:
        given = change(opened.pages)
        form = given.render() if isinstance(given, Pointer) else None
    return parse(form) if form else given


def read(store: CountingStore, pointer: Pointer, **thresholds: Any) -> Any:
    return changed(store, lambda pages: pages.resolve(pointer.render()), **thresholds)


def extended(store: CountingStore, pointer: Pointer, items: list[Any], **given: Any) -> Pointer:
    after: Pointer = changed(store, lambda pages: pages.extend(pointer, items), **given)
    return after


def with_keys(
    store: CountingStore, pointer: Pointer, changes: dict[str, Any], **given: Any
) -> Pointer:
    after: Pointer = changed(store, lambda pages: pages.put_keys(pointer, changes), **given)
    return after


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[]],
        [{}],
        {"": {}},
        {"a": []},
        None,
        "text",
        0,
        numbered(3),
        numbered(5_000),
        keyed(5_000),
        {"k" * 100_000: 1, "k" * 100_000 + "l": 2, "": 3},
        {f"{'k' * 300}{number}": number for number in range(900)},
        [["x" * 100_000], "y" * 200_000, {"z": "z" * 300_000}],
        {"a": {"b": {"c": numbered(900)}}},
        ["x" * size for size in range(0, 40_000, 997)],
    ],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("thresholds", [{}, TINY], ids=["default", "tiny"])
def test_any_value_comes_back_in_its_order(value: Any, thresholds: dict[str, Any]) -> None:
    store = CountingStore()
    pointer = stored(store, value, **thresholds)
    whole = read(store, pointer, **thresholds)
    assert repr(whole) == repr(value)


def test_objects_keep_to_their_sizes() -> None:
    store = CountingStore()
    stored(store, {"list": numbered(20_000), "map": keyed(20_000), "large": "x" * 30_000})
    assert isinstance(store.inner, MemoryStore)
    for document in documents_of(store.inner).values():
        is_index = isinstance(document, dict) and document.get("height", 0) > 0
        assert len(encode(document)) < (INDEX if is_index else PAGE) * 1.6


@pytest.mark.parametrize("count", [10, 1_000, 100_000])
@pytest.mark.parametrize("make", [numbered, keyed], ids=["list", "map"])
def test_an_index_is_logarithmic(make: Callable[[int, int], Any], count: int) -> None:
    store = CountingStore()
    pointer = stored(store, make(count, 10))
    root = changed(store, lambda pages: pages.root(pointer))
    assert root.height <= math.ceil(math.log(max(2, count / 100), 50))


@pytest.mark.parametrize("count", [1, 500, 100_000])
def test_appending_reads_and_writes_one_path(count: int) -> None:
    store = CountingStore()
    pointer = stored(store, numbered(count))
    after = changed(store, lambda pages: pages.extend(pointer, [{"new": 1}]))
    assert len(store.gets) <= 4
    assert len(store.puts) <= 3
    assert store.bytes_put < PAGE + 2 * INDEX
    assert after.count == count + 1
    part = changed(store, lambda pages: pages.slice(after, count - 1, count + 1))
    assert part == [numbered(count)[-1], {"new": 1}]


def test_appending_what_fills_a_page_leaves_the_last_one_unread() -> None:
    store = CountingStore()
    pointer = stored(store, numbered(5_000))
    more = numbered(700)
    after = changed(store, lambda pages: pages.extend(pointer, more))
    assert len(store.gets) == 1
    assert read(store, after) == [*numbered(5_000), *more]


def test_appending_again_and_again_keeps_the_index_low() -> None:
    store = CountingStore()
    pointer = stored(store, [])
    for number in range(400):
        pointer = extended(store, pointer, [number] * 40, **TINY)
    root = changed(store, lambda pages: pages.root(pointer), **TINY)
    assert root.height <= 6
    assert read(store, pointer) == [number for number in range(400) for _ in range(40)]


@pytest.mark.parametrize("count", [1, 500, 100_000])
def test_setting_one_key_reads_and_writes_one_path(count: int) -> None:
    store = CountingStore()
    pointer = stored(store, keyed(count))
    key = f"key-{count // 2:06}"
    after = changed(store, lambda pages: pages.put_keys(pointer, {key: "new"}))
    assert len(store.gets) <= 4
    assert len(store.puts) <= 4
    assert store.bytes_put < 2 * PAGE + 2 * INDEX
    assert after.count == count
    assert changed(store, lambda pages: pages.lookup(after, [key])) == {key: "new"}


def test_new_keys_follow_in_the_order_they_are_set() -> None:
    store = CountingStore()
    pointer = stored(store, {"m": 1, "z": 2}, **TINY)
    for changes in ({"b": 3, "a": 4}, {"z": 5, "c": 6}, {"": 7}):
        pointer = with_keys(store, pointer, changes, **TINY)
    assert list(read(store, pointer).items()) == [
        ("m", 1),
        ("z", 5),
        ("b", 3),
        ("a", 4),
        ("c", 6),
        ("", 7),
    ]


def test_a_map_that_shrinks_into_one_page_keeps_its_order() -> None:
    store = CountingStore()
    pointer = stored(store, {"z": ["x" * 60], "a": 1}, **TINY)
    after = with_keys(store, pointer, {"z": 2}, **TINY)
    assert list(read(store, after)) == ["z", "a"]


def test_replacing_elements_touches_their_pages_only() -> None:
    store = CountingStore()
    pointer = stored(store, numbered(50_000))
    after = changed(store, lambda pages: pages.put_items(pointer, {5: "a", 49_999: "b"}))
    assert len(store.gets) <= 5
    assert len(store.puts) <= 5
    values = read(store, after)
    assert (values[5], values[49_999], len(values)) == ("a", "b", 50_000)
    assert values[6] == numbered(7)[6]


def test_a_changed_tree_leaves_the_old_one_as_it_was() -> None:
    store = CountingStore()
    first = stored(store, keyed(5_000))
    second = changed(store, lambda pages: pages.put_keys(first, {"key-000007": "new"}))
    assert read(store, first) == keyed(5_000)
    assert read(store, second) == keyed(5_000) | {"key-000007": "new"}


def test_a_change_that_changes_nothing_leads_to_the_same_objects() -> None:
    store = CountingStore()
    pointer = stored(store, keyed(5_000))
    after = changed(store, lambda pages: pages.put_keys(pointer, {"key-000007": "x" * 100}))
    assert after == pointer


def test_sizes_and_counts_in_a_pointer_are_those_of_the_whole() -> None:
    store = CountingStore()
    value = {"list": numbered(3_000), "text": "x" * 50_000}
    pointer = stored(store, value)
    encoded = len(json.dumps(value, separators=(",", ":")))
    assert pointer.count == 2
    assert abs(pointer.size - encoded) < 100


def test_a_value_stored_twice_is_sent_once() -> None:
    store = CountingStore()
    pointer = stored(store, numbered(5_000))
    with fresh(store), call() as opened:
        opened.objects.remember([pointer])
        assert opened.pages.store(numbered(5_000)) == pointer
    assert store.puts == []


@pytest.mark.parametrize("marked", [True, False])
def test_an_element_is_found_by_its_value(*, marked: bool) -> None:
    store = CountingStore()
    values = [*numbered(3_000), "x" * 90_000, 1, 1.0]
    pointer = changed(store, lambda pages: pages.store(values, marked=marked))
    store.reset()
    wanted = {canonical(item) for item in (values[7], values[3_000], True, 1, "none", {"n": 7})}
    found = changed(store, lambda pages: pages.find(pointer, wanted))
    assert found == {canonical(item) for item in (values[7], values[3_000], 1)}
    if marked:
        assert len(store.gets) <= 8


def test_maps_are_told_apart_by_the_pages_they_do_not_share() -> None:
    store = CountingStore()
    old = stored(store, keyed(20_000))
    new = changed(store, lambda pages: pages.put_keys(old, {"key-000007": "new", "zz": 1}))
    store.reset()
    before, after = changed(store, lambda pages: pages.entries_apart(old, new))
    assert len(store.gets) <= 8
    different = {key for key in after if before.get(key) != after[key]}
    assert different == {"key-000007", "zz"}


keys = st.one_of(st.text(max_size=6), st.sampled_from(["", "a", "b" * 50, "\ud800", "ä", "😀"]))
values = st.one_of(st.integers(-9, 9), st.text(max_size=90), st.lists(st.integers(), max_size=30))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(keys, values, max_size=40),
    st.lists(st.dictionaries(keys, values, max_size=8), max_size=6),
)
def test_setting_keys_gives_what_a_dict_gives(
    first: dict[str, Any], changes: list[dict[str, Any]]
) -> None:
    plain = dict(first)
    with fresh(MemoryStore(), **TINY), call() as opened:
        pointer = opened.pages.store(first)
        for change in changes:
            plain |= change
            pointer = opened.pages.put_keys(pointer, change)
            assert pointer.count == len(plain)
            wanted = [*change, "none"]
            found = opened.pages.resolve(opened.pages.lookup(pointer, wanted))
            assert found == {key: plain[key] for key in wanted if key in plain}
        assert repr(opened.pages.resolve(pointer.render())) == repr(plain)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(values, max_size=40),
    st.lists(
        st.one_of(
            st.lists(values, max_size=12), st.dictionaries(st.integers(0, 50), values, max_size=5)
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_appending_and_replacing_give_what_a_list_gives(
    first: list[Any],
    changes: list[Any],
    marked: bool,  # noqa: FBT001 - drawn
) -> None:
    plain = list(first)
    with fresh(MemoryStore(), **TINY), call() as opened:
        pages = opened.pages
        pointer = pages.store(first, marked=marked)
        for change in changes:
            if isinstance(change, list):
                plain += change
                pointer = pages.extend(pointer, change)
            else:
                within = {at: item for at, item in change.items() if at < len(plain)}
                for at, item in within.items():
                    plain[at] = item
                pointer = pages.put_items(pointer, within)
            assert pointer.count == len(plain)
            middle = len(plain) // 2
            assert (
                pages.resolve(pages.slice(pointer, middle, middle + 5))
                == plain[middle : middle + 5]
            )
        assert pages.resolve(pointer.render()) == plain
        wanted = {canonical(item) for item in plain[:5]} | {canonical("none of these, surely")}
        assert pages.find(pointer, wanted) == {canonical(item) for item in plain[:5]}


def test_a_large_value_is_sent_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "_HELD_BYTES", 5_000)
    store = CountingStore()
    with fresh(store), call() as opened:
        opened.pages.store({"one": numbered(20_000), "two": keyed(20_000)})
        sent = store.bytes_put
    assert sent > 0.8 * store.bytes_put
    assert len(store.puts) == len(set(store.puts))
