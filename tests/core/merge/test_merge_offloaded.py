"""Merging gives the same whether the base is inline, partly or wholly in S3."""

import copy
import hashlib
import random
from typing import Any

import pytest

from tests.core import oracle
from tests.core.bags import CONTEXT, EXECUTION, KIB, Unchanged, call, fresh, hydrated, synced
from tests.core.fakes import CountingStore, SlowStore
from tests.core.merge.merges import MERGES
from tests.core.merge.rows import BY_ID, Merge
from universal_sync_core import (
    hydrate_state,
    merge_logic,
    optimize_and_offload,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.packs import outbox, ranges
from universal_sync_core.storage import runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import encode
from universal_sync_core.values.pointer import Pointer, parse

# A timestamp is never as long as a threshold: it stays where it can be read.
SMALL: dict[str, Any] = {
    "field_offload_bytes": 30,
    "state_offload_bytes": 30,
    "history_max_entries": 2,
    "page_bytes": 160,
    "index_bytes": 200,
}
FIELDS = [f"field-{n}" for n in range(10)]


def plain(value: Any) -> Any:
    return hydrate_state({"": value}, context=CONTEXT)[""]


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.rule)
@pytest.mark.parametrize(
    "thresholds",
    [
        SMALL,
        SMALL | {"field_offload_bytes": 60, "state_offload_bytes": 90},
        SMALL | {"state_offload_bytes": 10_000},
    ],
    ids=["wholly", "partly", "by field"],
)
def test_merging_into_what_is_in_s3(merge: Merge, thresholds: dict[str, Any]) -> None:
    store = CountingStore()
    context = CONTEXT | {"merge_strategy": merge.strategies}
    with fresh(store, **thresholds):
        base = optimize_and_offload(merge.base, CONTEXT)
    with fresh(store, **thresholds):
        with Unchanged(base, merge.delta):
            bag = optimize_and_offload(merge_logic(base, merge.delta, context), context)
        assert repr(in_order(hydrated(bag))) == repr(in_order(merge.merged))


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.rule)
def test_merging_a_delta_that_is_in_s3(merge: Merge) -> None:
    context = CONTEXT | {"merge_strategy": merge.strategies}
    with fresh(CountingStore(), page_bytes=160, index_bytes=200):
        delta = {name: store_to_s3(value, CONTEXT) for name, value in merge.delta.items()}
        merged = merge_logic(merge.base, delta, context)
        assert plain(merged) == merge.merged


