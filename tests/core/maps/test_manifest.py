"""The results of a Distributed Map, whatever order and files they come in.

Hazards held here: PENDING items ignored, results in the order they finished, a whole file in
memory at once, an item's index lost, "no details" read as zero results.
"""

import json
import random
import tracemalloc
from typing import Any

import pytest

from tests.core.bags import (
    BUCKET,
    CONTEXT,
    EXECUTION,
    OTHER_EXECUTION,
    TRIES,
    fresh,
    hydrated,
    synced,
)
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
from universal_sync_core import (
    first_bag,
    flatten_result,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedManifestError,
    MissingObjectError,
    PointerNotAllowedError,
    StateSyncError,
    StoreUnavailableError,
)
from universal_sync_core.storage.store import Location

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
        ({"SUCCEEDED": array(record(0, 1)), "FAILED": array(failed(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, 1)), "PENDING": array(pending(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, 1), record(1, 2))}, "CONTINUE"),
        ({"FAILED": array(failed(0), failed(1))}, "FAILED"),
        ({"FAILED": array(failed(0)), "PENDING": array(pending(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, {"status": "FAILED"}))}, "FAILED"),
        ({"SUCCEEDED": b"[]"}, "CONTINUE"),
    ],
)
def test_an_item_that_failed_fails_the_workflow_where_nothing_is_tolerated(
    store: CountingStore, files: dict[str, Any], next_action: str
) -> None:
    with fresh(store):
        bag = universal_sync_core({}, write(store, files), AGGREGATE)
    assert bag["next_action"] == next_action
    assert bag.get("status") == ("FAILED" if next_action == "FAILED" else None)


@pytest.mark.parametrize(
    ("tolerated", "failures", "next_action"),
    [
        (0, 0, "CONTINUE"),
        (0, 1, "FAILED"),
        (3, 3, "CONTINUE"),
        (3.0, 3, "CONTINUE"),
        (3, 4, "FAILED"),
        (40, 40, "CONTINUE"),
        ("0%", 1, "FAILED"),
        ("5%", 2, "CONTINUE"),
        ("5%", 3, "FAILED"),
        ("7.5%", 3, "CONTINUE"),
        ("7.499%", 3, "FAILED"),
        ("100%", 40, "CONTINUE"),
    ],
)
@pytest.mark.parametrize("kind", ["manifest", "manifest of outputs", "list"])
def test_as_many_may_fail_as_the_bag_tolerates(
    store: CountingStore, kind: str, tolerated: Any, failures: int, next_action: str
) -> None:
    count = 40
    outcomes: list[Any] = [{"status": "FAILED"} if n < failures else n for n in range(count)]
    with fresh(store):
        if kind == "list":
            result: Any = outcomes
        elif kind == "manifest of outputs":
            result = write(
                store, {"SUCCEEDED": array(*[record(n, each) for n, each in enumerate(outcomes)])}
            )
        else:
            halves = {
                "SUCCEEDED": array(*[record(n, n) for n in range(failures, count)]),
                "FAILED": array(*[failed(n) for n in range(failures // 2)]),
                "PENDING": array(*[pending(n) for n in range(failures // 2, failures)]),
            }
            result = write(store, halves)
        bag = synced(CONTEXT, {"tolerated_failed_items": tolerated})
        after = universal_sync_core(bag, result, AGGREGATE)
        assert after["next_action"] == next_action
        assert len(hydrated(after).get("failed_segments", [])) == failures


@pytest.mark.parametrize(
    "tolerated",
    [-1, 0.5, True, None, "5", "5 %", "101%", "-1%", "%", "1e2%", "\uff15%", [], {}, 10**30],
)
@pytest.mark.usefixtures("store")
def test_a_tolerance_is_a_count_or_a_percentage(tolerated: Any) -> None:
    for action in ("sync", "init", "merge_callback"):
        with pytest.raises(InvalidRequestError, match="tolerated_failed_items must be"):
            universal_sync_core(CONTEXT, {"tolerated_failed_items": tolerated}, {"action": action})


def test_a_tolerance_stays_where_it_is_read_in_a_bag_of_very_many_fields() -> None:
    many = {f"field-{n}": "x" * 200 for n in range(900)}
    with fresh(CountingStore()):
        bag = synced(CONTEXT, {"tolerated_failed_items": "50%"} | many)
        assert bag["tolerated_failed_items"] == "50%"
        joined = universal_sync_core(bag, [{"status": "FAILED"}, 1], AGGREGATE)
    assert joined["next_action"] == "CONTINUE"


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
def test_outputs_without_records_are_outputs_where_the_manifest_says_so(
    store: CountingStore, transformation: str
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(*OUTPUTS), "FAILED": array(failed(9))})
        key = answer["ResultWriterDetails"]["Key"]
        manifest = json.loads(store.get(Location(BUCKET, key)).body)
        manifest["WriterConfig"] = {"Transformation": transformation, "OutputType": "JSON"}
        answer = write_manifest(store, json.dumps(manifest).encode(), FOLDER + "again/")
        delta = flatten_result(answer, CONTEXT)
    assert delta["distributed_outputs"] == OUTPUTS
    assert [report["index"] for report in delta["failed_segments"]] == [9]


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


def details(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ResultWriterDetails": answer["ResultWriterDetails"]}


def test_the_details_alone_are_read_as_a_result_selector_leaves_them(store: CountingStore) -> None:
    with fresh(store):
        answer = details(write(store, {"SUCCEEDED": array(record(0, 1))}))
        bag = universal_sync_core(CONTEXT, answer, AGGREGATE)
        assert bag["distributed_outputs"] == [1]
        beside = universal_sync_core(CONTEXT, answer | {"started": "today"}, AGGREGATE)
        assert (beside["distributed_outputs"], beside["started"]) == ([1], "today")


def test_what_a_map_answers_may_stand_alone_in_execution_result(store: CountingStore) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1))})
        bag = universal_sync_core(CONTEXT, {"execution_result": answer}, AGGREGATE)
        assert bag["distributed_outputs"] == [1]


@pytest.mark.parametrize("answer", [{"MapRunArn": RUN}, {"MapRunArn": RUN, "started": "today"}])
@pytest.mark.usefixtures("store")
def test_a_map_run_without_its_details_is_never_zero_results(answer: dict[str, Any]) -> None:
    for result in (answer, {"execution_result": answer}):
        with pytest.raises(MalformedManifestError, match="must have Bucket and Key"):
            universal_sync_core(CONTEXT, result, AGGREGATE)


@pytest.mark.parametrize("name", ["failed_segments", "distributed_outputs", "chunk_count"])
def test_a_field_beside_the_details_wins_nothing_from_the_results(
    store: CountingStore, name: str
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1))})
        with pytest.raises(InvalidRequestError, match=name):
            universal_sync_core(CONTEXT, answer | {name: 5}, AGGREGATE)


