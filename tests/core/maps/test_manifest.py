"""The results of a Distributed Map, whatever order and files they come in.

Hazards held here: PENDING items ignored, results in the order they finished, a whole file in
memory at once.
"""

import json
import random
import tracemalloc
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, TRIES, fresh, hydrated, synced
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.map_runs import (
    AGGREGATE,
    FOLDER,
    RUN,
    array,
    failed,
    flattened,
    lines,
    pending,
    record,
    write,
    write_manifest,
)
from universal_sync_core import flatten_result, store_result, universal_sync_core
from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.storage.store import Location


def test_outputs_are_in_item_order_whatever_order_they_finished_in(store: CountingStore) -> None:
    records = [record(index, {"n": index}) for index in range(200)]
    random.Random(1).shuffle(records)  # noqa: S311 - any order will do
    files = {"SUCCEEDED": [array(*records[:50]), array(*records[50:120]), array(*records[120:])]}
    delta = flattened(store, files)
    assert delta["distributed_outputs"] == [{"n": index} for index in range(200)]
    assert delta["chunk_count"] == 200
    assert "failed_segments" not in delta


def test_failed_and_pending_items_are_reported_with_what_is_known(store: CountingStore) -> None:
    files = {
        "SUCCEEDED": array(record(0, "ok"), record(3, "ok")),
        "FAILED": array(failed(2), failed(1, Status="TIMED_OUT", Error="States.Timeout")),
        "PENDING": array(pending(4)),
    }
    delta = flattened(store, files)
    assert (delta["distributed_outputs"], delta["chunk_count"]) == (["ok", "ok"], 2)
    assert delta["failed_segments"] == [
        {
            "index": 1,
            "status": "TIMED_OUT",
            "input": "item 1",
            "error": "States.Timeout",
            "cause": "cause 1",
        },
        {
            "index": 2,
            "status": "FAILED",
            "input": "item 2",
            "error": "States.TaskFailed",
            "cause": "cause 2",
        },
        {"index": 4, "status": "PENDING", "input": "item 4", "error": None, "cause": None},
    ]


def test_outputs_that_report_failure_are_failed_segments_too(store: CountingStore) -> None:
    delta = flattened(
        store, {"SUCCEEDED": array(record(0, {"status": "FAILED", "error": "E"}), record(1, 1))}
    )
    assert delta["chunk_count"] == 2
    assert delta["failed_segments"] == [
        {"index": 0, "status": "FAILED", "error": "E", "cause": None}
    ]


@pytest.mark.parametrize(
    "again",
    [record(1, "second"), record(1, "second", ExecutionArn=f"{RUN}:new", Name="another")],
    ids=["the same execution", "an execution of its own"],
)
def test_a_redriven_item_counts_once_with_its_success(
    store: CountingStore, again: dict[str, Any]
) -> None:
    files = {"FAILED": array(failed(1), failed(2)), "SUCCEEDED": array(record(0, "first"), again)}
    delta = flattened(store, files)
    assert delta["distributed_outputs"] == ["first", "second"]
    assert [report["index"] for report in delta["failed_segments"]] == [2]


def test_an_item_in_two_files_of_one_outcome_counts_once(store: CountingStore) -> None:
    files = {"SUCCEEDED": [array(record(0, "a"), record(1, "b")), array(record(1, "b"))]}
    assert flattened(store, files)["distributed_outputs"] == ["a", "b"]


@pytest.mark.parametrize("form", [array, lines])
def test_json_and_json_lines_are_read_alike(store: CountingStore, form: Any) -> None:
    body = form(*[record(index, {"text": "ä😀" * 50_000}) for index in range(4)])
    delta = flattened(store, {"SUCCEEDED": body, "FAILED": form(failed(9))})
    assert delta["chunk_count"] == 4
    assert [report["index"] for report in delta["failed_segments"]] == [9]


@pytest.mark.parametrize("body", [b"[]", b"", b"[ ]\n"])
def test_a_file_without_records_has_no_results(store: CountingStore, body: bytes) -> None:
    delta = flattened(store, {"SUCCEEDED": body})
    assert (delta["distributed_outputs"], delta["chunk_count"]) == ([], 0)


def test_numbers_come_back_as_they_were_written(store: CountingStore) -> None:
    output = [1.0, 0.1, 10**20, -0.0, 1e300, 5]
    delta = flattened(store, {"SUCCEEDED": array(record(0, output))})
    assert repr(delta["distributed_outputs"][0]) == repr(output)


def test_outputs_that_are_pointers_are_followed_on_hydrating(store: CountingStore) -> None:
    values = [{"n": index, "words": ["w" * 90] * 2_000} for index in range(3)]
    with fresh(store):
        records = [
            record(index, store_result(value, CONTEXT)) for index, value in enumerate(values)
        ]
        answer = write(store, {"SUCCEEDED": array(*reversed(records))})
    store.reset()
    with fresh(store):
        bag = universal_sync_core({}, answer, AGGREGATE)
        assert len(store.gets) == 2  # the manifest and the file
        assert hydrated(bag)["distributed_outputs"] == values


def test_ten_thousand_results_stay_in_the_bound_and_come_back_whole(store: CountingStore) -> None:
    outputs = [{"n": index, "text": "x" * 60} for index in range(10_000)]
    records = [record(index, output) for index, output in enumerate(outputs)]
    with fresh(store):
        answer = write(store, {"SUCCEEDED": [array(*records[at::4]) for at in range(4)]})
        bag = synced({}, answer, AGGREGATE)
        assert bag["chunk_count"] == 10_000
        assert bag["distributed_outputs"] == outputs[:10]
        assert hydrated(bag)["distributed_outputs"] == outputs


@pytest.mark.slow
def test_large_files_are_read_piece_by_piece(store: CountingStore) -> None:
    output = {"text": "x" * 200_000}
    for number in range(8):
        first = number * 50
        body = array(*[record(first + index, output) for index in range(50)])
        store.put(Location(BUCKET, f"{FOLDER}SUCCEEDED_{number}.json"), body)
    files = [{"Key": f"{FOLDER}SUCCEEDED_{number}.json", "Size": None} for number in range(8)]
    manifest = {"DestinationBucket": BUCKET, "ResultFiles": {"SUCCEEDED": files}}
    with fresh(store, cache_bytes=1):
        answer = write_manifest(store, json.dumps(manifest).encode())
        tracemalloc.start()
        assert flatten_result(answer, CONTEXT)["chunk_count"] == 400
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 80_000_000  # the files are 80 MB, one output of each is shared


def test_reading_is_tried_again_and_counts_nothing_twice() -> None:
    inner = CountingStore()
    files: dict[str, Any] = {"SUCCEEDED": array(record(0, 1)), "FAILED": array(failed(1))}
    answer = write(inner, files)
    with fresh(FlakyStore(inner, fail=TRIES - 1)):
        delta = flatten_result(answer, CONTEXT)
    assert (delta["chunk_count"], len(delta["failed_segments"])) == (1, 1)
    with fresh(FlakyStore(inner, fail=TRIES)), pytest.raises(StoreUnavailableError):
        flatten_result(answer, CONTEXT)
