"""A state evaluates all that it says, also where nobody looks at what comes of it."""

from typing import Any, Final

import pytest

from statebag.machines.flow.liveness import Liveness
from statebag.machines.planning.handlers import Decorated
from statebag.machines.planning.words import Words, words_of
from tests.machines.building import (
    Fields,
    machine,
    mapping,
    read,
    service,
    state_of,
    task,
    words_before,
)

END: Final[Fields] = {"Type": "Succeed"}
NOTIFY: Final[Fields] = service("sns:publish", {"Message": "done"})
NOTHING: Final[Fields] = {"Type": "Pass", "Result": {}}
NO_RESULT: Final[Fields] = {"ResultPath": None}
MADE: Final[Fields] = {"n.$": "States.ArrayLength($.l)", "part.$": "$.a.b"}


def before(state: Fields, *others: Fields) -> Fields:
    """Return a machine of a state, what follows it, and an end that reads nothing."""
    states = {f"O{position}": other for position, other in enumerate(others)}
    return machine({"S": state, **states, "Forget": NOTHING})


EVALUATED: Final[dict[str, tuple[Fields, Words]]] = {
    "parameters of a Pass whose result is dropped": (
        before({"Type": "Pass", "Parameters": MADE, **NO_RESULT}),
        Words(open=("a",), list=("l",)),
    ),
    "parameters of a Pass whose output is dropped": (
        before({"Type": "Pass", "Parameters": MADE, "OutputPath": None}),
        Words(open=("a",), list=("l",)),
    ),
    "parameters of a Parallel of which no branch reads any": (
        before(
            {
                "Type": "Parallel",
                "Parameters": MADE,
                "Branches": [machine({"B": NOTHING})],
                **NO_RESULT,
            }
        ),
        Words(open=("a",), list=("l",)),
    ),
    "an item selector of which the body reads nothing": (
        before(
            mapping(
                machine({"B": NOTHING}),
                ItemsPath="$.items",
                ItemSelector={"id.$": "$$.Map.Item.Value.ids[0]", **MADE},
                **NO_RESULT,
            )
        ),
        Words(open=("a", "items[*].ids"), list=("items", "l")),
    ),
    "an input path of which the parameters read nothing": (
        before({**NOTIFY, "InputPath": "$.a.b", **NO_RESULT}),
        Words(open=("a",)),
    ),
    "an input path of a Wait whose output is dropped": (
        before({"Type": "Wait", "Seconds": 0, "InputPath": "$.a.b", "OutputPath": None}),
        Words(open=("a",)),
    ),
    "an input path of a Map that has a reader": (
        before(
            mapping(
                machine({"B": NOTHING}),
                InputPath="$.a.b",
                ItemReader={
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "CSV", "MaxItemsPath": "$.most"},
                    "Parameters": {"Bucket": "b", "Key.$": "$.key"},
                },
                **NO_RESULT,
            )
        ),
        Words(plain=("a.b.key", "a.b.most")),
    ),
    "a variable that nobody reads": (
        before({"Type": "Pass", "Assign": {"n.$": "States.ArrayLength($.l)"}, **NO_RESULT}),
        Words(list=("l",)),
    ),
}
CONTEXT: Final[dict[str, tuple[Fields, Words]]] = {
    "the item with its index": (
        before(
            mapping(
                machine({"B": service("sns:publish", {"Message.$": "$.item.Value.text"})}),
                ItemsPath="$.l",
                ItemSelector={"item.$": "$$.Map.Item"},
                **NO_RESULT,
            )
        ),
        Words(list=("l",), plain=("l[*].text",)),
    ),
    "all of the context, as a text": (
        before(
            mapping(
                machine({"B": NOTHING}),
                ItemsPath="$.l",
                ItemSelector={"said.$": "States.JsonToString($$)"},
                **NO_RESULT,
            )
        ),
        Words(list=("l",), plain=("l[*]",)),
    ),
    "an item that a branch inside the body reads": (
        before(
            mapping(
                machine(
                    {
                        "P": {
                            "Type": "Parallel",
                            "Branches": [
                                machine(
                                    {
                                        "B": service(
                                            "sns:publish", {"Message.$": "$$.Map.Item.Value.text"}
                                        )
                                    }
                                )
                            ],
                        }
                    }
                ),
                ItemsPath="$.l",
                ItemSelector={"id": 1},
                **NO_RESULT,
            )
        ),
        Words(list=("l",), plain=("l[*].text",)),
    ),
    "an item that is read behind a map inside the body": (
        before(
            mapping(
                machine(
                    {
                        "In": mapping(
                            machine({"B": NOTHING}), ItemsPath="$.inner", ResultPath=None
                        ),
                        "R": service("sns:publish", {"Message.$": "$$.Map.Item.Value.text"}),
                    }
                ),
                ItemsPath="$.l",
                ItemSelector={"inner.$": "$.inner"},
                **NO_RESULT,
            )
        ),
        Words(list=("inner", "l"), plain=("l[*].text",)),
    ),
}
CHOOSING: Final[Fields] = {"Type": "Choice", "Default": "Forget"}
READER: Final[Fields] = service("sns:publish", {"Message.$": "$v.text"}, ResultPath=None)


