"""A manifest or a file that cannot be taken is an error, never zero results or fewer."""

import json
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, fresh
from tests.core.fakes import CountingStore
from tests.core.map_runs import (
    AGGREGATE,
    FOLDER,
    RUN,
    array,
    failed,
    lines,
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
)


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
            % b"distributed/run-1/gone.json",
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
        array(record(0) | {"ExecutionArn": ["no text"]}),
        array({"Name": {"no": "text"}, "Output": "1", "Status": "SUCCEEDED"}),
    ],
)
def test_a_damaged_file_is_an_error_not_fewer_results(store: CountingStore, body: bytes) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": body})
        with pytest.raises(MalformedManifestError) as caught:
            flatten_result(answer, CONTEXT)
    assert caught.value.path == f"s3://{BUCKET}/{FOLDER}SUCCEEDED_0.json"


@pytest.mark.parametrize("name", ["Error", "Cause", "Status"])
def test_what_is_said_of_a_failure_is_text(store: CountingStore, name: str) -> None:
    """A value of any other type would come into the bag unlooked at."""
    with fresh(store):
        foreign = store_result({"a": 1}, {"execution_id": "another"})
        answer = write(store, {"FAILED": array(failed(0) | {name: foreign})})
        with pytest.raises(MalformedManifestError):
            flatten_result(answer, CONTEXT)


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


@pytest.mark.parametrize(
    "line",
    [
        {"Input": "no json"},
        {"Input": 5},
        {"Output": 5},
        {"Output": ""},
        {"Output": "no json"},
        {"Output": '{"n": NaN}'},
    ],
)
def test_the_error_of_a_malformed_record_names_file_and_record(
    store: CountingStore, line: dict[str, Any]
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": [array(), array(record(0, 1), record(1, 2, **line))]})
        with pytest.raises(MalformedManifestError, match="record 1 ") as caught:
            flatten_result(answer, CONTEXT)
    assert caught.value.path == f"s3://{BUCKET}/{FOLDER}SUCCEEDED_1.json"
