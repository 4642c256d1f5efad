"""Items in batches: what a child is given, and how the results come back to their items."""

import json
from typing import Any

import pytest

from tests.core import map_runs
from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.door.ways import WAYS, first
from universal_sync_core import (
    first_bag,
    record_failure,
    recorded_result,
    stage_items,
    state_task,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import (
    InvalidRequestError,
)
from universal_sync_core.storage.store import Location

JOIN = {"action": "aggregate_distributed"}
ALLOWED = {"allowed_prefixes": ("s3://state-bucket/inputs/",)}
Bag = dict[str, Any]


def bag_of(items: Any, **fields: Any) -> Bag:
    given = {"execution_id": EXECUTION}
    return synced(given, {"distributed_items": items, **fields})


def staged(store: CountingStore, bag: Bag) -> Any:
    place = stage_items(bag)
    return json.loads(store.get(Location(place["bucket"], place["key"])).body)


@pytest.mark.parametrize(
    "items", [[], list(range(7)), [[1], [2, 3], []], [{"n": n} for n in range(250)]]
)
@pytest.mark.parametrize("size", [1, 2, 3, 100, 10_000])
def test_a_child_is_given_so_many_and_the_last_one_the_rest(
    store: CountingStore, items: list[Any], size: int
) -> None:
    with fresh(store):
        bag = bag_of(items, items_per_batch=size)
        place = stage_items(bag)
        assert (place["count"], place["items_per_batch"]) == (len(items), size)
        batches = [items[n : n + size] for n in range(0, len(items), size)]
        assert staged(store, bag) == (items if size == 1 else batches)


def test_a_batch_that_is_too_large_for_a_child_goes_as_a_pointer(store: CountingStore) -> None:
    items = [{"n": n, "text": "x" * 40_000, "__s3_offloaded": "mine"} for n in range(10)]
    with fresh(store):
        batches = staged(store, bag_of(items, items_per_batch=4))
        worker = state_task(lambda state, _: [item["n"] for item in state["item"]])
        for number, batch in enumerate(batches):
            assert len(json.dumps(batch)) < 150 * 1024
            event = {"item": batch, "index": number, "items_per_batch": 4, **CONTEXT}
            expected = items[4 * number :][:4]
            assert worker(event, None) == [item["n"] for item in expected]
    assert len(batches) == 3


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_size_that_is_none_is_refused_by_name(store: CountingStore, way: str) -> None:
    send, place = WAYS[way]
    with fresh(store):
        for wrong in (0, -1, "100", 2.5, True, None, 10_001):
            with pytest.raises(InvalidRequestError) as caught:
                send(first(), {"items_per_batch": wrong})
            assert caught.value.field == f"{place}.items_per_batch"


def batch_record(index: int, batch: Any, output: Any = None, *, size: int = 3, **more: Any) -> Bag:
    given = {"execution_id": EXECUTION, "item": batch, "index": index, "items_per_batch": size}
    make = map_runs.failed if "Error" in more else map_runs.record
    line = make(index, Input=json.dumps(given), **more)
    return line if "Error" in more else line | {"Output": json.dumps(output)}


def joined(store: CountingStore, bag: Bag, files: Bag, run: str = "6c6b") -> Bag:
    folder = f"distributed/{EXECUTION.rpartition(':')[2]}/{run}/"
    return universal_sync_core(bag, map_runs.write(store, files, folder=folder), JOIN)


ITEMS = [f"item {n}" for n in range(8)]
FAILED: Bag = {"Error": "Boom", "Cause": "why"}


def test_results_come_back_in_the_order_of_the_items(store: CountingStore) -> None:
    with fresh(store):
        bag = bag_of(ITEMS, items_per_batch=3, tolerated_failed_items=4)
        stored = store_result([{"of": n} for n in (0, 1, 2)], CONTEXT)
        mixed = [{"of": 6}, {"status": "FAILED", "error": "E", "cause": "c"}]
        files = {
            "SUCCEEDED": map_runs.array(
                batch_record(2, ITEMS[6:], mixed), batch_record(0, ITEMS[:3], stored)
            ),
            "FAILED": map_runs.array(batch_record(1, ITEMS[3:6], **FAILED)),
        }
        after = hydrated(joined(store, bag, files))
    assert after["distributed_outputs"] == [{"of": 0}, {"of": 1}, {"of": 2}, *mixed]
    assert [(each["index"], each.get("input")) for each in after["failed_segments"]] == [
        (7, None),
        (3, "item 3"),
        (4, "item 4"),
        (5, "item 5"),
    ]
    assert after["failed_segments"][1]["error"] == "Boom"


@pytest.mark.parametrize("count", [10, 12, 100])
def test_very_many_in_pages_as_well(store: CountingStore, count: int) -> None:
    size = 50
    with fresh(store):
        rows = [{"row": n, "text": "x" * 400} for n in range(count * size)]
        records = [
            batch_record(n, rows[n * size :][:size], size=size)
            | {"Output": json.dumps(store_result(rows[n * size :][:size], CONTEXT))}
            for n in range(count)
        ]
        after = joined(
            store, bag_of([], items_per_batch=size), {"SUCCEEDED": map_runs.lines(*records)}
        )
        assert hydrated(after)["distributed_outputs"] == rows
        assert after["chunk_count"] == len(rows)


@pytest.mark.parametrize("output", [None, {}, "text", [1, 2], [1, 2, 3, 4], 3])
def test_an_answer_that_is_no_list_of_as_many_is_a_failure_of_each(
    store: CountingStore, output: Any
) -> None:
    with fresh(store):
        record = batch_record(0, ITEMS[:3], output)
        after = joined(
            store, bag_of(ITEMS[:3], items_per_batch=3), {"SUCCEEDED": map_runs.array(record)}
        )
        reports = hydrated(after)["failed_segments"]
    assert after["next_action"] == "FAILED"
    assert [(each["index"], each["input"]) for each in reports] == [*enumerate(ITEMS[:3])]
    assert {each["error"] for each in reports} == {"InvalidRequestError"}


def test_only_the_items_that_failed_run_again_in_batches_of_their_own(store: CountingStore) -> None:
    with fresh(store):
        bag = bag_of(ITEMS, items_per_batch=3) | {"status": "DISTRIBUTED_MAP"}
        mixed = [{"of": 6}, {"status": "FAILED", "error": "E"}]
        files = {
            "SUCCEEDED": map_runs.array(
                batch_record(0, ITEMS[:3], [0, 1, 2]), batch_record(2, ITEMS[6:], mixed)
            ),
            "FAILED": map_runs.array(batch_record(1, ITEMS[3:6], **FAILED)),
        }
        failed = joined(store, bag, files)
        assert failed["next_action"] == "FAILED"
        path = record_failure(failed, {"Error": "E", "Cause": "c"})["record_s3_path"]
        resumed = first_bag({"resume_from": path}, CONTEXT)
        assert staged(store, resumed) == [ITEMS[3:6], [ITEMS[7]]]
        files = {
            "SUCCEEDED": map_runs.array(
                batch_record(1, [ITEMS[7]], [7]), batch_record(0, ITEMS[3:6], [3, 4, 5])
            )
        }
        after = joined(store, resumed, files, "7d7c")
        assert after["next_action"] == "CONTINUE"
        assert hydrated(after)["distributed_outputs"] == [0, 1, 2, 3, 4, 5, {"of": 6}, 7]
        assert "failed_segments" not in after


def test_the_built_in_runner_answers_each_item_of_a_batch() -> None:
    assert recorded_result(None, CONTEXT, item=[1, {"a": 2}], per_batch=2) == [1, {"a": 2}]
    assert recorded_result(None, CONTEXT, item=[1, {"a": 2}]) == [1, {"a": 2}]
