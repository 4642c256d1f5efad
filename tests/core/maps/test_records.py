"""What one record of a result file says: which item it is of, its input, and its output."""

import json
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, fresh
from tests.core.fakes import CountingStore
from tests.core.map_runs import (
    FOLDER,
    RUN,
    array,
    failed,
    flattened,
    lines,
    record,
    write,
    write_manifest,
)
from universal_sync_core import flatten_result
from universal_sync_core.errors import MalformedManifestError
from universal_sync_core.storage.store import Location


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


# Whoever's machine it is: what looks like a place in its items is its own.
OF_A_USER: list[tuple[str, Any]] = [
    ("item and index", {"item": "sku", "index": 0}),
    ("index alone", {"index": 0}),
    ("no execution", {"execution_id": None, "item": "sku", "index": 0}),
    ("more keys", {"execution_id": EXECUTION, "item": "sku", "index": 0, "more": 1}),
    ("no whole number", {"execution_id": EXECUTION, "item": "sku", "index": True}),
    ("negative", {"execution_id": EXECUTION, "item": "sku", "index": -1}),
    ("text", "sku"),
    ("null", None),
]


@pytest.mark.parametrize("given", [given for _, given in OF_A_USER], ids=[n for n, _ in OF_A_USER])
def test_the_record_tells_items_apart_and_no_field_of_the_users(
    store: CountingStore, given: Any
) -> None:
    same = {"Input": json.dumps(given)}
    files = {
        "SUCCEEDED": array(record(0, "a", **same), record(1, "b", **same)),
        "FAILED": array(failed(2, **same)),
        "PENDING": array({**same, "Name": "name-3"}, {**same, "Name": "name-4"}),
    }
    delta = flattened(store, files)
    assert delta["distributed_outputs"] == ["a", "b"]
    assert [report["input"] for report in delta["failed_segments"]] == [given] * 3
    assert [report["index"] for report in delta["failed_segments"]] == [None] * 3


def test_items_that_look_as_ours_but_are_of_another_execution_are_all_kept(
    store: CountingStore,
) -> None:
    same = {"Input": json.dumps({"execution_id": "another", "item": "sku", "index": 0})}
    files = {
        "SUCCEEDED": array(record(0, "a", **same), record(1, "b", **same)),
        "FAILED": array(failed(2, **same), failed(3, **same)),
    }
    delta = flattened(store, files)
    assert (delta["distributed_outputs"], len(delta["failed_segments"])) == (["a", "b"], 2)


def test_a_record_in_two_files_counts_once_by_its_own_name(store: CountingStore) -> None:
    line = record(0, "a", Input='{"sku": 1}')
    late = failed(0, Input='{"sku": 1}')
    delta = flattened(store, {"SUCCEEDED": [array(line), array(line)], "FAILED": array(late)})
    assert (delta["distributed_outputs"], "failed_segments" in delta) == (["a"], False)


@pytest.mark.parametrize(
    "fields",
    [
        {"Input": ""},
        {"Input": None},
        {"Input": "", "InputDetails": {"Included": False}},
        {"Input": None, "InputDetails": {"Included": False}},
        {"Input": "left out", "InputDetails": {"Included": False}},
    ],
)
def test_an_item_whose_input_was_not_included_has_the_input_null(
    store: CountingStore, fields: dict[str, Any]
) -> None:
    files = {
        "SUCCEEDED": array(record(0, 1), record(1, 2, **fields)),
        "FAILED": array(failed(2), failed(3, **fields)),
        "PENDING": array({"Status": "PENDING", **fields}, {"Status": "PENDING"}),
    }
    delta = flattened(store, files)
    assert delta["distributed_outputs"] == [1, 2]
    inputs = [report["input"] for report in delta["failed_segments"]]
    assert inputs == ["item 2", None, None, None]


def test_an_output_that_was_not_included_is_null(store: CountingStore) -> None:
    left_out = record(1, OutputDetails={"Included": False}) | {"Output": ""}
    delta = flattened(store, {"SUCCEEDED": array(record(0, 1), left_out)})
    assert delta["distributed_outputs"] == [1, None]


# Outputs as COMPACT and FLATTEN leave them; the last are as Step Functions describes executions
# that a child started itself.
OUTPUTS: list[Any] = [
    {"order": 1, "rates": [1.5, 2.0, 10**20, -1e300]},
    {"Output": "{}"},
    record(0, "inner", Status="RUNNING"),
    [1, 2],
    "text",
    5,
    None,
    {},
    record(0, "inner", ExecutionArn="arn:aws:states:eu-west-1:123456789012:execution:other:x"),
]


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: repr(output)[:20])
def test_outputs_without_records_are_refused_by_the_name_of_what_wrote_them(
    store: CountingStore, output: Any
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(output, output)})
        with pytest.raises(MalformedManifestError, match=r"record 0 .*WriterConfig"):
            flatten_result(answer, CONTEXT)


def test_a_record_of_this_map_run_is_one(store: CountingStore) -> None:
    arn = RUN.replace(":mapRun:", ":execution:").rsplit(":", 1)[0] + ":child"
    delta = flattened(store, {"SUCCEEDED": array(record(0, "mine", ExecutionArn=arn))})
    assert delta["distributed_outputs"] == ["mine"]


@pytest.mark.parametrize("transformation", ["COMPACT", "FLATTEN"])
@pytest.mark.parametrize("written_as", ["JSON", "JSONL"])
def test_outputs_without_records_are_outputs_where_the_manifest_says_so(
    store: CountingStore, transformation: str, written_as: str
) -> None:
    outputs: list[Any] = [["an array", 1], *OUTPUTS]
    body = array if written_as == "JSON" else lines
    with fresh(store):
        answer = write(store, {"SUCCEEDED": body(*outputs), "FAILED": body(failed(9))})
        key = answer["ResultWriterDetails"]["Key"]
        manifest = json.loads(store.get(Location(BUCKET, key)).body)
        manifest["WriterConfig"] = {"Transformation": transformation, "OutputType": written_as}
        answer = write_manifest(store, json.dumps(manifest).encode(), FOLDER + "again/")
        delta = flatten_result(answer, CONTEXT)
    assert delta["distributed_outputs"] == outputs
    assert [report["index"] for report in delta["failed_segments"]] == [9]
