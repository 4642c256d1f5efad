"""A state machine that is not ours: decorated handlers, states that offload, nothing lost."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud, UserFunction
from local.limits import PAYLOAD_BYTES
from tests.core.documents.oracle import is_pointer, pointers
from universal_sync_core import hydrate
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store

pytestmark = pytest.mark.local

HANDLERS = {name: f"orders.{name}" for name in ("collect", "quote", "measure", "summarise")}
ORDER = {"order": {"id": 7, "status": "OPEN"}, "note": "two of them"}
OWNER_PATH = (
    r"States.Base64Encode(States.Format('\{\"custom\":\{\"execution_id\":\"{}\"%s\}\}',"
    " $$.Execution.Id))"
).replace('\\"', '"')
OWNER_JSONATA = (
    "{% $base64encode($string({'custom': {'execution_id': $states.context.Execution.Id}})) %}"
)
QUOTED = "{% $merge([$states.input, {'first': {'body': $states.result.Payload}}]) %}"
TOLD = {
    "report": 300_000,
    "lines": 600_000,
    "quotes": {"first": 90_000, "second": 90_000, "third": 90_000},
}
SIZES = [{"sku": f"s-{n}", "size": 20_000} for n in range(30)]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    functions = [
        UserFunction(
            name=name,
            code_dir=Path(__file__).parent / "handlers",
            handler=handler,
            with_layer=True,
        )
        for name, handler in HANDLERS.items()
    ]
    with LocalCloud.start(extra_functions=functions) as started:
        yield started


NUMBERS = itertools.count(1)


def invoke(name: str, payload: Any, **beside: Any) -> dict[str, Any]:
    """Return a JSONPath task that invokes a handler."""
    words = beside.pop("words", "")
    parameters = {"FunctionName": name, "ClientContext.$": OWNER_PATH % words, **payload}
    resource = "arn:aws:states:::lambda:invoke"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **beside}


def offloads(at_most: int = 32_768, **beside: Any) -> dict[str, Any]:
    """Return a JSONPath state that offloads."""
    payload = {
        "action": "offload",
        "execution_id.$": "$$.Execution.Id",
        "document.$": "$",
        "at_most": at_most,
        "open": ["order"],
        "list": ["lines"],
        "plain": ["order.status"],
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${StateDataManagerFunction}", "Payload": payload},
        "OutputPath": "$.Payload.document",
        **beside,
    }


def quoted(letter: str, at: str, following: str) -> dict[str, Any]:
    """Return a task of a handler that knows no pointers, which answers beside the document."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "quote", "Payload": {"letter": letter}},
        "ResultSelector": {"body.$": "$.Payload"},
        "ResultPath": f"$.{at}",
        "Next": following,
    }


def in_json_path(*, with_room: bool) -> dict[str, Any]:
    """Return the machine, with or without the states that make room."""
    words = ',"open":["order"],"list":["lines"],"plain":["order.status"]'
    measured = invoke("measure", {"Payload": {"line.$": "$"}}, OutputPath="$.Payload", End=True)
    choice = {"Variable": "$.order.status", "StringEquals": "OPEN", "Next": "Stamp"}
    room = ["Room2", "Room3"] if with_room else ["Second", "Third"]
    states: dict[str, Any] = {
        "Collect": invoke(
            "collect",
            {"Payload.$": "$"},
            words=words.replace("{", r"\{"),
            OutputPath="$.Payload",
            Next="IsOpen",
        ),
        "IsOpen": {"Type": "Choice", "Choices": [choice], "Default": "Closed"},
        "Closed": {"Type": "Fail", "Error": "Closed"},
        "Stamp": {
            "Type": "Pass",
            "Result": "stamped",
            "ResultPath": "$.order.stamp",
            "Next": "First",
        },
        "First": quoted("a", "first", room[0]),
        "Second": quoted("b", "second", room[1]),
        "Third": quoted("c", "third", "Measure"),
        "Measure": {
            "Type": "Map",
            "ItemsPath": "$.lines",
            "ItemProcessor": {"StartAt": "One", "States": {"One": measured}},
            "ResultPath": "$.sizes",
            "Next": "Room4" if with_room else "Summarise",
        },
        "Summarise": invoke("summarise", {"Payload.$": "$"}, OutputPath="$.Payload", End=True),
    }
    if with_room:
        states["Room2"] = offloads(Next="Second")
        states["Room3"] = offloads(Next="Third")
        states["Room4"] = offloads(Next="Summarise")
    return {"StartAt": "Collect", "States": states}


