"""Pointer bloat: samples inline, the whole in S3, and no step that costs the whole."""

from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, KIB, Unchanged, fresh, hydrated, synced, text_of
from tests.core.fakes import CountingStore
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    optimize_and_offload,
    prevent_pointer_bloat,
    read_list,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.pointer import parse


def pointers(count: int) -> list[dict[str, Any]]:
    return [
        {"chunk": number, "s3_path": f"s3://{BUCKET}/chunks/{number}"} for number in range(count)
    ]


@pytest.mark.parametrize(("field", "most"), [("chunk_results", 10), ("failed_segments", 5)])
@pytest.mark.parametrize("more", [-1, 0, 1, 500])
@pytest.mark.usefixtures("store")
def test_more_than_the_sample_is_behind_a_path(field: str, most: int, more: int) -> None:
    values = pointers(most + more)
    bag = {field: values}
    with Unchanged(bag):
        after = prevent_pointer_bloat(bag, CONTEXT)
    if more <= 0:
        assert after is bag
        return
    assert after[field] == values[:most]
    whole = after[f"{field}_s3_path"]
    assert (whole["__kind"], whole["__count"]) == ("list", len(values))
    assert read_list(whole, 0, len(values)) == values
    assert hydrate_state(after, context=CONTEXT) == bag


@pytest.mark.parametrize(
    ("size", "sampled"), [(30 * KIB - 1, False), (30 * KIB, False), (30 * KIB + 1, True)]
)
@pytest.mark.usefixtures("store")
def test_distributed_outputs_are_sampled_by_size_not_by_number(size: int, *, sampled: bool) -> None:
    outputs: list[Any] = list(range(1_000))
    outputs.append(text_of(size - calculate_payload_size([*outputs, ""]) + 2))
    assert calculate_payload_size(outputs) == size
    after = optimize_and_offload({"distributed_outputs": outputs}, CONTEXT)
    assert after["distributed_outputs"] == (outputs[:10] if sampled else outputs)
    assert ("distributed_outputs_s3_path" in after) == sampled


@pytest.mark.usefixtures("store")
def test_a_list_no_longer_than_its_sample_goes_to_s3_as_any_field_does() -> None:
    after = optimize_and_offload({"distributed_outputs": ["x" * 9_000] * 10}, CONTEXT)
    assert parse(after["distributed_outputs"])
    assert hydrated(after) == {"distributed_outputs": ["x" * 9_000] * 10}


@pytest.mark.parametrize("size", [100, 5_000, 6_000])
@pytest.mark.usefixtures("store")
def test_a_sample_is_never_larger_than_a_field_may_be(size: int) -> None:
    results = [{"n": number, "text": "x" * size} for number in range(30)]
    after = synced({}, {"chunk_results": results, "failed_segments": results})
    for field in ("chunk_results", "failed_segments"):
        sample = after[field]
        assert sample == results[: len(sample)]
        assert calculate_payload_size(sample) <= 30 * KIB
    assert hydrated(after) == {"chunk_results": results, "failed_segments": results}


@pytest.mark.usefixtures("store")
def test_a_sample_of_very_large_entries_is_one_of_pointers() -> None:
    results = [{"n": number, "text": "x" * 40_000} for number in range(30)]
    after = synced({}, {"chunk_results": results})
    assert [entry["__kind"] for entry in after["chunk_results"]] == ["map"] * 10
    assert hydrated(after) == {"chunk_results": results}


BATCHES = [{"batch_id": number, "item_count": number} for number in range(6)]


@pytest.mark.parametrize(
    ("metadata", "summary"),
    [
        (
            {"batch_details": BATCHES, "priority": "high"},
            {"total_batches": 6, "priority": "high", "total_items": 15},
        ),
        (
            {"batch_details": BATCHES, "total_batches": 60, "total_items": 600, "more": [1]},
            {"total_batches": 60, "priority": None, "total_items": 600},
        ),
        (
            {"batch_details": [1] * 6, "priority": {"level": 1}},
            {"total_batches": 6, "priority": {"level": 1}, "total_items": None},
        ),
    ],
)
@pytest.mark.usefixtures("store")
def test_scheduling_metadata_of_many_batches_becomes_a_summary(
    metadata: dict[str, Any], summary: dict[str, Any]
) -> None:
    bag = {"scheduling_metadata": metadata, "other": 1}
    with Unchanged(bag):
        after = prevent_pointer_bloat(bag, CONTEXT)
    assert after.keys() == {"scheduling_summary", "scheduling_metadata_s3_path", "other"}
    assert after["scheduling_summary"] == summary
    assert hydrate_state(after, context=CONTEXT) == bag


