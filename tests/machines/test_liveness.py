"""What stays plain, a list, or open before a state: a row for each way in which states read."""

import pytest

from statebag.machines.flow.liveness import Liveness
from statebag.machines.planning.handlers import Decorated
from statebag.machines.planning.words import Words, words_of
from tests.machines.building import (
    INVOKE,
    Fields,
    machine,
    mapping,
    read,
    service,
    task,
    words_before,
)

NOTIFY = service("sns:publish", {"TopicArn": "t", "Message.$": "$.text"}, ResultPath=None)
PAIR = service("sns:publish", {"TopicArn": "t", "Message.$": "$.Value.x"})
VALUES = service("sns:publish", {"TopicArn": "t", "Message.$": "$.o.*.x"})
CHOICE = {"Type": "Choice", "Default": "End"}
END = {"Type": "Succeed"}


def chosen(**rule: object) -> Fields:
    return machine({"S": {**CHOICE, "Choices": [{**rule, "Next": "End"}]}, "End": END})


def after(state: Fields) -> Fields:
    """A machine of a state that adds nothing, and one that is asked about."""
    return machine({"S": {"Type": "Pass", "ResultPath": None}, "T": state})


READS: dict[str, tuple[Fields, Words]] = {
    "a choice reads its variable": (
        chosen(Variable="$.a.b", StringEquals="x"),
        Words(plain=("a.b",)),
    ),
    "the test of presence reads only what holds it": (
        chosen(Variable="$.a.b", IsPresent=True),
        Words(open=("a",)),
    ),
    "both sides of a comparison are read": (
        chosen(Variable="$.a", NumericLessThanPath="$.b.c"),
        Words(plain=("a", "b.c")),
    ),
    "rules inside And, Or and Not are read": (
        chosen(
            And=[
                {"Variable": "$.a", "StringEquals": "x"},
                {"Not": {"Or": [{"Variable": "$.b", "IsString": True}]}},
            ]
        ),
        Words(plain=("a", "b")),
    ),
    "an element of a list": (
        chosen(Variable="$.l[0].x", NumericEquals=1),
        Words(plain=("l[0].x",)),
    ),
    "the value of an item, in a list or of an object": (
        after(mapping(machine({"I": PAIR}), ItemsPath="$.l")),
        Words(list=("l",), plain=("l[*].Value.x", "l[*].x")),
    ),
    "each value of an object that is put together": (
        machine({"S": {"Type": "Pass", "Parameters": {"o": {"k.$": "$.a"}}}, "T": VALUES}),
        Words(plain=("a.x",)),
    ),
    "a slice keeps the whole list plain": (
        after({"Type": "Pass", "Parameters": {"rest.$": "$.l[1:]"}}),
        Words(plain=("l",)),
    ),
    "what is only moved stays reachable": (
        after({"Type": "Pass", "Parameters": {"x.$": "$.a.b"}}),
        Words(open=("a",)),
    ),
    "a wait reads its time": (
        after({"Type": "Wait", "TimestampPath": "$.at.time"}),
        Words(plain=("at.time",)),
    ),
    "an intrinsic function reads its arguments": (
        after({"Type": "Pass", "Parameters": {"x.$": "States.JsonToString($.a.b)"}}),
        Words(plain=("a.b",)),
    ),
    "a list that is counted stays a list": (
        after({"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.a.l)"}}),
        Words(list=("a.l",)),
    ),
    "a service reads what it is sent": (after(NOTIFY), Words(plain=("text",))),
    "an input path is where the other paths begin": (
        after({**NOTIFY, "InputPath": "$.in"}),
        Words(plain=("in.text",)),
    ),
    "a function that is not decorated reads its event": (
        after(task(payload="$.order")),
        Words(plain=("order",)),
    ),
    "what a state writes into stays open": (
        after(task(payload="$.x", ResultPath="$.a.b")),
        Words(open=("a",), plain=("x",)),
    ),
    "a catch writes, too": (
        machine(
            {
                "S": task(
                    payload="$.x",
                    ResultPath=None,
                    Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e.f", "Next": "End"}],
                ),
                "End": END,
            }
        ),
        Words(open=("e",), plain=("x",)),
    ),
    "a map goes over a list whose elements may be pointers": (
        after(mapping(machine({"I": {"Type": "Pass"}}), ItemsPath="$.l")),
        Words(list=("l",)),
    ),
    "what a body reads of an item stays plain in every element": (
        after(mapping(machine({"I": NOTIFY}), ItemsPath="$.a.l")),
        Words(list=("a.l",), plain=("a.l[*].text",)),
    ),
    "an item selector is a template": (
        after(
            mapping(
                machine({"I": NOTIFY}),
                ItemsPath="$.l",
                ItemSelector={"text.$": "$$.Map.Item.Value.t", "all.$": "$.big"},
            )
        ),
        Words(list=("l",), plain=("l[*].t",)),
    ),
    "a dynamic error is read": (
        after({"Type": "Fail", "CausePath": "$.why"}),
        Words(plain=("why",)),
    ),
}


