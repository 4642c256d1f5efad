"""Rows on names and texts: what is put together, how it is found, and in which language."""

from typing import Any, Final

from tests.machines.building import Fields, machine, task
from tests.machines.outcomes.case import PAD, SENT, Case, answer
from tests.machines.outcomes.fanning import jsonata, says
from tests.machines.outcomes.given import END, NO, ORDER, choice, each, row, send

# Elements that are larger than a pointer leave where nobody needs them.
LINES: Final = [{"sku": "a", "n": 1, "pad": PAD[:700]}, {"sku": "b", "n": 2, "pad": PAD[:700]}]
LARGE_LINES: Final[Fields] = {**ORDER, "lines": LINES}
GIVEN: Final[Fields] = {"Given": {"Type": "Pass", "Result": LARGE_LINES, "ResultPath": "$.order"}}
ODD: Final[Fields] = {"c.d": "1", "\u00fc[0]": "3", "x*y": "4", "{}": "5", "a-b": "6"}
ANSWER: Final = "$['an odd one'].Payload"
JSONATA: Final[Fields] = {"QueryLanguage": "JSONata"}


def passing(**fields: Any) -> Fields:
    return {"Type": "Pass", **fields}


FORMATTING: Final[dict[str, Case]] = {
    "what a state evaluates is there, also where its result is dropped": row(
        {
            "Path": passing(Parameters={"sku.$": "$.order.lines[0].sku"}, ResultPath=None),
            "Input": send("$.note", InputPath="$.order", ResultPath=None)
            | {"Parameters": {"MessageBody": "no path"}, "InputPath": "$.order.lines[1]"},
            "Count": passing(
                Parameters={"n.$": "States.ArrayLength($.order.lines)"}, OutputPath=None
            ),
        },
        given=GIVEN,
        mocks={"Input": SENT},
        tight=4000,
    ),
    "names are no identifiers, and texts are made of values": row(
        {
            "Odd": task("odd", "$.order.id", ResultPath="$['an odd one']"),
            "Dotted?": choice(f"{ANSWER}['c.d']", {"StringEquals": "1"}, "Braced?", "No"),
            "Braced?": choice(f"{ANSWER}['{{}}']", {"StringEquals": "5"}, "Starred?", "No"),
            "Starred?": choice(f"{ANSWER}['x*y']", {"StringEquals": "4"}, "Listed?", "No"),
            "Listed?": choice(f"{ANSWER}['\u00fc[0]']", {"StringEquals": "3"}, "Text", "No"),
            "Text": passing(
                Parameters={
                    "text.$": "States.Format('\\{{}\\} {} {}', $$.State.Name, $.order.note, "
                    "States.ArrayGetItem($.order.lines[*].sku, 1))",
                    "json.$": "States.JsonToString($.order.lines[0].n)",
                    "list.$": "States.Array($.order.lines[0].n, $.order.note)",
                },
                ResultPath="$.made",
            ),
            "Read": send("$.made", Next="End"),
            "No": NO,
            "End": END,
        },
        given=GIVEN,
        mocks={"Odd": answer({**ODD, "pad": "o" * 70_000})},
        decorated=("Odd",),
        words=False,
    ),
    "each item is handed on with its index": row(
        {
            "Each": each(
                machine({"Do": send("$.item.Value.sku") | {"Parameters": {"MessageBody.$": "$"}}}),
                ItemSelector={"at.$": "$$.Map.Item.Index", "sku.$": "$$.Map.Item.Value.sku"},
            ),
            "Read": send("$.order.note"),
        },
        given=GIVEN,
    ),
    "states speak two languages, and their variables are the same": row(
        {
            "Set": passing(Assign={"lines.$": "$.order.lines", "note": "none"}),
            "Which?": choice("$.order.note", {"StringEquals": "soon"}, "Each", "No")
            | {"Assign": {"lines": 1}},
            "Each": {
                "Type": "Map",
                **JSONATA,
                "Items": "{% $lines %}",
                "ItemProcessor": machine({"Do": says("$states.input.sku & $note", End=True)}),
                "Output": "{% $states.input %}",
            },
            "Read": send("$lines[1].sku", Next="End"),
            "No": NO,
            "End": END,
        },
        given=GIVEN,
        mocks={"Do": SENT},
    ),
    "a text is put together in an expression": jsonata(
        {
            "Read": says(
                "'of ' & $states.input.order.note & ': ' & $states.input.order.lines[1].sku"
            )
        },
        LARGE_LINES,
        tight=1800,
    ),
    "a list has the elements of the lists in it": jsonata(
        {
            "Read": says("$states.input.order.note", Next="All"),
            "All": passing(Output={"all": "{% [$states.input.order.lines, 'more'] %}"}, End=True),
        },
        LARGE_LINES,
        tight=2300,
    ),
    "a name leads into the elements of a list": jsonata(
        {
            "Which?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% 'b' in $states.input.order.lines.sku %}", "Next": "Read"}
                ],
                "Default": "No",
            },
            "Read": says("$sum($states.input.order.lines.n)", Next="Move"),
            "Move": passing(Output={"pads": "{% $states.input.order.lines.pad %}"}, Next="End"),
            "No": NO,
            "End": END,
        },
        LARGE_LINES,
        tight=1800,
    ),
}
