"""Machines in the shapes that are found in public: each with its own way to the limit."""

from typing import Any, Final

from tests.machines.building import INVOKE, Fields, machine, mapping, service, task
from tests.machines.outcomes.case import FILL, PAD, SENT, Case, answer

RETRY: Final = [
    {"ErrorEquals": ["Lambda.ServiceException"], "IntervalSeconds": 1, "MaxAttempts": 1}
]
ALL: Final = ["States.ALL"]
SOME: Final = {"small": 1, "big": FILL}


def caught(error: str, then: str) -> list[Fields]:
    return [{"ErrorEquals": ALL, "ResultPath": f"$.{error}", "Next": then}]


def step(name: str, undo: str, **fields: Any) -> Fields:
    """A step of a saga: its result beside the document, and where it goes when it fails."""
    result = f"$.{name}Result"
    return task(name, ResultPath=result, Retry=RETRY, Catch=caught(f"{name}Error", undo), **fields)


STEPS: Final = ("room", "train", "pay", "confirmRoom", "confirmTrain")
UNDOING: Final = ("refund", "cancelTrain", "cancelRoom")
SAGA: Final = Case(
    definition=machine(
        {
            "room": step("room", "cancelRoom"),
            "train": step("train", "cancelTrain"),
            "pay": step("pay", "refund"),
            "confirmRoom": step("confirmRoom", "refund"),
            "confirmTrain": step("confirmTrain", "refund"),
            "Tell": service("sns:publish", {"TopicArn": "arn:topic", "Message": "booked"}),
            "Booked": {"Type": "Succeed"},
            **{name: task(name, ResultPath=f"$.{name}Result") for name in UNDOING},
            "Tell of it": service("sns:publish", {"TopicArn": "arn:topic", "Message": "failed"}),
            "Not booked": {"Type": "Fail", "Error": "NotBooked"},
        }
    ),
    mocks={name: answer(SOME) for name in (*STEPS, *UNDOING)} | {"Tell": SENT, "Tell of it": SENT},
    decorated=(*STEPS, *UNDOING),
    input={"text": "a trip"},
)

LIST_MAP_LAMBDA: Final = Case(
    definition=machine(
        {
            "Samples": task("samples", OutputPath="$.Payload"),
            "Each": mapping(
                machine({"Try": task("try", OutputPath="$.Payload")}),
                ItemsPath="$.samples",
                ResultPath="$.tried",
            ),
            "Sum up": task("sum", OutputPath="$.Payload"),
        }
    ),
    mocks={
        "Samples": lambda given: {"Payload": {"samples": [given["Payload"]] * 16}},
        "Try": lambda given: {"Payload": {"path": given["Payload"]["text"]}},
        "Sum up": lambda given: {"Payload": {"runs": len(given["Payload"]["tried"])}},
    },
    decorated=("Samples", "Try", "Sum up"),
    items=16,
)

SUMS: Final = ("sum", "average", "extremes")
PARALLEL: Final = Case(
    definition=machine(
        {
            "Figures": {
                "Type": "Parallel",
                "Branches": [
                    machine({name: task(name, ResultSelector={f"{name}.$": "$.Payload.found"})})
                    for name in SUMS
                ],
            }
        }
    ),
    mocks=dict.fromkeys(SUMS, lambda given: {"Payload": {"found": given["Payload"]["text"]}}),
    decorated=SUMS,
)

RESULTS: Final = {
    f"Step {n}": {"Type": "Pass", "Parameters": {"result": f"of {n}"}} for n in range(4)
}
IDEMPOTENT: Final = Case(
    definition=machine(
        {
            "Key": task("key", OutputPath="$.Payload"),
            "Lock": service(
                "dynamodb:updateItem",
                {
                    "TableName": "locks",
                    "Key": {"id": {"S.$": "$.config.key"}},
                    "ExpressionAttributeValues": {":ttl": {"N.$": "$.config.ttl"}},
                },
                ResultPath=None,
                Catch=[
                    {
                        "ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"],
                        "ResultPath": "$.errors.lock",
                        "Next": "Locked",
                    }
                ],
            ),
            "Work": {
                "Type": "Parallel",
                "Branches": [
                    machine(
                        {
                            name: {**state, "ResultPath": f"$.results.step{n}"}
                            for n, (name, state) in enumerate(RESULTS.items())
                        }
                        | {"Last": task("last", "$.config", ResultPath="$.results.last")}
                    )
                ],
                "ResultSelector": {"results.$": "$[0]"},
                "OutputPath": "$.results",
                "Catch": [{"ErrorEquals": ALL, "ResultPath": "$.errors.work", "Next": "Locked"}],
            },
            "Keep": service(
                "dynamodb:updateItem",
                {
                    "TableName": "locks",
                    "Key": {"id": {"S.$": "$.config.key"}},
                    "ExpressionAttributeValues": {
                        ":r": {"S.$": "States.JsonToString($.results.step0)"}
                    },
                },
                ResultPath="$.table.updated",
                OutputPath="$.results",
            ),
            "Done": {"Type": "Succeed"},
            "Locked": {"Type": "Fail", "Error": "Locked"},
        }
    ),
    mocks={
        "Key": lambda given: {
            "Payload": {
                "config": {"key": "k", "ttl": "60"},
                "order": given["Payload"],
                "results": {"pad": PAD},
                "errors": {},
                "table": {},
            }
        },
        "Lock": SENT,
        "Last": answer(SOME),
        "Keep": SENT,
    },
    decorated=("Key", "Last"),
)

BLOG: Final = Case(
    definition=machine(
        {
            "Text": task("text", OutputPath="$.Payload"),
            "Picture": task("picture", OutputPath="$.Payload"),
            "Build": task("build", OutputPath="$.Payload"),
            "Tell": service("sns:publish", {"TopicArn": "arn:topic", "Message.$": "$"}),
        }
    ),
    mocks={
        name: (lambda given, name=name: {"Payload": {**given["Payload"], name: PAD}})
        for name in ("Text", "Picture", "Build")
    }
    | {"Tell": SENT},
    decorated=("Text", "Picture", "Build"),
)


def jsonata_task(name: str) -> Fields:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": name, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "Catch": [
            {
                "ErrorEquals": ALL,
                "Output": {"failed": "{% $states.context.State.Name %}"},
                "Next": "Fallback",
            }
        ],
    }


JSONATA: Final = Case(
    definition=machine(
        {
            "First": jsonata_task("first"),
            "Second": jsonata_task("second"),
            "Third": {**jsonata_task("third"), "End": True},
            "Fallback": {"Type": "Pass", "End": True},
        },
        QueryLanguage="JSONata",
    ),
    mocks={
        name: (lambda given, name=name: {"Payload": {**given["Payload"], name: FILL}})
        for name in ("First", "Second", "Third")
    },
    decorated=("First", "Second", "Third"),
)