@pytest.mark.parametrize(
    "metadata",
    [
        {"batch_details": BATCHES[:5], "priority": "high"},
        {"batch_details": {"a": 1}},
        {"priority": "high"},
        "text",
        None,
        BATCHES,
    ],
)
@pytest.mark.usefixtures("store")
def test_other_scheduling_metadata_stays(metadata: Any) -> None:
    bag = {"scheduling_metadata": metadata}
    assert prevent_pointer_bloat(bag, CONTEXT) is bag


@pytest.mark.parametrize(
    "taken",
    [
        {"chunk_results_s3_path": "mine"},
        {"chunk_results_s3_path": None},
        {"scheduling_summary": "mine"},
        {"scheduling_metadata_s3_path": {"mine": 1}},
        {"failed_segments_s3_path": [1]},
    ],
    ids=repr,
)
def test_a_field_of_the_users_under_one_of_these_names_is_kept(taken: dict[str, Any]) -> None:
    result = {
        "chunk_results": pointers(40),
        "failed_segments": pointers(40),
        "scheduling_metadata": {"batch_details": BATCHES},
    } | taken
    with fresh(CountingStore()):
        bag = synced({}, result)
        assert hydrated(bag) == result
        bag = synced(bag, {"more": 1})
        assert hydrated(bag) == result | {"more": 1}


@pytest.mark.parametrize(
    ("taken", "field", "value"),
    [
        ("chunk_results_s3_path", "chunk_results", pointers(40)),
        ("failed_segments_s3_path", "failed_segments", pointers(40)),
        ("distributed_outputs_s3_path", "distributed_outputs", ["x" * 5_000] * 40),
        ("scheduling_summary", "scheduling_metadata", {"batch_details": BATCHES}),
        ("scheduling_metadata_s3_path", "scheduling_metadata", {"batch_details": BATCHES}),
        ("state_history_archive", "state_history", pointers(90)),
    ],
)
@pytest.mark.parametrize("mine", ["mine", "x" * 20_000], ids=["small", "large"])
def test_also_in_a_bag_of_very_many_fields(taken: str, field: str, value: Any, mine: str) -> None:
    many = {f"key-{number}": number for number in range(20_000)}
    with fresh(CountingStore()):
        bag = synced({}, many | {taken: mine})
        bag = synced(bag, {field: value})
        assert hydrated(bag) == many | {taken: mine, field: value}


def test_a_sampled_list_grows_without_being_read() -> None:
    store = CountingStore()
    results = pointers(20_000)
    with fresh(store):
        bag = synced({}, {"chunk_results": results})
    store.reset()
    with fresh(store):
        bag = synced(bag, {"chunk_results": [{"n": "new"}]})
        assert len(store.gets) <= 4
        assert len(store.puts) <= 4
        assert bag["chunk_results"] == results[:10]
        assert hydrated(bag) == {"chunk_results": [*results, {"n": "new"}]}


@pytest.mark.usefixtures("store")
def test_a_summarised_field_is_replaced_like_any_other() -> None:
    bag = synced({}, {"scheduling_metadata": {"batch_details": BATCHES}})
    bag = synced(bag, {"scheduling_metadata": {"batch_details": BATCHES[:2]}})
    assert hydrated(bag) == {"scheduling_metadata": {"batch_details": BATCHES[:2]}}
    assert "scheduling_summary" not in bag


def test_a_sampled_bag_is_left_alone(store: CountingStore) -> None:
    bag = synced(
        {}, {"chunk_results": pointers(40), "scheduling_metadata": {"batch_details": BATCHES}}
    )
    store.reset()
    after = synced(bag, {"more": 1})
    assert store.requests == 0
    assert after["chunk_results_s3_path"] == bag["chunk_results_s3_path"]


def test_without_a_place_to_write_to_nothing_is_cut() -> None:
    with fresh(CountingStore(), bucket=None), pytest.raises(InvalidRequestError):
        prevent_pointer_bloat({"chunk_results": pointers(40)}, CONTEXT)