def in_order(bag: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the bag sorted; inside them the order is held."""
    return dict(sorted(bag.items()))


def wide(count: int, size: int = 100) -> dict[str, Any]:
    return {f"key-{number:05}": "x" * size for number in range(count)}


def test_merging_one_leaf_reads_and_writes_only_its_path() -> None:
    store = CountingStore()
    tree = {"left": wide(20_000), "right": {"inner": wide(20_000), "n": 1}}
    with fresh(store):
        bag = universal_sync_core({}, {"current_state": tree}, CONTEXT)
    store.reset()
    with fresh(store):
        changed = {"current_state": {"right": {"inner": {"key-00777": "new"}}}}
        bag = universal_sync_core(bag, changed, CONTEXT)
    assert len(store.gets) <= 5
    assert len(store.puts) <= 5
    assert store.bytes_put < 150 * KIB
    with fresh(store):
        tree["right"]["inner"]["key-00777"] = "new"
        assert hydrated(bag)["current_state"] == tree


def test_a_delta_that_repeats_what_is_there_writes_nothing() -> None:
    store = CountingStore()
    tree = wide(5_000) | {"deep": wide(5_000)}
    with fresh(store):
        bag = universal_sync_core({}, {"current_state": tree}, CONTEXT)
        store.reset()
        again = {"current_state": {"key-00005": "x" * 100, "deep": {"key-00009": "x" * 100}}}
        after = universal_sync_core(bag, again, CONTEXT)
    assert store.puts == []
    assert after["current_state"] == bag["current_state"]


def test_a_worker_that_sends_the_whole_bag_back_changes_nothing() -> None:
    store = CountingStore()
    result = {
        "current_state": wide(3_000),
        "state_history": [{"n": number} for number in range(120)],
        "distributed_outputs": [{"n": number, "text": "x" * 900} for number in range(90)],
        "scheduling_metadata": {"batch_details": [{"item_count": 2}] * 9, "priority": "high"},
        "list": list(range(20_000)),
    }
    with fresh(store):
        bag = universal_sync_core({}, result, CONTEXT)
        before = hydrated(bag)
    store.reset()
    with fresh(store):
        echoed = universal_sync_core(bag, copy.deepcopy(bag) | {"more": 1}, CONTEXT)
        assert store.puts == []
        assert hydrated(echoed) == before | {"more": 1}


def two_of(kind: str) -> dict[str, Any]:
    """Return two values of a kind that are stored by one call, and so in one pack."""
    texts = {name: f"{name} " * 9_000 for name in ("one", "two")}
    if kind == "map":
        return {name: {f"key-{n}": text for n in range(20)} for name, text in texts.items()}
    return texts if kind == "value" else {name: [text] * 20 for name, text in texts.items()}


@pytest.mark.parametrize("field", [None, "current_state"], ids=["of the bag", "of the state"])
@pytest.mark.parametrize("kind", ["map", "list", "value"])
def test_what_was_stored_beside_a_value_is_another_value(kind: str, field: str | None) -> None:
    store, both = CountingStore(), two_of(kind)
    with fresh(store):
        bag = universal_sync_core({}, {field: both} if field else both, CONTEXT)
        pointers = bag[field] if field else bag
        moved = {"one": pointers["two"]}
        after = universal_sync_core(bag, {field: moved} if field else moved, CONTEXT)
        wanted = both["one"] | both["two"] if kind == "map" and field else both["two"]
        assert (hydrated(after)[field] if field else hydrated(after))["one"] == wanted


@pytest.mark.parametrize("count", [3, 30, 3_000])
def test_and_lists_which_are_appended_to_get_no_element_again(count: int) -> None:
    results = [{"n": number} for number in range(count)]
    with fresh(CountingStore()):
        bag = universal_sync_core({}, {"chunk_results": results}, CONTEXT)
        echoed = universal_sync_core(bag, copy.deepcopy(bag), CONTEXT)
        assert hydrated(echoed) == {"chunk_results": results}


def test_and_nothing_when_its_bag_is_spilled() -> None:
    store = CountingStore()
    with fresh(store):
        bag = universal_sync_core({}, wide(5_000), CONTEXT)
        assert parse(bag["state_s3_path"])
        echoed = universal_sync_core(bag, copy.deepcopy(bag) | {"key-00001": "new"}, CONTEXT)
        assert hydrated(echoed) == wide(5_000) | {"key-00001": "new"}


def test_setting_one_field_of_a_spilled_bag_touches_one_page() -> None:
    store = CountingStore()
    with fresh(store):
        bag = universal_sync_core({}, wide(50_000), CONTEXT)
    store.reset()
    with fresh(store):
        bag = universal_sync_core(bag, {"key-00001": "new", "brand new": 1}, CONTEXT)
        assert store.requests <= 12
        assert hydrated(bag) == wide(50_000) | {"key-00001": "new", "brand new": 1}


@pytest.mark.parametrize("strategy", ["append", "dedupe_append", "set_union", BY_ID])
@pytest.mark.parametrize("seed", range(3))
def test_strategies_on_pages_give_what_they_give_on_lists(strategy: Any, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test may be guessed
    items = [{"id": chance.randrange(40), "v": chance.randrange(3)} for _ in range(60)]
    if strategy == "set_union":
        items = [item["v"] for item in items]  # type: ignore[misc]
    strategies = {"tags": strategy}
    context = CONTEXT | {"merge_strategy": strategies}
    expected: dict[str, Any] = {}
    with fresh(CountingStore(), page_bytes=120, index_bytes=200, field_offload_bytes=200):
        bag: dict[str, Any] = {}
        for start in range(0, 60, 7):
            delta = {"tags": items[start : start + 7]}
            bag = universal_sync_core(bag, delta, context)
            expected = oracle.merge(expected, delta, strategies)
            assert hydrated(bag) == expected


def test_a_strategy_below_an_offloaded_map_is_followed() -> None:
    context = CONTEXT | {"merge_strategy": {"report.tags": "append"}}
    with fresh(CountingStore()):
        delta = {"current_state": {"report": wide(1_000) | {"tags": [1]}}}
        bag = universal_sync_core({}, delta, CONTEXT)
        assert parse(bag["current_state"]["report"])
        delta = {"current_state": {"report": {"tags": [2]}}}
        bag = universal_sync_core(bag, delta, context)
        assert hydrated(bag)["current_state"]["report"]["tags"] == [1, 2]
        twice = universal_sync_core(bag, {"current_state": bag["current_state"]}, context)
        assert hydrated(twice)["current_state"]["report"]["tags"] == [1, 2, 1, 2]


@pytest.mark.parametrize("strategy", ["append", "dedupe_append", "set_union", None])
def test_stored_values_that_a_delta_changes_are_read_side_by_side(
    strategy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    monkeypatch.setattr(ranges, "GAP_BYTES", 0)
    names = [f"field-{n}" for n in range(10)]
    inner = CountingStore()
    with fresh(inner):
        fields: dict[str, Any] = {
            name: [f"{name}-{n}" * 50 for n in range(90)] if strategy else {name: "x" * 40_000}
            for name in names
        }
        bag = synced({"execution_id": EXECUTION}, {"current_state": fields})
    slow = SlowStore(inner, seconds=0.05)
    growing = {f"current_state.{name}": strategy for name in names} if strategy else {}
    with fresh(slow):
        result = {"current_state": {name: ["new"] if strategy else {"new": 1} for name in names}}
        synced(bag, result, {**CONTEXT, "merge_strategy": growing})
    assert slow.most_at_once >= 10


@pytest.mark.parametrize("strategy", [BY_ID, "dedupe_append", "set_union"])
def test_large_elements_of_a_list_are_read_side_by_side(
    strategy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)  # a document each
    monkeypatch.setattr(ranges, "GAP_BYTES", 0)
    found = [{"id": n, "text": f"{n} " * 9_000} for n in range(40)]
    context = {**CONTEXT, "merge_strategy": {"found": strategy}}
    inner = CountingStore()
    with fresh(inner):
        bag = synced({"execution_id": EXECUTION}, {"current_state": {"found": found}}, context)
    slow = SlowStore(inner, seconds=0.02)
    with fresh(slow):
        after = synced(bag, {"current_state": {"found": found[7]}}, context)
        assert slow.most_at_once > 10
        assert hydrated(after)["current_state"]["found"] == found


@pytest.mark.parametrize(
    ("strategy", "result", "most"),
    [
        (None, {"current_state": {name: {"key-40": 1} for name in FIELDS}}, 2),
        (None, {"removed_paths": [f"{name}.key-40" for name in FIELDS]}, 3),
        (None, {"removed_paths": [f"{name}.missing" for name in FIELDS]}, 2),
        ("append", {"current_state": {name: ["new"] for name in FIELDS}}, 2),
        ("set_union", {"current_state": {name: ["new"] for name in FIELDS}}, 2),
        ("dedupe_append", {"current_state": {name: ["new"] for name in FIELDS}}, 2),
    ],
    ids=["changed", "removed", "nothing to remove", "append", "set_union", "dedupe_append"],
)
def test_the_pages_of_several_values_are_read_together(
    strategy: str | None, result: dict[str, Any], most: int
) -> None:
    keyed = {f"key-{n}": f"{n}" * 400 for n in range(90)}
    fields = {name: keyed | {"name": name} for name in FIELDS}
    state = {name: list(each.values()) if strategy else each for name, each in fields.items()}
    store = CountingStore()
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": state})
    store.reset()
    growing = {f"current_state.{name}": strategy for name in FIELDS} if strategy else {}
    with fresh(store):
        after = synced(bag, result, {**CONTEXT, "merge_strategy": growing})
        assert len(store.gets) <= most
        expected = oracle.merge({"current_state": state}, result, growing)["current_state"]
        assert hydrated(after)["current_state"] == expected


def test_a_delta_that_adds_nothing_reads_nothing() -> None:
    store = CountingStore()
    lists = {f"field-{n}": [f"{n}" * 400 for _ in range(90)] for n in range(10)}
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, {"current_state": lists})
    store.reset()
    growing = {f"current_state.{name}": "append" for name in lists}
    with fresh(store):
        synced(
            bag,
            {"current_state": {name: [] for name in lists}},
            {**CONTEXT, "merge_strategy": growing},
        )
    assert store.gets == []


def as_one_object(encoded: bytes, *, is_frame: bool) -> dict[str, Any]:
    """Return the pointer to a value that a worker in another language has stored."""
    with call() as opened:
        if is_frame:
            at = opened.objects.add(encoded)
            return Pointer(kind="value", at=at, size=len(encoded)).render()
        path = opened.objects.home + hashlib.sha256(encoded).hexdigest()
        runtime.current().create(Location.parse(path), encoded)
    at = Address(path, 0, len(encoded), path[-64:])
    return Pointer(kind="value", at=at, size=len(encoded)).render()


@pytest.mark.parametrize("is_frame", [True, False], ids=["zstd", "plain"])
@pytest.mark.parametrize("space", [b"", b"\n  "], ids=["compact", "indented"])
def test_two_maps_in_single_objects_are_merged(*, is_frame: bool, space: bytes) -> None:
    parts: list[dict[str, Any]] = [{"a": 1, "in": {"b": 2}}, {"c": 3, "in": {"d": 4}}]
    with fresh(CountingStore()):
        first, second = (as_one_object(space + encode(part), is_frame=is_frame) for part in parts)
        bag = synced({}, {"current_state": {"report": first}}, CONTEXT)
        assert parse(bag["current_state"]["report"])
        after = synced(bag, {"current_state": {"report": second}}, CONTEXT)
        merged = {"a": 1, "in": {"b": 2, "d": 4}, "c": 3}
        assert hydrated(after)["current_state"]["report"] == merged


def test_a_text_that_replaces_one_in_s3_is_not_decoded_to_see_that_it_is_one() -> None:
    store = CountingStore()
    with fresh(store, budget_bytes=100_000):
        first, second = (store_to_s3(letter * 90_000, CONTEXT) for letter in "ab")
        bag = synced({}, {"current_state": {"text": first}}, CONTEXT)
        store.reset()
        bag = synced(bag, {"current_state": {"text": second}}, CONTEXT)
        assert parse(bag["current_state"]["text"]) == parse(second)
        assert store.gets == []
