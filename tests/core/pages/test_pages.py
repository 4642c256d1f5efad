"""Long lists and wide maps come back whole whatever their size, from objects of their sizes."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.core.bags import call, fresh
from tests.core.fakes import CountingStore
from tests.core.pages.trees import INDEX, PAGE, TINY, changed, keyed, numbered, read, stored
from tests.core.places import documents_of
from universal_sync_core.packs import outbox
from universal_sync_core.packs.frames import to_frames
from universal_sync_core.pages import tree_writer as pages_module
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import canonical, encode


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
        opened.objects.bag_pointers = lambda: [pointer]
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
    before, after = changed(store, lambda pages: pages.maps_apart(old.render(), new.render()))
    assert len(store.gets) <= 8
    different = {key for key in after if before.get(key) != after[key]}
    assert different == {"key-000007", "zz"}


@pytest.mark.parametrize(
    ("value", "is_together"),
    [
        (numbered(20_000), True),
        (keyed(20_000), True),
        (
            [{"n": number, "text": "x" * (30_000 * (number % 9 == 0))} for number in range(900)],
            False,
        ),
    ],
    ids=["list", "map", "pointers in pages"],
)
def test_pages_that_are_compressed_together_have_the_bytes_that_each_has_alone(
    value: Any, *, is_together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []

    def noted(bodies: Sequence[bytes]) -> list[bytes]:
        groups.append(len(bodies))
        return to_frames(bodies)

    monkeypatch.setattr(outbox, "PACK_BYTES", 10_000)
    monkeypatch.setattr(outbox, "to_frames", noted)
    together, alone = MemoryStore(), MemoryStore()
    stored(CountingStore(together), value)
    assert bool(groups) is is_together
    monkeypatch.setattr(outbox, "_MANY", math.inf)
    stored(CountingStore(alone), value)
    assert len(together.objects) > 1
    assert together.objects == alone.objects


def test_a_large_value_is_sent_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "_HELD_BYTES", 5_000)
    store = CountingStore()
    with fresh(store), call() as opened:
        opened.pages.store({"one": numbered(20_000), "two": keyed(20_000)})
        sent = store.bytes_put
    assert sent > 0.8 * store.bytes_put
    assert len(store.puts) == len(set(store.puts))
