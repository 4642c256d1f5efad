"""The kinds of documents that workflows of the field carry, through every way in and back.

Results of AWS services, events of Lambda, definitions of state machines, and the corners of JSON
that the test suites of parsers are about; small and large, as one document and as items.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import BOUND, CONTEXT, EXECUTION, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.map_runs import array, record, write
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    create_snapshot,
    first_bag,
    fork_branch,
    join_branches,
    merge_answer,
    open_bag,
    plain,
    restore_snapshot,
    state_task,
    universal_sync_core,
)

Way = Callable[[CountingStore, Any], Any]
EVENT = {"execution_id": EXECUTION}
LARGE = 260


def textract(blocks: int) -> Any:
    """Return what `textract:AnalyzeDocument` answers: blocks that name one another."""
    box = {"Width": 0.3175, "Height": 0.01883, "Left": 0.0625, "Top": 1.1920928955078125e-07}
    corners = [{"X": 0.1, "Y": 9.313225746154785e-10}, {"X": 1.0, "Y": 0.0}]
    return {
        "DocumentMetadata": {"Pages": 1},
        "Blocks": [
            {
                "BlockType": "WORD" if number % 3 else "KEY_VALUE_SET",
                "Confidence": 99.42333984375 - number / 7,
                "Text": f"Größe {number}",
                "Geometry": {"BoundingBox": box, "Polygon": corners},
                "Id": f"{number:08x}-0000-4000-8000-000000000000",
                "Relationships": [{"Type": "CHILD", "Ids": [f"{number + 1:08x}", f"{number:08x}"]}],
                "EntityTypes": ["KEY"] if number % 2 else [],
                "Query": None,
            }
            for number in range(blocks)
        ],
        "HumanLoopActivationOutput": {},
        "AnalyzeDocumentModelVersion": "1.0",
    }


def transcribe(words: int) -> Any:
    """Return the transcript that `transcribe` leaves in S3: numbers are texts."""
    items = [
        {
            "type": "pronunciation" if number % 5 else "punctuation",
            "start_time": f"{number / 2}",
            "alternatives": [{"confidence": "0.0", "content": "日本語" if number % 2 else "."}],
        }
        for number in range(words)
    ]
    return {
        "jobName": "call-1",
        "accountId": "012345678901",
        "status": "COMPLETED",
        "results": {"transcripts": [{"transcript": "はい。 " * words}], "items": items},
    }


def http_event(headers: int) -> Any:
    """Return an event of API Gateway, whose body is JSON in a text."""
    many = {f"X-Header-{number}": [f"value {number}", ""] for number in range(headers)}
    return {
        "resource": "/{proxy+}",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "": "no name"},
        "multiValueHeaders": many,
        "queryStringParameters": None,
        "requestContext": {"requestTimeEpoch": 1_764_090_000_000, "identity": {"userArn": None}},
        "body": json.dumps({"message": 'hello "world" \\ \u0000', "n": 1.0}),
        "isBase64Encoded": False,
    }


def records_event(count: int) -> Any:
    """Return records as streams and queues send them: DynamoDB, Kinesis, SQS."""
    return {
        "Records": [
            {
                "eventID": str(number),
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_479_499_740.0,
                    "Keys": {"Id": {"N": "101"}},
                    "NewImage": {"L": {"L": [{"NULL": True}, {"S": ""}, {"BOOL": False}]}},
                    "SequenceNumber": "4421584500000000017450439091",
                },
                "kinesis": {"data": "SGVsbG8=", "partitionKey": "1"},
                "messageAttributes": {},
                "body": '{"status": "COMPLETE", "__s3_offloaded": true}',
            }
            for number in range(count)
        ]
    }


def definition(states: int) -> Any:
    """Return a state machine in ASL, with keys that are paths and words of its own."""
    return {
        "StartAt": "S0",
        "TimeoutSeconds": 3.0e2,
        "States": {
            f"S{number}": {
                "Type": "Task",
                "Resource": "arn:${Partition}:states:::lambda:invoke",
                "Parameters": {"Payload.$": "$", "ids.$": "$..[?(@.id==1)]", "status": "FAILED"},
                "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 2.0, "MaxAttempts": 0}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "F"}],
                "ResultPath": None,
                "End": True,
            }
            for number in range(states)
        },
    }


# Texts of JSON that parsers are known to differ about.
CORNERS = (
    '{"":0, " ":{"":{}}, "\\u0000":"\\u0000", "a.b":[], "a[0]":1, "$":"$.x", "__proto__":null}',
    '{"a":"b","a":"c"}',
    "[-0, -0.0, 0.0, 0, 1, 1.0, true, false, null]",
    "[1E22, 1e-2, 123.456e78, 0.1e1, 20e1, 1E-2, 5e-324, 1.7976931348623157e308, -1e-400]",
    "[9007199254740993, 9223372036854775808, 18446744073709551616, -100000000000000000000000]",
    '["\\uD801\\uDC37", "\\uDBFF\\uDFFE", "\\u2028\\u2029", "\\uFEFF", "\\uFDD0", "\\u007F", "é"]',
    '["\\uD83D", "\\uDD1D\\uD834", "x\\uDFAAy", {"\\uD800": "\\uDBFF"}]',
    '["\\"\\\\\\/\\b\\f\\n\\r\\t", "\\\\u0000", "a/*b*/c", "\\u0022", "[1]", "null"]',
    '[[], {}, [[]], [{}], {"a":[]}, [null, [null]], ""]',
    '{"__s3_offloaded": true, "__escaped:x": 1, "__packed": "x", "__s3_path": "s3://b/k"}',
    '{"status": "DONE", "error": {}, "Error": 1, "Cause": null, "state_data": {"state_data": 1}}',
    '{"updated_at": "", "timestamp": "0", "loop_counter": "x", "execution_id": null}',
    "[" * 300 + "]" * 300,
    '{"a":' * 200 + "0" + "}" * 200,
)


def corners(times: int) -> Any:
    return {"corners": [json.loads(text) for text in CORNERS] * (1 + times // 60)}


KINDS: dict[str, Callable[[int], Any]] = {
    "textract": textract,
    "transcribe": transcribe,
    "http event": http_event,
    "records event": records_event,
    "definition": definition,
    "corners of JSON": corners,
}


def start() -> dict[str, Any]:
    return first_bag({"total_segments": 9}, CONTEXT)


def given_back(bag: dict[str, Any]) -> Any:
    assert calculate_payload_size(bag) <= BOUND
    return hydrated(json.loads(json.dumps(bag)))["current_state"]["document"]


def delta(document: Any) -> dict[str, Any]:
    return {"current_state": {"document": document}}


def synced_by(action: str) -> Way:
    def through(_: CountingStore, document: Any) -> Any:
        bag = universal_sync_core(start(), delta(document), {"action": action})
        return given_back(universal_sync_core(bag, {"current_state": {"x": 1}}, {"action": "sync"}))

    return through


def by_worker(*, sync: bool, eager: bool = False) -> Way:
    """Return the way through a worker that answers it, and one that reads it and answers it."""

    def through(store: CountingStore, document: Any) -> Any:
        options: dict[str, Any] = {"needs": ["current_state.document"]} if eager else {}
        first = state_task(sync=sync)(lambda *_: delta(document))
        second = state_task(sync=sync, eager=eager, **options)(
            lambda state, _: {"current_state": {"again": state["current_state"]["document"]}}
        )
        bag = start()
        for worker in (first, second):
            with fresh(store):
                bag = merge_answer(bag, json.loads(json.dumps(worker({"state_data": bag}, None))))
        with fresh(store):
            whole = hydrated(bag)["current_state"]
            assert json.dumps(whole["document"]) == json.dumps(whole["again"])
            return given_back(bag)

    return through


def in_open_bag(_: CountingStore, document: Any) -> Any:
    state = open_bag(start())
    state.merge(delta(document))
    assert json.dumps(plain(state.read("current_state.document"))) == json.dumps(document)
    return given_back(state.commit())


def in_branch(_: CountingStore, document: Any) -> Any:
    ask = {"status": "PARALLEL_GROUP", "pending_branches": [{"branch_id": "a"}]}
    parent = universal_sync_core(start(), ask, {"action": "sync"})
    branch = fork_branch(parent, {"branch_id": "a"})
    ended = universal_sync_core(branch, delta(document), {"action": "sync_branch"})
    return given_back(join_branches(parent, [complete_branch(ended)]))


def as_input(_: CountingStore, document: Any) -> Any:
    return given_back(first_bag(delta(document), CONTEXT))


def in_snapshot(_: CountingStore, document: Any) -> Any:
    bag = universal_sync_core(start(), delta(document), {"action": "sync"})
    snapped = create_snapshot(bag, "pre", CONTEXT)
    return given_back(restore_snapshot(snapped["pre_snapshot_s3_path"], CONTEXT))


def as_item(_: CountingStore, document: Any) -> Any:
    worker = state_task(lambda state, _: {"value": state["item"]})
    answers = [worker(EVENT | {"item": document, "index": n}, None) for n in range(2)]
    bag = universal_sync_core(start(), answers, {"action": "aggregate_distributed"})
    assert bag["next_action"] == "CONTINUE"
    one, other = (output["value"] for output in hydrated(bag)["distributed_outputs"])
    assert json.dumps(one) == json.dumps(other)
    return one


def in_result_files(store: CountingStore, document: Any) -> Any:
    written = write(store, {"SUCCEEDED": array(record(0, {"value": document}))})
    bag = universal_sync_core(start(), written, {"action": "aggregate_distributed"})
    assert bag["next_action"] == "CONTINUE"
    return hydrated(bag)["distributed_outputs"][0]["value"]


WAYS: dict[str, Way] = {
    "sync": synced_by("sync"),
    "update_and_compress": synced_by("update_and_compress"),
    "merge_callback": synced_by("merge_callback"),
    "merge_async": synced_by("merge_async"),
    "input": as_input,
    "worker": by_worker(sync=False),
    "worker that syncs": by_worker(sync=True),
    "worker that reads eagerly": by_worker(sync=True, eager=True),
    "open_bag": in_open_bag,
    "branch": in_branch,
    "snapshot": in_snapshot,
    "item": as_item,
    "result files": in_result_files,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
def test_a_document_of_the_field_comes_back_to_the_letter(
    store: CountingStore, kind: str, way: str, size: int
) -> None:
    document = KINDS[kind](size)
    assert json.dumps(WAYS[way](store, document)) == json.dumps(document)