def expected() -> dict[str, Any]:
    lines = [{"sku": f"s-{n}", "text": "l" * 20_000} for n in range(30)]
    quotes = {
        name: {"body": letter * 90_000}
        for name, letter in (("first", "a"), ("second", "b"), ("third", "c"))
    }
    order = {**ORDER["order"], "stamp": "stamped"}  # type: ignore[dict-item]
    document = {**ORDER, "order": order, "report": "r" * 300_000, "lines": lines, **quotes}
    return {"told": TOLD, "document": {**document, "sizes": SIZES}}


def run(cloud: LocalCloud, definition: dict[str, Any]) -> Execution:
    arn = cloud.create_state_machine(f"orders-{next(NUMBERS)}", definition)
    return cloud.start_execution(ORDER, state_machine_arn=arn).wait(120)


def whole(cloud: LocalCloud, execution: Execution) -> Any:
    """Return the output with everything read that the execution owns."""
    settings = Settings(bucket=cloud.outputs["StateBucketName"])
    with runtime.use(settings=settings, store=S3Store(client=cloud.client("s3"))):
        return hydrate(execution.output, context={"execution_id": execution.arn})


def test_machine_with_room_carries_what_ends_it_without(cloud: LocalCloud) -> None:
    without = run(cloud, in_json_path(with_room=False))
    assert (without.status, without.error) == ("FAILED", "States.DataLimitExceeded")

    execution = run(cloud, in_json_path(with_room=True))

    assert execution.status == "SUCCEEDED", execution.error
    assert whole(cloud, execution) == expected()
    assert list(pointers(execution.output))
    visits = cloud.visits_of(execution.arn)
    assert max(max(visit.input_bytes, visit.output_bytes) for visit in visits) <= PAYLOAD_BYTES


def in_jsonata() -> dict[str, Any]:
    """Return a smaller machine in JSONata."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    given = "{% $states.input %}"
    offload = {
        "action": "offload",
        "execution_id": "{% $states.context.Execution.Id %}",
        "document": given,
        "at_most": 32_768,
        "plain": ["order.status", "lines[*].sku"],
    }
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Collect",
        "States": {
            "Collect": {
                **task,
                "Arguments": {
                    "FunctionName": "collect",
                    "Payload": given,
                    "ClientContext": OWNER_JSONATA,
                },
                "Output": "{% $states.result.Payload %}",
                "Next": "Quote",
            },
            "Quote": {
                **task,
                "Arguments": {"FunctionName": "quote", "Payload": {"letter": "a"}},
                "Output": QUOTED,
                "Next": "MakeRoom",
            },
            "MakeRoom": {
                **task,
                "Arguments": {"FunctionName": "${StateDataManagerFunction}", "Payload": offload},
                "Output": "{% $states.result.Payload.document %}",
                "Next": "IsOpen",
            },
            "IsOpen": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.order.status = 'OPEN' %}", "Next": "Skus"}
                ],
                "Default": "Closed",
            },
            "Closed": {"Type": "Fail", "Error": "Closed"},
            "Skus": {
                "Type": "Pass",
                "Output": {"skus": "{% $states.input.lines.sku %}", "all": given},
                "End": True,
            },
        },
    }


def test_machine_in_jsonata_reads_in_place_what_its_words_name(cloud: LocalCloud) -> None:
    execution = run(cloud, in_jsonata())

    assert execution.status == "SUCCEEDED", execution.error
    assert execution.output["skus"] == [f"s-{n}" for n in range(30)]
    small = execution.output["all"]
    assert is_pointer(small["report"])
    assert is_pointer(small["lines"][0]["text"])
    document = whole(cloud, execution)["all"]
    assert document["report"] == "r" * 300_000
    assert document["first"] == {"body": "a" * 90_000}
    assert document["note"] == ORDER["note"]


def test_without_the_owner_beside_it_the_execution_ends_with_what_to_add(cloud: LocalCloud) -> None:
    definition = in_json_path(with_room=True)
    del definition["States"]["Collect"]["Parameters"]["ClientContext.$"]
    execution = run(cloud, definition)
    assert (execution.status, execution.error) == ("FAILED", "InvalidRequestError")
    assert "ClientContext.$" in str(execution.cause)
