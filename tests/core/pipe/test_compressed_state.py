"""update_and_compress: values that then fit stay in the bag, and cost no S3."""

import os
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import decompress, hydrate_state, store_to_s3
from universal_sync_core.values.compression import compress, is_compressed
from universal_sync_core.values.pointer import parse

PACKING = CONTEXT | {"action": "update_and_compress"}
DOCUMENT = {"words": ["the same words again"] * 5_000}


def test_a_large_value_that_packs_well_stays_in_the_bag(store: CountingStore) -> None:
    bag = synced({}, {"report": DOCUMENT, "current_state": {"in": DOCUMENT}}, PACKING)
    assert is_compressed(bag["report"])
    assert is_compressed(bag["current_state"]["in"])
    assert store.requests == 0
    assert hydrated(bag) == {"report": DOCUMENT, "current_state": {"in": DOCUMENT}}
    assert decompress(bag["report"]) == DOCUMENT


def test_without_that_action_nothing_is_packed(store: CountingStore) -> None:
    bag = synced({}, {"report": DOCUMENT})
    assert parse(bag["report"])
    assert store.puts


def test_what_does_not_pack_goes_to_s3(store: CountingStore) -> None:
    noise = os.urandom(60_000).hex()
    bag = synced({}, {"report": noise}, PACKING)
    assert parse(bag["report"])
    assert store.puts
    assert hydrated(bag) == {"report": noise}


@pytest.mark.parametrize(
    ("delta", "merged"),
    [
        ({"report": {"n": 1}}, {"report": {"n": 1}, "current_state": {"doc": DOCUMENT}}),
        (
            {"current_state": {"doc": {"more": 1}}},
            {"report": DOCUMENT, "current_state": {"doc": DOCUMENT | {"more": 1}}},
        ),
        ({"report": DOCUMENT}, {"report": DOCUMENT, "current_state": {"doc": DOCUMENT}}),
    ],
)
@pytest.mark.parametrize("action", ["sync", "update_and_compress"])
@pytest.mark.usefixtures("store")
def test_merging_into_a_compressed_value_gives_what_merging_inline_gives(
    delta: dict[str, Any], merged: dict[str, Any], action: str
) -> None:
    bag = synced({}, {"report": DOCUMENT, "current_state": {"doc": DOCUMENT}}, PACKING)
    bag = synced(bag, delta, CONTEXT | {"action": action})
    assert hydrated(bag) == merged


@pytest.mark.usefixtures("store")
def test_a_compressed_value_is_not_packed_again() -> None:
    bag = synced({}, {"report": DOCUMENT}, PACKING)
    again = synced(bag, {"n": 1}, PACKING)
    assert again["report"] is bag["report"]


@pytest.mark.usefixtures("store")
def test_compressed_values_leave_when_the_bag_is_full() -> None:
    fields = {f"field-{number}": os.urandom(18_000).hex() for number in range(8)}
    bag = synced({}, fields, PACKING)
    assert hydrated(bag) == fields
    assert any(parse(value) for value in bag.values())
    bag = synced(bag, {"more": "x" * 29_000}, CONTEXT)
    assert hydrated(bag) == fields | {"more": "x" * 29_000}


@pytest.mark.usefixtures("store")
def test_a_path_into_a_compressed_value_is_hydrated() -> None:
    bag = synced({}, {"report": DOCUMENT}, PACKING)
    part = hydrate_state(bag, ["report.words[3]"], CONTEXT)
    assert part["report"]["words"][3] == "the same words again"


def test_packing_needs_no_bucket() -> None:
    with fresh(CountingStore(), bucket=None):
        bag = synced({}, {"report": DOCUMENT}, PACKING)
    assert is_compressed(bag["report"])


ENTRIES = [{"timestamp": f"2026-01-01T00:00:{second:02}Z", "n": second} for second in range(6)]