@pytest.mark.parametrize(("definition", "words"), READS.values(), ids=READS)
def test_words_before_a_state_are_those_of_its_readers(definition: Fields, words: Words) -> None:
    assert words_before(definition, "S") == words


def test_decorated_function_reads_nothing_in_place() -> None:
    assert words_before(after(task()), "S", decorated=("T",)) == Words()


def test_offload_state_that_is_there_hands_on_what_later_states_need() -> None:
    event = {"action": "offload", "document.$": "$", "execution_id.$": "$.owner"}
    offload = {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "f", "Payload": event},
        "OutputPath": "$.Payload.document",
    }
    sends = service("sqs:sendMessage", {"MessageBody.$": "$.a.b"})
    states: dict[str, Fields] = {"S": {"Type": "Pass"}, "Offload": offload, "Send": sends}

    assert words_before(machine(states), "S") == Words(plain=("a.b", "owner"))


def test_children_of_a_distributed_map_are_given_values() -> None:
    body = {**machine({"I": task()}), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}

    words = words_before(after(mapping(body, ItemsPath="$.l")), "S", decorated=("I",))

    assert words == Words(list=("l",), plain=("l[*]",))


def test_value_that_is_overwritten_is_needed_no_more() -> None:
    definition = machine({"S": {"Type": "Pass", "Result": 1, "ResultPath": "$.text"}, "T": NOTIFY})

    # What is written into has to be there, however many small keys it has.
    assert words_before(definition, "S") == Words(open=("$",))


def test_document_of_which_a_part_is_moved_is_no_pointer_itself() -> None:
    moving = {"Type": "Pass", "Parameters": {"text.$": "$.order"}}

    assert words_before(machine({"S": moving}), "S") == Words(open=("$",))
    assert words_before(machine({"S": {"Type": "Pass"}}), "S") == Words()


def test_path_is_followed_through_the_template_that_moves_it() -> None:
    moving = {"Type": "Pass", "Parameters": {"text.$": "$.order.note"}, "ResultPath": "$"}

    assert words_before(machine({"S": moving, "T": NOTIFY}), "S") == Words(plain=("order.note",))


def test_output_path_moves_the_document() -> None:
    moving = {"Type": "Pass", "OutputPath": "$.order"}

    words = words_before(machine({"S": moving, "T": NOTIFY}), "S")

    assert words == Words(plain=("order.text",))


def test_results_of_a_map_that_are_read_stay_plain_at_the_end_of_its_body() -> None:
    body = machine({"I": {"Type": "Pass", "Parameters": {"id.$": "$.key", "more.$": "$"}}})
    reader = service("sqs:sendMessage", {"MessageBody.$": "$.r[*].id"})
    definition = machine({"M": mapping(body, ItemsPath="$.l", ResultPath="$.r"), "R": reader})

    assert words_before(definition, "M", "I") == Words(plain=("key",))
    assert words_before(definition, "R") == Words(plain=("r[*].id",))


def test_results_of_branches_are_read_by_their_position() -> None:
    branches = [machine({name: {"Type": "Pass"}}) for name in ("A", "B")]
    definition = machine(
        {
            "P": {"Type": "Parallel", "Branches": branches, "ResultPath": "$.r"},
            "R": service("sqs:sendMessage", {"MessageBody.$": "$.r[1].note"}),
        }
    )

    assert words_before(definition, "P", "0", "A") == Words()
    assert words_before(definition, "P", "1", "B") == Words(plain=("note",))


def test_loop_over_the_rest_of_a_list_comes_to_an_end() -> None:
    definition = machine(
        {
            "S": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.l[0]", "IsPresent": True, "Next": "Do"}],
                "Default": "End",
            },
            "Do": task(payload="$.l[0]", ResultPath=None),
            "Pop": {"Type": "Pass", "Parameters": {"l.$": "$.l[1:]"}, "Next": "S"},
            "End": END,
        }
    )

    assert words_before(definition, "S") == Words(plain=("l",))


