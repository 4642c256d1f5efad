"""Rows on Maps and Parallels, on loops, and on JSONata."""

from typing import Any, Final

from tests.machines.building import INVOKE, Fields, machine, service, task
from tests.machines.outcomes.case import FILL, PAD, SENT, Case, answer
from tests.machines.outcomes.given import END, FEARED, GIVEN, NO, ORDER, choice, each, row, send

SKU: Final = service("sqs:sendMessage", {"MessageBody.$": "$.sku"})
VALUE: Final = service("sqs:sendMessage", {"MessageBody.$": "$.Value.sku"})
PUT: Final = {
    "Type": "Pass",
    "Parameters": {"one.$": "$.order.shops.n", "two.$": "$.order.shops.s"},
    "ResultPath": "$.put",
}
SHOPS: Final[dict[str, Fields]] = {
    "Given": {
        "Type": "Pass",
        "Result": {**ORDER, "shops": {key: {"sku": key, "text": PAD} for key in "ns"}},
        "ResultPath": "$.order",
    }
}
DISTRIBUTED: Final = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def text_of(given: Any) -> Fields:
    return {"Payload": {"sku": "s", "text": given["Payload"]}}


def asked(variable: str) -> dict[str, Fields]:
    """Return states of which a Choice reads what a child has answered."""
    return {
        "Right?": choice(variable, {"StringEquals": "s"}, "Right", "Wrong"),
        "Wrong": NO,
        "Right": END,
    }


FANNING: Final[dict[str, Case]] = {
    "results of a map are kept": row(
        {
            "Each": each(
                machine({"Do": task("do", "$.text", ResultPath="$.did")}),
                ItemsPath="$.order.orders",
                ItemSelector={"text.$": "$.text"},
            ),
            **asked("$.done[1].did.Payload.sku"),
        },
        mocks={"Do": text_of},
        decorated=("Do",),
        words=False,
    ),
    "results of branches are kept": row(
        {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    machine({name: task(name, "$.text", OutputPath="$.Payload")})
                    for name in ("one", "two")
                ],
                "ResultPath": "$.both",
            },
            "Read": send("$.both[1].sku"),
        },
        mocks={"one": text_of, "two": text_of},
        decorated=("one", "two"),
        words=False,
    ),
    "branches that differ": row(
        {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    machine({"Note": {"Type": "Pass", "OutputPath": "$.order.note"}}),
                    machine({"Lines": {"Type": "Pass", "Parameters": {"l.$": "$.order.lines"}}}),
                ],
                "ResultPath": "$.both",
            },
            "Read": send("$.both[1].l[0].sku"),
        }
    ),
    "paths go through the elements of a list": row(
        {
            "Outer": each(
                machine(
                    {
                        "Inner": each(
                            machine({"Do": {"Type": "Pass", "Parameters": {"sku.$": "$.sku"}}}),
                            ItemsPath="$.lines",
                            ResultPath="$",
                        )
                    }
                ),
                ItemsPath="$.order.orders",
            ),
            "Read": send("$.done[0][1].sku"),
        }
    ),
    "a map goes over an object": row(
        {"Each": each(machine({"Do": VALUE}), ItemsPath="$.order.shops")}, given=SHOPS
    ),
    "a map selects of each value of an object": row(
        {
            "Each": each(
                machine({"Do": SKU}),
                ItemsPath="$.order.shops",
                ItemSelector={"key.$": "$$.Map.Item.Key", "sku.$": "$$.Map.Item.Value.sku"},
            )
        },
        given=SHOPS,
    ),
    "a map goes over an object that is put together": row(
        {"Put": PUT, "Each": each(machine({"Do": VALUE}), ItemsPath="$.put")}, given=SHOPS
    ),
    "all values of an object that is put together are read": row(
        {"Put": PUT, "Read": send("$.put.*.sku")}, given=SHOPS
    ),
    "results are read through all their elements": row(
        {
            "Each": each(machine({"Do": {"Type": "Pass", "Parameters": {"sku.$": "$.sku"}}})),
            "Read": send("$.done[*].sku"),
        }
    ),
    "an item selector copies the document into each item": row(
        {
            "Each": each(
                machine({"Do": service("sqs:sendMessage", {"MessageBody.$": "$.order.note"})}),
                ItemSelector={"sku.$": "$$.Map.Item.Value.sku", "order.$": "$.order"},
            )
        }
    ),
    "children have executions of their own": row(
        {"Each": each({**machine({"Do": SKU}), **DISTRIBUTED})}
    ),
    "children are told whose objects they store": row(
        {
            "Each": each(
                {**machine({"Do": task("do", "$.order", OutputPath="$.Payload")}), **DISTRIBUTED},
                ItemSelector={"sku.$": "$$.Map.Item.Value.sku", "order.$": "$.order"},
            ),
            **asked("$.done[1].sku"),
        },
        mocks={"Do": text_of},
        decorated=("Do",),
        words=False,
    ),
    "children of the type EXPRESS are told, too": row(
        {
            "Each": each(
                {
                    **machine({"Do": task("do", "$.order", OutputPath="$.Payload")}),
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                },
                ItemSelector={"sku.$": "$$.Map.Item.Value.sku", "order.$": "$.order"},
            ),
            **asked("$.done[1].sku"),
        },
        mocks={"Do": text_of},
        decorated=("Do",),
        words=False,
    ),
    "children of the type EXPRESS own what they store": row(
        {
            "Each": each(
                {
                    **machine({"Do": task("do", "$.sku", ResultPath="$.did")}),
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                },
            ),
            **asked("$.done[1].did.Payload.sku"),
        },
        mocks={"Do": lambda _: {"Payload": {"sku": "s", "text": FILL}}},
        decorated=("Do",),
    ),
    "items come in batches with an input": row(
        {
            "Each": each(
                {
                    **machine(
                        {
                            "Do": service(
                                "sqs:sendMessage",
                                {
                                    "MessageBody.$": "$.Items[0].sku",
                                    "Note.$": "$.BatchInput.note",
                                },
                            )
                        }
                    ),
                    **DISTRIBUTED,
                },
                ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"note.$": "$.order.note"}},
            )
        },
    ),
    "a variable in a body hides the one around it": row(
        {
            "Keep": {"Type": "Pass", "Assign": {"v.$": "$.order.note"}},
            "Each": each(
                machine(
                    {
                        "Set": {"Type": "Pass", "Assign": {"w.$": "$.sku"}},
                        "Do": {"Type": "Pass", "Parameters": {"own.$": "$w", "outer.$": "$v"}},
                    }
                )
            ),
            "Read": send("$.done[1].own"),
        }
    ),
}