@pytest.mark.parametrize("field", ["state_history", "new_history_logs"])
@pytest.mark.parametrize("most", [50, 2])
def test_a_packed_history_is_as_many_entries_as_are_in_it(
    store: CountingStore, field: str, most: int
) -> None:
    with fresh(store, history_max_entries=most):
        bag = synced({}, {field: compress(ENTRIES[:4])})
        bag = synced(bag, {field: compress(ENTRIES[2:])})
        assert hydrated(bag)["state_history"] == ENTRIES


@pytest.mark.parametrize("most", [50, 2])
def test_a_packed_entry_comes_once_and_its_time_counts(store: CountingStore, most: int) -> None:
    with fresh(store, history_max_entries=most):
        bag = synced({}, {"state_history": [compress(entry) for entry in ENTRIES]})
        bag = synced(bag, {"state_history": ENTRIES[:3]})
        assert hydrated(bag)["state_history"] == ENTRIES
        store.reset()
        bag = synced(bag, {"state_history": [compress({"timestamp": "2026-02-01T00:00:00Z"})]})
        assert store.gets == []  # newer than all that is archived


def as_it_is(value: Any) -> Any:
    return value


@pytest.mark.parametrize(("of_list", "of_item"), [(compress, as_it_is), (as_it_is, compress)])
@pytest.mark.parametrize("threshold", [30 * 1024, 20])
def test_packed_items_and_packed_lists_are_merged_by_key(
    store: CountingStore, of_list: Any, of_item: Any, threshold: int
) -> None:
    strategy = {"merge_strategy": {"items": {"strategy": "merge_by_key", "key": "id"}}}
    with fresh(store, field_offload_bytes=threshold):
        bag = synced({}, {"items": of_list([of_item({"id": 1, "v": 0}), {"id": 2}])})
        items = of_list([{"id": 1, "w": 1}, of_item({"id": 2, "w": 2})])
        bag = synced(bag, {"items": items}, CONTEXT | strategy)
        assert hydrated(bag)["items"] == [{"id": 1, "v": 0, "w": 1}, {"id": 2, "w": 2}]


@pytest.mark.parametrize("form", [as_it_is, compress, lambda value: store_to_s3(value, CONTEXT)])
@pytest.mark.parametrize("nothing", [None, "", [], {}])
@pytest.mark.usefixtures("store")
def test_what_is_empty_identifies_no_item_in_whatever_form_it_is(form: Any, nothing: Any) -> None:
    strategy = {"merge_strategy": {"items": {"strategy": "merge_by_key", "key": "id"}}}
    bag = synced({}, {"items": [{"id": form(nothing), "v": 1}]})
    bag = synced(bag, {"items": [{"id": nothing, "w": 2}]}, CONTEXT | strategy)
    assert hydrated(bag)["items"] == [{"id": nothing, "v": 1}, {"id": nothing, "w": 2}]


@pytest.mark.parametrize("strategy", ["append", "dedupe_append", "set_union"])
@pytest.mark.parametrize("threshold", [30 * 1024, 20])
def test_packed_lists_are_joined_by_every_strategy(
    store: CountingStore, strategy: str, threshold: int
) -> None:
    context = CONTEXT | {"merge_strategy": {"items": strategy}}
    with fresh(store, field_offload_bytes=threshold):
        bag = synced({}, {"items": compress(["a", "b"])})
        bag = synced(bag, {"items": compress(["c"])}, context)
        assert hydrated(bag)["items"] == ["a", "b", "c"]


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("time", [100, "2026-01-01T00:00:00Z"])
@pytest.mark.usefixtures("store")
def test_a_time_counts_in_whatever_form_it_is(side: int, time: Any) -> None:
    later = 200 if time == 100 else "2027-01-01T00:00:00Z"
    for form in (compress, lambda value: store_to_s3(value, CONTEXT)):
        times = [later, time]
        times[side] = form(times[side])
        bag = synced({}, {"current_state": {"part": {"v": 1, "updated_at": times[0]}}})
        bag = synced(bag, {"current_state": {"part": {"v": 2, "updated_at": times[1]}}})
        assert hydrated(bag)["current_state"] == {"part": {"v": 1, "updated_at": later}}
