"""Rows on reading by path and on intrinsic functions: what is read in place stays."""

from typing import Any, Final

from tests.machines.building import INVOKE, Fields, machine, service, task
from tests.machines.outcomes.case import PAD, Case, answer
from tests.machines.outcomes.given import END, NO, asked, choice, each, row, send

FUNCTION: Final = "arn:aws:lambda:us-east-1:123456789012:function:"


def made(**parameters: Any) -> Fields:
    return {"Type": "Pass", "Parameters": parameters, "ResultPath": "$.made"}


def noted(given: Any) -> Fields:
    """Answer an event, which an invocation has in its Payload."""
    event = given.get("Payload", given)
    return {"note": event["order"].get("note"), "big": PAD}


def with_long_lines(value: Any, size: int) -> Any:
    lines = [{**line, "pad": "l" * (size // 4)} for line in value["lines"]]
    return {**value, "lines": lines}


ABSENT: Final = {
    "Type": "Choice",
    "Choices": [{"Not": {"Variable": "$.order.note", "IsPresent": True}, "Next": "No"}],
    "Default": "Yes",
}
READING: Final[dict[str, Case]] = {
    "a choice reads nested data": asked({"NumericEquals": 2}, "$.order.lines[1].n"),
    "a choice asks whether something is there": asked({"IsPresent": True}, "$.order.lines[0].sku"),
    "a choice asks whether something is not there": row(
        {"Ask": ABSENT, "Yes": send("$.order.note", Next="End"), "No": NO, "End": END}
    ),
    "a choice asks for a type": asked({"IsNumeric": True}, "$.order.id"),
    "a choice compares two paths": asked({"NumericEqualsPath": "$.order.limit"}, "$.order.id"),
    "a document that is a text is read by a choice": row(
        {
            "Read": task("read", "$.order.id", OutputPath="$.Payload"),
            "Which?": choice("$", {"StringMatches": "pp*"}, "Yes", "No"),
            "Yes": service("sqs:sendMessage", {"MessageBody": "yes"}, ResultPath=None, Next="End"),
            "No": NO,
            "End": END,
        },
        mocks={"Read": answer(PAD + PAD)},
        words=False,
    ),
    "a slice is taken on each round": row(
        {
            "More?": choice("$.order.lines[0]", {"IsPresent": True}, "Do", "End"),
            "Do": send("$.order.lines[0].sku"),
            "Pop": {
                "Type": "Pass",
                "Parameters": {"lines.$": "$.order.lines[1:]", "queue.$": "$.order.queue"},
                "ResultPath": "$.order",
                "Next": "More?",
            },
            "End": END,
        }
    ),
    "a filter chooses from a list": row({"Read": send("$.order.lines[?(@.n == 2)].sku")}),
    "a wildcard reads all elements": row({"Read": send("$.order.lines[*].sku")}),
    "a value is moved": row(
        {"Move": made(**{"lines.$": "$.order.lines"}), "Read": send("$.made.lines[1].sku")}
    ),
    "an output path takes a part": row(
        {
            "Part": {"Type": "Pass", "OutputPath": "$.order"},
            "Read": service("sqs:sendMessage", {"MessageBody.$": "$.note"}, ResultPath=None),
        }
    ),
    "an input path narrows what is read": row(
        {
            "Read": service(
                "sqs:sendMessage",
                {"MessageBody.$": "$.note"},
                InputPath="$.order",
                ResultPath="$.sent",
            )
        }
    ),
    "a wait reads until when": row({"Wait": {"Type": "Wait", "TimestampPath": "$.order.at"}}),
    "a failure reads its name": row(
        {"Stop": {"Type": "Fail", "ErrorPath": "$.order.note", "CausePath": "$.order.queue"}}
    ),
    "a map goes over a list": row(
        {"Each": each(machine({"Do": service("sqs:sendMessage", {"MessageBody.$": "$.sku"})}))}
    ),
    "a list is too large to stay but for its elements": row(
        {
            "Each": each(
                machine(
                    {
                        "Which?": choice("$.sku", {"StringEquals": "a"}, "A", "Other"),
                        "A": {"Type": "Pass", "Result": "a", "End": True},
                        "Other": {"Type": "Pass", "Result": "other"},
                    }
                ),
                ItemsPath="$.lines",
            )
        },
        input={"lines": [{"sku": sku, "pad": PAD} for sku in "abcd"]},
        inflate=with_long_lines,
    ),
    "a list that is counted is too large to stay but for its elements": row(
        {"Count": {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.lines)"}}},
        input={"lines": [{"pad": PAD}] * 4},
        inflate=with_long_lines,
    ),
}
INTRINSICS: Final[dict[str, Case]] = {
    "values become text": row(
        {
            "Make": made(
                **{
                    "body.$": "States.JsonToString($.order.lines)",
                    "label.$": "States.Format('{} of {}', $.order.id, $.order.note)",
                }
            ),
            "Read": send("$.made"),
        }
    ),
    "two objects are merged": row(
        {
            "Make": made(**{"both.$": "States.JsonMerge($.order.lines[0], $.order.kept, false)"}),
            "Read": send("$.made.both.sku"),
        }
    ),
    "values are computed": row(
        {
            "Make": made(
                **{
                    "parsed.$": "States.StringToJson($.order.json)",
                    "first.$": "States.ArrayGetItem($.order.lines, 0)",
                    "count.$": "States.ArrayLength($.order.lines)",
                    "next.$": "States.MathAdd($.order.id, 1)",
                    "parts.$": "States.StringSplit($.order.queue, '/')",
                    "hash.$": "States.Hash($.order.note, 'SHA-256')",
                    "code.$": "States.Base64Encode($.order.note)",
                    "upto.$": "States.ArrayRange(1, $.order.id, 2)",
                }
            ),
            "Read": send("$.made"),
        }
    ),
}
CALLS: Final[dict[str, Case]] = {
    "a service is sent a path": row({"Read": send("$.order.note")}),
    "an answer with a task token": row(
        {
            "Ask": service(
                "sqs:sendMessage.waitForTaskToken",
                {"MessageBody": {"id.$": "$.order.id", "token.$": "$$.Task.Token"}},
                ResultPath="$.said",
            ),
            "Read": send("$.said.answer"),
        },
        mocks={"Ask": {"result": {"answer": "yes"}}},
    ),
    "an execution is nested, and its output taken": row(
        {
            "Nest": service(
                "states:startExecution.sync:2",
                {
                    "StateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:x",
                    "Input.$": "$.order.lines",
                },
                ResultSelector={"sum.$": "$.Output.sum"},
                ResultPath="$.nested",
            ),
            "Read": send("$.nested.sum"),
        },
        mocks={"Nest": {"result": {"Output": {"sum": 3}, "Input": PAD, "Status": "SUCCEEDED"}}},
    ),
    "an event is a template": row(
        {
            "Call": task("call", "$.x", ResultPath="$.called")
            | {"Parameters": {"FunctionName": "call", "Payload": {"lines.$": "$.order.lines"}}},
            "Read": send("$.called.Payload.first"),
        },
        mocks={"Call": lambda given: {"Payload": {"first": str(given["Payload"]["lines"])}}},
    ),
    "an event is the whole document": row(
        {"Call": task("call", ResultPath="$.called"), "Read": send("$.called.Payload.note")},
        mocks={"Call": lambda given: {"Payload": {"note": given["Payload"]["order"].get("note")}}},
        decorated=("Call",),
        words=False,
    ),
    "a task names a function alone": row(
        {
            "Call": {"Type": "Task", "Resource": f"{FUNCTION}Call"},
            "Read": service("sqs:sendMessage", {"MessageBody.$": "$.note"}, ResultPath=None),
        },
        mocks={"Call": noted},
        decorated=("Call",),
        words=False,
    ),
    "a function is named by the document": row(
        {
            "Call": {
                "Type": "Task",
                "Resource": INVOKE,
                "Parameters": {"FunctionName.$": "$.order.note", "Payload.$": "$.order.lines"},
                "ResultSelector": {"first.$": "$.Payload[0]"},
                "ResultPath": "$.order.first",
            },
            "Read": send("$.order.first.first.sku"),
        },
        mocks={"Call": lambda given: {"Payload": given["Payload"]}},
    ),
    "envelopes stay, and handlers hand on the whole document": row(
        {
            **{f"Step {n}": task(f"f{n}", ResultPath=f"$.step{n}") for n in range(3)},
            "Read": send("$.step1.Payload.note"),
        },
        mocks={f"Step {n}": answer({"note": f"n{n}", "big": PAD}) for n in range(3)},
        decorated=("Step 0", "Step 1", "Step 2"),
        words=False,
    ),
}
