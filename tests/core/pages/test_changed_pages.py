"""Long lists and wide maps that change: only what a change touches is read and written."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bags import call, fresh
from tests.core.fakes import CountingStore
from tests.core.pages.trees import (
    INDEX,
    PAGE,
    TINY,
    changed,
    extended,
    keyed,
    numbered,
    read,
    stored,
    with_keys,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import canonical


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