BROKEN: list[Any] = [
    {},
    None,
    [],
    "s3://b/k",
    {"Bucket": BUCKET},
    {"Bucket": 5, "Key": FOLDER},
    {"Bucket": f"{BUCKET}/{FOLDER}", "Key": "manifest.json"},
    {"Bucket": BUCKET, "Key": ""},
    {"Bucket": BUCKET, "Key": None},
]


@pytest.mark.parametrize("more", [{}, {"MapRunArn": RUN}, {"started": 5}])
@pytest.mark.parametrize("broken", BROKEN, ids=repr)
@pytest.mark.usefixtures("store")
def test_broken_details_are_never_zero_results(broken: Any, more: dict[str, Any]) -> None:
    with pytest.raises(MalformedManifestError, match="must have Bucket and Key"):
        universal_sync_core(CONTEXT, {"ResultWriterDetails": broken, **more}, AGGREGATE)


@pytest.mark.parametrize(
    "action",
    ["sync", "sync_branch", "merge_callback", "merge_async", "update_and_compress", "init"],
)
def test_to_any_other_action_a_result_of_that_form_is_data(
    store: CountingStore, action: str
) -> None:
    with fresh(store):
        answer = write(store, {"FAILED": array(failed(0))})
        store.reset()
        for result in (answer, {"callback_result": answer}, details(answer)):
            bag = universal_sync_core(CONTEXT, result, {"action": action})
            assert hydrated(bag)["ResultWriterDetails"] == answer["ResultWriterDetails"]
            assert "failed_segments" not in bag
        assert store.gets == []


@pytest.mark.parametrize(
    ("chain", "folder", "is_read"),
    [
        (None, "distributed/run-1/x/", True),
        (None, "distributed/run-2/x/", False),
        (None, "distributed/run-12/x/", False),
        (None, "distributed/", False),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-2/x/", True),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-1/x/", True),
        ([EXECUTION, OTHER_EXECUTION], "distributed/run-3/x/", False),
        (None, "elsewhere/", False),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["few fields", "many fields"])
def test_results_are_read_from_the_maps_of_the_bags_own_executions(
    store: CountingStore, chain: Any, folder: str, *, is_read: bool, many: bool
) -> None:
    with fresh(store):
        answer = write(store, {"SUCCEEDED": array(record(0, 1))}, folder=folder)
        more = {f"field-{n}": "x" * 200 for n in range(900)} if many else {}
        more |= {"execution_chain": chain} if chain else {}
        bag = synced(CONTEXT, more)
        if is_read:
            assert universal_sync_core(bag, answer, AGGREGATE)["chunk_count"] == 1
        else:
            with pytest.raises(PointerNotAllowedError):
                universal_sync_core(bag, answer, AGGREGATE)


@pytest.mark.parametrize("action", ["sync", "sync_branch", "merge_callback", "merge_async"])
@pytest.mark.usefixtures("store")
def test_a_result_does_not_say_whose_maps_may_be_read(action: str) -> None:
    forged = {"execution_chain": [EXECUTION, "arn:aws:states:eu-west-1:1:execution:m:victim"]}
    with pytest.raises(InvalidRequestError, match="execution_chain"):
        universal_sync_core(CONTEXT, forged, {"action": action})
    for given in (forged, forged | {"resume_from": "s3://b/k"}):
        with pytest.raises(InvalidRequestError, match="execution_chain"):
            first_bag(given, CONTEXT)
