"""The results of a Distributed Map, whatever order and files they come in.

Hazards held here: PENDING items ignored, results in the order they finished, a whole file in
memory at once, an item's index lost, "no details" read as zero results.
"""

import json
import random
import tracemalloc
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, TRIES, fresh, hydrated, synced
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.map_runs import (
    FOLDER,
    RUN,
    array,
    failed,
    lines,
    pending,
    record,
    write,
    write_manifest,
)
from universal_sync_core import flatten_result, store_result, universal_sync_core
from universal_sync_core.errors import (
    MalformedManifestError,
    MissingObjectError,
    PointerNotAllowedError,
    StateSyncError,
    StoreUnavailableError,
)
from universal_sync_core.store import Location

AGGREGATE = CONTEXT | {"action": "aggregate_distributed"}


def flattened(store: CountingStore, files: dict[str, Any]) -> dict[str, Any]:
    with fresh(store):
        return flatten_result(write(store, files), CONTEXT)


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


def test_records_without_an_index_keep_the_order_of_the_files(store: CountingStore) -> None:
    records = [
        {"Name": f"n{number}", "Input": '"plain"', "Output": str(number), "Status": "SUCCEEDED"}
        for number in (3, 1, 2)
    ]
    delta = flattened(store, {"SUCCEEDED": array(*records)})
    assert delta["distributed_outputs"] == [3, 1, 2]


def test_an_input_that_is_not_wrapped_is_reported_whole(store: CountingStore) -> None:
    line = failed(0, Input='{"service":"s3"}')
    (report,) = flattened(store, {"FAILED": array(line)})["failed_segments"]
    assert (report["index"], report["input"]) == (None, {"service": "s3"})


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


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", MalformedManifestError),
        (b"[]", MalformedManifestError),
        (b"no json", MalformedManifestError),
        (b'{"DestinationBucket":"b","ResultFiles":[]}', MalformedManifestError),
        (b'{"DestinationBucket":"b","ResultFiles":{"SUCCEEDED":[{}]}}', MalformedManifestError),
        (b'{"DestinationBucket":"b","ResultFiles":{"SUCCEEDED":null}}', MalformedManifestError),
        (b'{"ResultFiles":{}}', MalformedManifestError),
        (
            b'{"DestinationBucket":"other","ResultFiles":{"SUCCEEDED":[{"Key":"k"}]}}',
            PointerNotAllowedError,
        ),
        (
            b'{"DestinationBucket":"state-bucket","ResultFiles":{"FAILED":[{"Key":"k"}]}}',
            PointerNotAllowedError,
        ),
        (
            b'{"DestinationBucket":"state-bucket","ResultFiles":{"PENDING":[{"Key":"%b"}]}}'
            % b"distributed/gone.json",
            MissingObjectError,
        ),
    ],
)
def test_a_manifest_that_cannot_be_taken_is_an_error_never_zero_results(
    store: CountingStore, body: bytes, expected: type[StateSyncError]
) -> None:
    with fresh(store):
        answer = write_manifest(store, body)
        with pytest.raises(expected):
            universal_sync_core({}, answer, AGGREGATE)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, MalformedManifestError),
        ({}, MalformedManifestError),
        ({"Bucket": BUCKET}, MalformedManifestError),
        ("s3://b/k", MalformedManifestError),
        ({"Bucket": BUCKET, "Key": f"{FOLDER}manifest.json"}, MissingObjectError),
        ({"Bucket": BUCKET, "Key": "private/manifest.json"}, PointerNotAllowedError),
        ({"Bucket": "other", "Key": f"{FOLDER}manifest.json"}, PointerNotAllowedError),
    ],
)
@pytest.mark.usefixtures("store")
def test_details_that_lead_to_no_manifest_are_an_error(
    details: Any, expected: type[StateSyncError]
) -> None:
    with pytest.raises(expected):
        flatten_result({"MapRunArn": RUN, "ResultWriterDetails": details}, CONTEXT)


GOOD = array(record(0, 1), record(1, 2))


@pytest.mark.parametrize(
    "body",
    [
        GOOD[:-1],
        GOOD[: len(GOOD) // 2],
        lines(record(0), record(1))[:-20],
        b"no json",
        b"[1]",
        b'["text"]',
        b"[[]]",
        b"[null]",
        b"[{}]",
        array(record(0) | {"Output": None}),
        array(record(0) | {"Output": "no json"}),
        array(record(0) | {"Input": "no json"}),
    ],
)
def test_a_damaged_file_is_an_error_not_fewer_results(store: CountingStore, body: bytes) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": body})
        with pytest.raises(MalformedManifestError) as caught:
            flatten_result(answer, CONTEXT)
    assert caught.value.path == f"s3://{BUCKET}/{FOLDER}SUCCEEDED_0.json"


@pytest.mark.parametrize("form", [array, lines])
def test_a_file_cut_between_two_records_is_an_error_too(store: CountingStore, form: Any) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": form(record(0))}, cut=len(lines(record(1))))
        with pytest.raises(MalformedManifestError):
            flatten_result(answer, CONTEXT)


@pytest.mark.parametrize("inside", ["the output", "an input"])
def test_a_record_that_points_elsewhere_is_refused(store: CountingStore, inside: str) -> None:
    with fresh(store):
        foreign = store_result({"a": 1}, {"execution_id": "another"})
        line = (
            record(0, foreign)
            if inside == "the output"
            else failed(0, Input=json.dumps({"item": foreign, "index": 0}))
        )
        answer = write(store, {"SUCCEEDED" if "Output" in line else "FAILED": array(line)})
        with pytest.raises(PointerNotAllowedError):
            flatten_result(answer, CONTEXT)


def test_reading_is_tried_again_and_counts_nothing_twice() -> None:
    inner = CountingStore()
    files: dict[str, Any] = {"SUCCEEDED": array(record(0, 1)), "FAILED": array(failed(1))}
    answer = write(inner, files)
    with fresh(FlakyStore(inner, fail=TRIES - 1)):
        delta = flatten_result(answer, CONTEXT)
    assert (delta["chunk_count"], len(delta["failed_segments"])) == (1, 1)
    with fresh(FlakyStore(inner, fail=TRIES)), pytest.raises(StoreUnavailableError):
        flatten_result(answer, CONTEXT)


@pytest.mark.parametrize(
    ("files", "next_action"),
    [
        ({"SUCCEEDED": array(record(0, 1)), "FAILED": array(failed(1))}, "CONTINUE"),
        ({"FAILED": array(failed(0), failed(1))}, "FAILED"),
        ({"FAILED": array(failed(0)), "PENDING": array(pending(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, {"status": "FAILED"}))}, "FAILED"),
        ({"SUCCEEDED": b"[]"}, "CONTINUE"),
    ],
)
def test_when_all_items_failed_the_workflow_has_failed(
    store: CountingStore, files: dict[str, Any], next_action: str
) -> None:
    with fresh(store):
        bag = universal_sync_core({}, write(store, files), AGGREGATE)
    assert bag["next_action"] == next_action