def chosen(**rule: Any) -> Fields:
    return machine({"S": {**CHOOSING, "Choices": [{**rule, "Next": "Forget"}]}, "Forget": NOTHING})


CHOICES: Final[dict[str, tuple[Fields, Words]]] = {
    **{
        f"{test} is answered alike by a value and by a pointer to it": (
            chosen(Variable="$.a.b", **{test: True}),
            Words(open=("a",)),
        )
        for test in ("IsNull", "IsNumeric", "IsBoolean", "IsTimestamp")
    },
    "IsString needs the text": (
        chosen(Variable="$.a.b", IsString=True),
        Words(plain=("a.b",)),
    ),
    "a variable that is no plain path may read anything": (
        chosen(Variable="$.a.length()", NumericEquals=1),
        Words(plain=("$",)),
    ),
    "a rule assigns what it says, and not what the state says for its default": (
        before(
            {"Type": "Pass", "Assign": {"v.$": "$.a.b"}, **NO_RESULT},
            {
                **CHOOSING,
                "Assign": {"v": 1},
                "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "O1"}],
            },
            READER,
        ),
        Words(plain=("a.b.text",)),
    ),
}
VARIABLES: Final[dict[str, tuple[Fields, Words]]] = {
    "a Pass assigns of its parameters": (
        before(
            {
                "Type": "Pass",
                "Parameters": {"made.$": "$.a.b"},
                "Assign": {"v.$": "$.made"},
                **NO_RESULT,
            },
            READER,
        ),
        Words(plain=("a.b.text",)),
    ),
    "a Wait assigns of its input path": (
        before(
            {"Type": "Wait", "Seconds": 0, "InputPath": "$.a", "Assign": {"v.$": "$.b"}}, READER
        ),
        Words(plain=("a.b.text",)),
    ),
}
ALL: Final = {**EVALUATED, **CONTEXT, **CHOICES, **VARIABLES}


@pytest.mark.parametrize(("definition", "words"), ALL.values(), ids=ALL)
def test_words_before_a_state(definition: Fields, words: Words) -> None:
    assert words_before(definition, "S") == words


def test_result_selector_is_evaluated_where_the_result_is_dropped() -> None:
    selecting = task(ResultSelector={"id.$": "$.Payload.deep.id"}, ResultPath=None)

    found = words_of_answer(before(selecting))

    assert found == Words(open=("Payload.deep",))


def words_of_answer(definition: Fields) -> Words:
    scope = read(definition)
    return words_of(Liveness(scope, Decorated.named(())).answers[state_of(scope, "S")])


@pytest.mark.parametrize(
    ("fields", "is_jsonata"),
    [({}, True), ({"Parameters": {}}, False), ({"QueryLanguage": "JSONata"}, True)],
)
def test_state_inside_one_of_jsonata_has_its_language_unless_its_fields_are_of_jsonpath(
    *, fields: Fields, is_jsonata: bool
) -> None:
    outer = mapping(machine({"In": {"Type": "Pass", **fields}}), QueryLanguage="JSONata")

    assert state_of(read(machine({"M": outer})), "M", "In").is_jsonata is is_jsonata