def test_path_that_grows_in_a_loop_is_cut() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "E"}]}
    definition = machine(
        {
            "S": {**choice, "Default": "D"},
            "D": {"Type": "Pass", "InputPath": "$.next", "Next": "S"},
            "E": END,
        }
    )

    words = words_before(definition, "S")

    assert words.plain == (".".join(["next"] * 11),)


def test_variable_carries_what_its_readers_need() -> None:
    definition = machine(
        {
            "S": {"Type": "Pass", "Assign": {"note.$": "$.order.note"}, "ResultPath": None},
            "Forget": {"Type": "Pass", "Result": {}},
            "T": service("sns:publish", {"Message.$": "$note.text"}),
        }
    )

    assert words_before(definition, "S") == Words(plain=("order.note.text",))


def test_variable_of_a_body_hides_the_one_around_it() -> None:
    body = machine(
        {
            "I": {"Type": "Pass", "Assign": {"x.$": "$.own"}},
            "J": service("sns:publish", {"Message.$": "$x"}, ResultPath=None),
        }
    )
    definition = machine(
        {
            "S": {"Type": "Pass", "Assign": {"x.$": "$.outer"}, "ResultPath": None},
            "M": mapping(body, ItemsPath="$.l"),
        }
    )

    assert words_before(definition, "S") == Words(list=("l",), plain=("l[*].own",))


JSONATA: dict[str, tuple[Fields, Words]] = {
    "an argument that is only a path is read by the service": (
        {"Arguments": {"Message": "{% $states.input.a.text %}"}},
        Words(plain=("a.text",)),
    ),
    "an output is a template": (
        {"Arguments": {}, "Output": {"kept": "{% $states.input.big %}"}},
        Words(open=('[""].big[""]',)),
    ),
    "a name that is moved may lead to a list in each element of a list": (
        {"Arguments": {}, "Output": {"ids": "{% $states.input.orders.lines.id %}"}},
        Words(open=('orders.lines[""].id[""]',)),
    ),
    "a name that is read says so of itself": (
        {"Arguments": {"Message": "{% $states.input.lines.note %}"}},
        Words(plain=("lines.note",)),
    ),
    "a name that is counted does so": (
        {"Arguments": {}, "Output": "{% $count($states.input.lines.note) %}"},
        Words(list=("lines.note",)),
    ),
    "another name that is read beside it says nothing of it": (
        {
            "Arguments": {"Message": "{% $states.input.lines.note %}"},
            "Output": {"ids": "{% $states.input.lines.id %}"},
        },
        Words(open=('lines[""].id[""]',), plain=("lines.note",)),
    ),
    "a function reads its arguments": (
        {"Arguments": {}, "Output": "{% $append($states.input.l, $states.result) %}"},
        Words(plain=("l",)),
    ),
}


def test_list_that_is_taken_from_results_stays_a_list_at_the_end_of_each_body() -> None:
    made = machine({"I": {"Type": "Pass", "Output": {"text": "{% $states.input.a.b %}"}}})
    fan = {"Type": "Map", "Items": [1, 2], "ItemProcessor": made}
    both = {"Type": "Parallel", "Branches": [made, made]}
    take = {"Type": "Pass", "Output": {"all": "{% $states.input.text %}"}}
    for state in (fan, both):
        scope = read(machine({"S": state, "T": take}, QueryLanguage="JSONata"))
        liveness = Liveness(scope, Decorated.named([]))
        for body in list(scope.scopes())[1:]:
            assert words_of(liveness.ends[body]) == Words(open=('text[""]',))


@pytest.mark.parametrize(("fields", "words"), JSONATA.values(), ids=JSONATA)
def test_words_of_jsonata_states(fields: Fields, words: Words) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", **fields}

    definition = machine({"S": state}, QueryLanguage="JSONata")

    assert words_before(definition, "S") == words


def test_jsonata_map_reads_its_items() -> None:
    inner = {"Type": "Task", "Resource": INVOKE, "Arguments": {"Payload": "{% $states.input.id %}"}}
    body = {"StartAt": "I", "States": {"I": {**inner, "End": True}}}
    state = {"Type": "Map", "Items": "{% $states.input.l %}", "ItemProcessor": body}

    words = words_before(machine({"S": state}, QueryLanguage="JSONata"), "S")

    assert words == Words(list=("l",), plain=("l[*].id",))