def growing(start: dict[str, Fields]) -> Case:
    keep = {
        "Type": "Pass",
        "Parameters": {
            "all.$": "States.Array($.order.kept, $.said.Payload.part)",
            "more.$": "$.said.Payload.more",
        },
        "ResultPath": "$.order.kept",
    }
    return Case(
        definition=machine(
            {
                **start,
                "Ask": service("lambda:invoke", {"FunctionName": "ask"}, ResultPath="$.said"),
                "Keep": keep,
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
        input={"text": "t", "order": ORDER},
    )


LOOPS: Final[dict[str, Case]] = {
    "a list grows on each round": growing(GIVEN),
    "the first state is the head of a loop": growing({}),
}


def jsonata(states: dict[str, Fields], order: Fields = ORDER, **fields: Any) -> Case:
    """Return a machine as `row` does, in JSONata."""
    given = {"text": "{% $states.input.text %}", "order": order}
    fill: Fields = {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.order.id %}"},
        "Output": {
            "text": "{% $states.input.text %}",
            "order": "{% $states.input.order %}",
            "fill": "{% $states.result.Payload %}",
        },
    }
    return Case(
        definition=machine(
            {"Given": {"Type": "Pass", "Output": given}, "Fill": fill, **states},
            QueryLanguage="JSONata",
        ),
        mocks={"Fill": answer(FILL), ("Do" if "Each" in states else "Read"): SENT},
        assumed=FEARED,
        **fields,
    )


def says(expression: str, **fields: Any) -> Fields:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"MessageBody": f"{{% {expression} %}}"},
        "Output": "{% $states.input %}",
        **fields,
    }


JSONATA: Final[dict[str, Case]] = {
    "a path is only moved": jsonata(
        {
            "Move": {"Type": "Pass", "Output": {"moved": "{% $states.input.order %}"}},
            "Read": says("$states.input.moved.lines[0].sku"),
        }
    ),
    "a function computes on a list": jsonata({"Read": says("$sum($states.input.order.lines.n)")}),
    "a function counts a list": jsonata({"Read": says("$count($states.input.order.lines)")}),
    "a function appends to a list": jsonata(
        {"Read": says("$append($states.input.order.lines, $states.input.order.lines).sku")}
    ),
    "two objects are merged in an expression": jsonata(
        {"Read": says("$merge([$states.input.order.lines[0], {'x': 1}])")}
    ),
    "an answer is merged into the document": jsonata(
        {
            "Add": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {"MessageBody": "{% $states.input.order.id %}"},
                "Output": "{% $merge([$states.input, {'sent': $states.result.MessageId}]) %}",
            },
            "Read": says("$states.input.order.lines[0].sku & $states.input.sent"),
        }
    ),
    "a part of the document and a list of objects are merged": jsonata(
        {
            "Merge": {
                "Type": "Pass",
                "Output": "{% $merge([$states.input.order, $states.input.order.lines]) %}",
            },
            "Read": says("$states.input.sku", Output="{% $states.input %}"),
        }
    ),
    "an object without a field is merged over one with it": jsonata(
        {
            "Merge": {
                "Type": "Pass",
                "Output": "{% $merge([$states.input.order, {'id': $states.input.none}]) %}",
            },
            "Read": says("$states.input.id", Output="{% $states.input %}"),
        }
    ),
    "a list is taken out of each element of a list": jsonata(
        {
            "Take": {
                "Type": "Pass",
                "Output": {
                    "text": "{% $states.input.text %}",
                    "id": "{% $states.input.order.id %}",
                    "parts": "{% $states.input.order.lines.parts %}",
                },
            },
            "Read": says("$states.input.id"),
        },
        order={"id": "o", "lines": [{"parts": [FILL, "p"]}, [{"parts": [FILL]}], {"parts": FILL}]},
    ),
    "a map goes over items of an expression": jsonata(
        {
            "Each": {
                "Type": "Map",
                "Items": "{% $states.input.order.lines %}",
                "ItemProcessor": machine({"Do": says("$states.input.sku", End=True)}),
            }
        }
    ),
    "a variable holds a part": jsonata(
        {
            "Keep": {"Type": "Pass", "Assign": {"lines": "{% $states.input.order.lines %}"}},
            "Read": says("$lines[1].sku"),
        }
    ),
}
