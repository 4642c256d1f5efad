"""Rows on writing: what is written into has to be there."""

from typing import Any, Final

from tests.machines.building import Fields, machine, service, task
from tests.machines.outcomes.case import FILL, SENT, Case, answer
from tests.machines.outcomes.given import END, GIVEN, NO, choice, row, send

CAUGHT: Final = [
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.order.results.error", "Next": "Tell"}
]
REFUSED: Final = {"errorOutput": {"error": "Refused", "cause": "no"}}
DOUBLED: Final = {"one.$": "$.text", "two.$": "$.text"}


def doubling(**fields: Any) -> Fields:
    return {"Type": "Pass", "Parameters": DOUBLED, "ResultPath": "$.twice", **fields}


WRITING: Final[dict[str, Case]] = {
    "a result is written two deep": row(
        {
            "Deep": task("deep", "$.order.id", ResultPath="$.order.results.deep"),
            "Read": send("$.order.results.deep.Payload"),
        },
        mocks={"Deep": answer("d")},
    ),
    "what a choice has read is written anew": row(
        {
            "Soon?": choice("$.order.note", {"StringEquals": "soon"}, "Change", "No"),
            "Change": {"Type": "Pass", "Result": "later", "ResultPath": "$.order.note"},
            "Later?": choice("$.order.note", {"StringEquals": "later"}, "Yes", "No"),
            "Yes": send("$.order.note", Next="End"),
            "No": NO,
            "End": END,
        }
    ),
    "a result is written below an element of a list": row(
        {
            "Deep": task("deep", "$.order.id", ResultPath="$.order.lines[1].sent"),
            "Read": send("$.order.lines[1].sent.Payload"),
        },
        mocks={"Deep": answer("d")},
    ),
    "a catch writes two deep": row(
        {
            "Fails": task("fails", "$.order.id", ResultPath="$.x", Catch=CAUGHT, Next="End"),
            "Tell": send("$.order.results.error.Error", Next="End"),
            "End": END,
        },
        mocks={"Fails": REFUSED},
    ),
}
# Where an offload stands counts here, and not what stays plain.
PLACES: Final[dict[str, Case]] = {
    "an answer without bound lands beside the document": Case(
        definition=machine(
            {
                "Given": {"Type": "Pass", "Result": {"note": "soon"}},
                "Pad": {"Type": "Pass", "Result": FILL, "ResultPath": "$.pad"},
                "Ask": service("s3:listObjectsV2", {"Bucket": "b"}, ResultPath="$.listed"),
                "Read": service("sqs:sendMessage", {"MessageBody.$": "$.note"}, ResultPath=None),
            }
        ),
        mocks={"Ask": {"result": {"Contents": ["c"]}}, "Read": SENT},
        inflate=True,
        assumed={"answer_bytes": 240_000},
    ),
    "the last state makes too much": Case(
        definition=machine({**GIVEN, "Double": doubling()}), mocks={}
    ),
    "an edge on which no task stands leads to a state that grows": Case(
        definition=machine(
            {
                **GIVEN,
                "Which?": choice("$.order.note", {"StringEquals": "never"}, "Fill", "Skip"),
                "Fill": task("fill", "$.order.id", ResultPath="$.fill", Next="Double"),
                "Skip": {"Type": "Pass", "Result": 1, "ResultPath": "$.skipped"},
                "Double": doubling(),
            }
        ),
        mocks={"Fill": answer(FILL)},
    ),
    "the edge of a choice leads to a state that grows": Case(
        definition=machine(
            {
                **GIVEN,
                "Which?": choice("$.order.note", {"StringEquals": "soon"}, "Double", "End"),
                "Double": doubling(),
                "End": END,
            }
        ),
        mocks={},
    ),
    "the edge of a catch leads to a state that grows": Case(
        definition=machine(
            {
                **GIVEN,
                "Fails": task(
                    "fails",
                    "$.order.id",
                    ResultPath="$.x",
                    Catch=[
                        {
                            "ErrorEquals": ["States.ALL"],
                            "ResultPath": "$.error",
                            "Next": "Double",
                        }
                    ],
                ),
                "Double": doubling(),
            }
        ),
        mocks={"Fails": REFUSED},
    ),
}
# Nothing of these can be broken by an offload behind a task; adopt still has to count them.
HARMLESS: Final[dict[str, Case]] = {
    "an error takes the place of the document": row(
        {
            "Fails": task(
                "fails",
                "$.order.id",
                Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Tell"}],
                Next="End",
            ),
            "Tell": service("sqs:sendMessage", {"MessageBody.$": "$.Error"}, Next="End"),
            "End": END,
        },
        mocks={"Fails": REFUSED},
    ),
    "an answer is dropped, and one narrowed": row(
        {
            "Drop": task("drop", "$.order.id", ResultPath=None),
            "Narrow": task(
                "narrow",
                "$.text",
                ResultSelector={"status.$": "$.StatusCode"},
                ResultPath="$.narrowed",
            ),
        },
        mocks={
            "Drop": answer(FILL),
            "Narrow": {"result": {"Payload": FILL, "StatusCode": 200}},
        },
        decorated=("Narrow",),
    ),
    "an answer takes the place of the document": row(
        {"Replace": task("replace", "$.text", OutputPath="$.Payload")},
        mocks={"Replace": answer({"status": 1})},
        decorated=("Replace",),
    ),
    "the input of the execution is read again": row(
        {
            "Again": {
                "Type": "Pass",
                "Parameters": {"text.$": "$$.Execution.Input.text"},
                "ResultPath": "$.again",
            },
            "Drop": {"Type": "Pass", "Result": {"done": True}},
        },
        tight=2000,
    ),
}
