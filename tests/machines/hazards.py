"""Machines of which each has one way to be broken by a naive offload, with what answers for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.machines.building import INVOKE, Fields, machine, mapping, service, task

END: Final = {"Type": "Succeed"}
INPUT: Final[Fields] = {"text": "two of them"}
LINES: Final = [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]
# What the machines read in place comes from the definition, so that its size is known.
ORDER: Final[Fields] = {
    "id": 7,
    "note": "soon",
    "queue": "https://queue",
    "lines": LINES,
    "orders": [{"lines": LINES}, {"lines": LINES}],
    "results": {},
    "kept": {},
}
GIVEN: Final[Fields] = {"Given": {"Type": "Pass", "Result": ORDER, "ResultPath": "$.order"}}
# Small answers, which together with a large text pass the limit.
FILL: Final = "f" * 20_000


def answer(value: Any) -> Fields:
    return {"result": {"Payload": value}}


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """A machine and what answers for its tasks.

    Attributes:
        definition: the machine before.
        mocks: by the name of the state.
        decorated: states whose handlers are.
    """

    definition: Fields
    mocks: Mapping[str, Any]
    decorated: tuple[str, ...] = ()
    input: Any = field(default_factory=lambda: INPUT)


def choice(variable: str, test: Fields, then: str, default: str) -> Fields:
    rule = {"Variable": variable, **test, "Next": then}
    return {"Type": "Choice", "Choices": [rule], "Default": default}


def send(message: str, **fields: Any) -> Fields:
    parameters = {"QueueUrl.$": "$.order.queue", "MessageBody.$": message}
    return service("sqs:sendMessage", parameters, **{"ResultPath": None, **fields})


FILLING: Final = task("fill", "$.order.id", ResultPath="$.fill")
SENT: Final[Fields] = {"result": {}}
ECHO: Final[Callable[[Any], Any]] = lambda given: {"Payload": given["Payload"]}  # noqa: E731 - a mock

HAZARDS: dict[str, Hazard] = {
    "a result is written two deep": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Deep": task("deep", "$.order.id", ResultPath="$.order.results.deep"),
                "Read": send("$.order.results.deep.Payload"),
            }
        ),
        mocks={"Fill": answer(FILL), "Deep": answer("d"), "Read": SENT},
    ),
    "an output path takes a part": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Part": {"Type": "Pass", "OutputPath": "$.order"},
                "Read": service("sqs:sendMessage", {"MessageBody.$": "$.note"}, ResultPath=None),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "an input path narrows what is read": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Read": service(
                    "sqs:sendMessage",
                    {"MessageBody.$": "$.note"},
                    InputPath="$.order",
                    ResultPath="$.sent",
                ),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "intrinsic functions read values": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Make": {
                    "Type": "Pass",
                    "Parameters": {
                        "body.$": "States.JsonToString($.order.lines)",
                        "label.$": "States.Format('{} of {}', $.order.id, $.order.note)",
                        "count.$": "States.ArrayLength($.order.lines)",
                    },
                    "ResultPath": "$.made",
                },
                "Read": send("$.made"),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "a choice reads nested data": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Vip?": choice("$.order.lines[1].n", {"NumericEquals": 2}, "Yes", "No"),
                "Yes": send("$.order.note", Next="End"),
                "No": {"Type": "Fail"},
                "End": END,
            }
        ),
        mocks={"Fill": answer(FILL), "Yes": SENT},
    ),
    "a choice asks whether something is there": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "There?": choice("$.order.lines[0].sku", {"IsPresent": True}, "Yes", "No"),
                "Yes": send("$.order.note", Next="End"),
                "No": {"Type": "Fail"},
                "End": END,
            }
        ),
        mocks={"Fill": answer(FILL), "Yes": SENT},
    ),
    "a map goes over a list": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Each": mapping(
                    machine({"Do": service("sqs:sendMessage", {"MessageBody.$": "$.sku"})}),
                    ItemsPath="$.order.lines",
                    ResultPath="$.done",
                ),
            }
        ),
        mocks={"Fill": answer(FILL), "Do": SENT},
    ),
    "a map in a map": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Outer": mapping(
                    machine(
                        {
                            "Inner": mapping(
                                machine({"Do": {"Type": "Pass", "Parameters": {"sku.$": "$.sku"}}}),
                                ItemsPath="$.lines",
                            )
                        }
                    ),
                    ItemsPath="$.order.orders",
                    ResultPath="$.done",
                ),
                "Read": send("$.done[0][1].sku"),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "branches that differ": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Both": {
                    "Type": "Parallel",
                    "Branches": [
                        machine({"Note": {"Type": "Pass", "OutputPath": "$.order.note"}}),
                        machine(
                            {"Lines": {"Type": "Pass", "Parameters": {"l.$": "$.order.lines"}}}
                        ),
                    ],
                    "ResultPath": "$.both",
                },
                "Read": send("$.both[1].l[0].sku"),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "an answer with a task token": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Ask": service(
                    "sqs:sendMessage.waitForTaskToken",
                    {"MessageBody": {"id.$": "$.order.id", "token.$": "$$.Task.Token"}},
                    ResultPath="$.said",
                ),
                "Read": send("$.said.answer"),
            }
        ),
        mocks={"Fill": answer(FILL), "Ask": {"result": {"answer": "yes"}}, "Read": SENT},
    ),
    "a variable in a body hides the one around it": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Keep": {"Type": "Pass", "Assign": {"v.$": "$.order.note"}},
                "Fill": FILLING,
                "Each": mapping(
                    machine(
                        {
                            "Set": {"Type": "Pass", "Assign": {"w.$": "$.sku"}},
                            "Do": {"Type": "Pass", "Parameters": {"own.$": "$w", "outer.$": "$v"}},
                        }
                    ),
                    ItemsPath="$.order.lines",
                    ResultPath="$.done",
                ),
                "Read": send("$.done[1].own"),
            }
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "jsonata computes on a list": Hazard(
        definition=machine(
            {
                "Given": {
                    "Type": "Pass",
                    "Output": {"text": "{% $states.input.text %}", "order": ORDER},
                },
                "Fill": {
                    "Type": "Task",
                    "Resource": INVOKE,
                    "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.order.id %}"},
                    "Output": {
                        "text": "{% $states.input.text %}",
                        "lines": "{% $states.input.order.lines %}",
                        "fill": "{% $states.result.Payload %}",
                    },
                },
                "Read": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sqs:sendMessage",
                    "Arguments": {"MessageBody": "{% $sum($states.input.lines.n) %}"},
                    "Output": {
                        "text": "{% $states.input.text %}",
                        "count": "{% $count($states.input.lines) %}",
                    },
                },
            },
            QueryLanguage="JSONata",
        ),
        mocks={"Fill": answer(FILL), "Read": SENT},
    ),
    "a catch writes two deep": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Fails": task(
                    "fails",
                    "$.order.id",
                    ResultPath="$.x",
                    Catch=[
                        {
                            "ErrorEquals": ["States.ALL"],
                            "ResultPath": "$.order.results.error",
                            "Next": "Tell",
                        }
                    ],
                    Next="End",
                ),
                "Tell": send("$.order.results.error.Error", Next="End"),
                "End": END,
            }
        ),
        mocks={
            "Fill": answer(FILL),
            "Fails": {"errorOutput": {"error": "Refused", "cause": "no"}},
            "Tell": SENT,
        },
    ),
    "a loop takes one after the other from a list": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "More?": choice("$.order.lines[0]", {"IsPresent": True}, "Do", "End"),
                "Do": send("$.order.lines[0].sku"),
                "Pop": {
                    "Type": "Pass",
                    "Parameters": {
                        "lines.$": "$.order.lines[1:]",
                        "queue.$": "$.order.queue",
                    },
                    "ResultPath": "$.order",
                    "Next": "More?",
                },
                "End": END,
            }
        ),
        mocks={"Fill": answer(FILL), "Do": SENT},
    ),
    "a list that grows on each round": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Ask": task("ask", "$.order.id", ResultPath="$.said"),
                "Keep": {
                    "Type": "Pass",
                    "Parameters": {
                        "all.$": "States.Array($.order.kept, $.said.Payload.part)",
                        "more.$": "$.said.Payload.more",
                    },
                    "ResultPath": "$.order.kept",
                },
                "More?": choice("$.order.kept.more", {"BooleanEquals": True}, "Ask", "End"),
                "End": END,
            }
        ),
        mocks={
            "Ask": [
                *[answer({"part": FILL, "more": True})] * 2,
                answer({"part": FILL, "more": False}),
            ]
        },
    ),
    "references are taken from the document": Hazard(
        definition=machine(
            {
                **GIVEN,
                "Fill": FILLING,
                "Call": {
                    "Type": "Task",
                    "Resource": INVOKE,
                    "Parameters": {"FunctionName.$": "$.order.note", "Payload.$": "$.order.lines"},
                    "ResultSelector": {"first.$": "$.Payload[0]"},
                    "ResultPath": "$.order.first",
                },
                "Read": send("$.order.first.first.sku"),
            }
        ),
        mocks={"Fill": answer(FILL), "Call": ECHO, "Read": SENT},
    ),
    "decorated handlers hand on the whole document": Hazard(
        definition=machine(
            {
                **GIVEN,
                **{f"Step {n}": task(f"f{n}", ResultPath=f"$.step{n}") for n in range(3)},
                "Read": send("$.step1.Payload.note"),
            }
        ),
        mocks={f"Step {n}": answer({"note": f"n{n}", "big": FILL}) for n in range(3)}
        | {"Read": SENT},
        decorated=("Step 0", "Step 1", "Step 2"),
    ),
}
