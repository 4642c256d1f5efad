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
    MissingObjectError,
    PointerNotAllowedError,
    StateTooLargeError,
    UnreadableObjectError,
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
        (4, None),
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


TABLES: dict[str, tuple[bytes, list[Any]]] = {
    "JSON": (b'[{"n": 1}, 2.5, "x"]', [{"n": 1}, 2.5, "x"]),
    "JSONL": (b'{"n": 1}\n[2.5]\n\n"x"\n', [{"n": 1}, [2.5], "x"]),
    "CSV": (
        '\ufeffname,note\r\nada,"two\nlines, a ""quote"""\r\n\r\nbob\r\neve,x,more\r\n'.encode(),
        [
            {"name": "ada", "note": 'two\nlines, a "quote"'},
            {"name": "bob", "note": ""},
            {"name": "eve", "note": "x"},
        ],
    ),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("size", [1, 2])
def test_items_in_s3_are_read_by_their_type(store: CountingStore, kind: str, size: int) -> None:
    body, items = TABLES[kind]
    store.put(Location("state-bucket", "inputs/items"), body)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, **ALLOWED):
        batches = [items[n : n + size] for n in range(0, len(items), size)]
        found = staged(store, bag_of(place, items_per_batch=size))
    assert found == (items if size == 1 else batches)


@pytest.mark.parametrize("kind", ["PARQUET", "json", "", None, 5, ["CSV"]])
def test_a_type_that_nobody_reads_is_refused_with_the_known_ones(
    store: CountingStore, kind: Any
) -> None:
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with (
        fresh(store, **ALLOWED),
        pytest.raises(InvalidRequestError, match="JSON, JSONL, CSV") as caught,
    ):
        stage_items(bag_of(place))
    assert caught.value.field == "state_data.distributed_items.input_type"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("CSV", b"a,b\n\xff,2\n"),
        ("CSV", b'a,b\n"1,2\n'),
        ("JSONL", b'{"a": 1}\n{"b"'),
        ("JSON", b"[1"),
    ],
)
def test_what_is_not_of_its_type_is_unreadable(
    store: CountingStore, kind: str, body: bytes
) -> None:
    store.put(Location("state-bucket", "inputs/items"), body)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, **ALLOWED), pytest.raises(UnreadableObjectError):
        stage_items(bag_of(place, items_per_batch=2))


def test_more_than_a_call_may_read_is_refused_before_it_is_held(store: CountingStore) -> None:
    store.put(Location("state-bucket", "inputs/items"), b"a\n" + b"x" * 30 * 1024 * 1024)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": "CSV"}
    with fresh(store, budget_bytes=16 * 1024 * 1024, **ALLOWED), pytest.raises(StateTooLargeError):
        stage_items(bag_of(place))


def listing(store: CountingStore, *lines: str) -> dict[str, Any]:
    """Store a manifest, and return what names it as the items of a map."""
    store.put(Location("state-bucket", "inputs/manifest.csv"), "\n".join(lines).encode())
    return {"bucket": "state-bucket", "key": "inputs/manifest.csv", "manifest": True}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("size", [1, 4])
def test_the_items_of_many_files_are_one_list(store: CountingStore, kind: str, size: int) -> None:
    body, items = TABLES[kind]
    for name in ("a", "b", "c d"):
        store.put(Location("state-bucket", f"inputs/{name}"), body)
    paths = [f"s3://state-bucket/inputs/{name}" for name in ("b", "a", "c d")]
    with fresh(store, **ALLOWED):
        place = listing(store, *paths, "") | {"input_type": kind}
        found = staged(store, bag_of(place, items_per_batch=size))
    every = items * 3
    batches = [every[n : n + size] for n in range(0, len(every), size)]
    assert found == (every if size == 1 else batches)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("s3://another-bucket/inputs/a", PointerNotAllowedError),
        ("s3://state-bucket/v1/other/packs/a", PointerNotAllowedError),
        ("s3://state-bucket/inputs/../v1/other/a", UnreadableObjectError),
        ("inputs/a", UnreadableObjectError),
        ("s3://state-bucket/inputs/missing", MissingObjectError),
    ],
)
def test_a_manifest_leads_to_no_other_place(
    store: CountingStore, line: str, error: type[Exception]
) -> None:
    with fresh(store, **ALLOWED), pytest.raises(error):
        stage_items(bag_of(listing(store, line)))


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_what_does_not_say_whether_it_is_a_manifest_is_refused(
    store: CountingStore, value: Any
) -> None:
    with fresh(store, **ALLOWED), pytest.raises(InvalidRequestError) as caught:
        stage_items(bag_of(listing(store) | {"manifest": value}))
    assert caught.value.field == "state_data.distributed_items.manifest"
