"""How large documents become: the arithmetic of bounds, one rule a test."""

from typing import Any

import pytest

from statebag.errors import RefusedError
from statebag.machines.flow.bounds import LIMIT, Assumptions
from statebag.machines.flow.growth import Growth
from statebag.machines.flow.planner import Place, Settled
from statebag.machines.flow.shapes import POINTER, UNBOUNDED, Shape, joined, plain_size, widened
from statebag.machines.planning.handlers import Decorated
from statebag.machines.values.expressions import Word
from statebag.machines.values.paths import DOCUMENT, EACH, Path
from tests.machines.building import Fields, machine, mapping, read, service, state_of, task

KIB = 1024
INPUT = 10 * KIB


def grown(definition: Fields, *decorated: str, **assumed: Any) -> Growth:
    scope = read(definition)
    assumptions = Assumptions(**{"input_bytes": INPUT, "items": 10, **assumed})
    growth = Growth(assumptions, Decorated.named(decorated), Settled())
    growth.run(scope)
    return growth


def behind(definition: Fields, *path: str, **assumed: Any) -> int:
    """Return the largest document behind a state."""
    growth = grown(definition, **assumed)
    state = next(state for state in growth.outcomes if state.path == path)
    return max(values[DOCUMENT].size for _, values in growth.outcomes[state].values)


def nested(levels: int) -> Fields:
    """Return Maps inside each other, over lists of which nothing is known."""
    definition = machine({"Work": task()})
    for level in range(levels):
        fan = mapping(definition, ItemsPath="$.x", ResultPath=f"$.r{level}")
        definition = machine({"Each": fan, "Done": {"Type": "Succeed"}})
    return definition


def nearly(size: int) -> Any:
    return pytest.approx(size, abs=3 * KIB)


LIST = service("aws-sdk:s3:listObjectsV2", {})
BESIDE: dict[str, tuple[Fields, int]] = {
    "an answer beside the document is added": ({**LIST, "ResultPath": "$.r"}, INPUT + 60 * KIB),
    "an answer in its place replaces it": (LIST, 60 * KIB),
    "an answer that is dropped adds nothing": ({**LIST, "ResultPath": None}, INPUT),
    "a receipt is small": (service("sqs:sendMessage", {}, ResultPath="$.r"), INPUT + 4 * KIB),
    "so are the temporary credentials of a role": (
        service("aws-sdk:sts:assumeRole", {}, ResultPath="$.r"),
        INPUT + 4 * KIB,
    ),
    "and the id of a statement that goes on by itself": (
        service("aws-sdk:redshiftdata:executeStatement", {}, ResultPath="$.r"),
        INPUT + 4 * KIB,
    ),
    "a parameter has a bound of its own": (
        service("aws-sdk:ssm:getParameter", {}, ResultPath="$.r"),
        INPUT + 16 * KIB,
    ),
    "a receipt with a whole item of a table is not": (
        service("dynamodb:updateItem", {"ReturnValues": "ALL_NEW"}, ResultPath="$.r"),
        INPUT + 60 * KIB,
    ),
    "nor is one with all of a list that an update appends to": (
        service(
            "dynamodb:updateItem",
            {"ReturnValues": "UPDATED_NEW", "UpdateExpression": "SET l = list_append(l, :x)"},
            ResultPath="$.r",
        ),
        INPUT + 60 * KIB,
    ),
    "a receipt for each of many is not": (
        service("aws-sdk:s3:deleteObjects", {}, ResultPath="$.r"),
        INPUT + 60 * KIB,
    ),
    "what a nested Express execution answers is not": (
        service("aws-sdk:sfn:startSyncExecution", {}, ResultPath="$.r"),
        INPUT + 60 * KIB,
    ),
    "a text in a text is as large as what it is made of": (
        {
            "Type": "Pass",
            "Parameters": {"a.$": "States.Format('{}', States.JsonToString($.x))"},
        },
        2 * INPUT,
    ),
    "the input that an array takes from the context counts": (
        {"Type": "Pass", "Parameters": {"a.$": "States.Array($$.Execution.Input, $.x)"}},
        2 * INPUT,
    ),
    "a selector narrows the answer": (
        {**LIST, "ResultSelector": {"n.$": "States.ArrayLength($.Contents)"}, "ResultPath": "$.r"},
        INPUT,
    ),
    "an output path takes a part": ({**LIST, "ResultPath": "$.r", "OutputPath": "$.r"}, 60 * KIB),
    "a path counts each time it is used": (
        {"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.x"}},
        2 * INPUT,
    ),
    "parts of one value are no larger than it": (
        {"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.y"}},
        INPUT,
    ),
    "a scalar that is formatted is small": (
        {"Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $.x)"}},
        KIB,
    ),
    "a text of JSON is up to twice as long": (
        {"Type": "Pass", "Parameters": {"a.$": "States.JsonToString($)"}},
        2 * INPUT,
    ),
}


@pytest.mark.parametrize(("state", "size"), BESIDE.values(), ids=BESIDE)
def test_document_behind_a_state(state: Fields, size: int) -> None:
    assert behind(machine({"S": state}), "S") == nearly(size)


def test_decorated_function_answers_little_and_another_what_is_assumed() -> None:
    definition = machine({"S": task(ResultPath="$.r")})

    assert behind(definition, "S", answer_bytes=200 * KIB) == nearly(INPUT + 200 * KIB)
    growth = grown(definition, "S", answer_bytes=200 * KIB)
    (outcome,) = growth.outcomes.values()
    assert outcome.values[0][1][DOCUMENT].size == nearly(INPUT + 61 * KIB)


def test_results_of_a_map_are_as_many_as_its_items() -> None:
    definition = machine({"M": mapping(machine({"I": LIST}), ItemsPath="$.l")})

    assert grown(definition, items=3).outcomes.keys()
    assert behind(definition, "M", items=3) == nearly(180 * KIB)


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_results_that_a_distributed_map_drops_have_the_limit_all_the_same(mode: str) -> None:
    body = machine({"List": LIST}, ProcessorConfig={"Mode": mode})
    definition = machine({"Each": mapping(body, ItemsPath="$.x", ResultPath=None)})

    growth = grown(definition)

    excesses = {outcome.excesses for outcome in growth.outcomes.values()} - {()}
    assert [each.place for found in excesses for each in found] == (
        [Place.ANSWER] if mode == "DISTRIBUTED" else []
    )


def test_items_that_pass_through_a_map_are_together_no_larger_than_their_list() -> None:
    definition = machine({"M": mapping(machine({"I": {"Type": "Pass"}}), ItemsPath="$.l")})

    assert behind(definition, "M", items=100) == nearly(INPUT)


def test_results_of_branches_are_added_up() -> None:
    branches = [machine({name: LIST}) for name in ("A", "B")]

    definition = machine({"P": {"Type": "Parallel", "Branches": branches}})

    assert behind(definition, "P") == nearly(120 * KIB)


def test_parts_of_one_value_are_no_larger_than_it_wherever_they_are_moved() -> None:
    parts = {f"{name}.$": f"$.{name}" for name in "abcd"}
    nested = {f"{name}.$": f"$.all.{name}" for name in "abcd"}
    parsed = {f"{name}.$": f"States.StringToJson($.{name})" for name in "abcd"}
    definition = machine(
        {
            "Take": {"Type": "Pass", "Parameters": {"all": parts}},
            "Move": {"Type": "Pass", "Parameters": nested},
            "Parse": {"Type": "Pass", "Parameters": parsed},
            "Send": service("sqs:sendMessage", {"MessageBody": parts}, ResultPath=None),
            "Twice": {"Type": "Pass", "Parameters": {"one.$": "$.a", "other.$": "$.a"}},
        }
    )

    growth = grown(definition, input_bytes=200 * KIB)

    (excess,) = [each for outcome in growth.outcomes.values() for each in outcome.excesses]
    assert (excess.place, excess.size) == (Place.OUTPUT, nearly(400 * KIB))


def test_parts_of_two_copies_of_a_value_are_as_large_as_both() -> None:
    definition = machine(
        {
            "List": {**LIST, "ResultPath": "$.r"},
            "Copy": {"Type": "Pass", "Parameters": {"one.$": "$.r", "other.$": "$.r"}},
            "Part": {"Type": "Pass", "Parameters": {"x.$": "$.one.x", "y.$": "$.other.y"}},
        }
    )

    assert behind(definition, "Part") == nearly(120 * KIB)


def test_writing_one_path_again_and_again_does_not_grow() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.r", "IsPresent": True, "Next": "S"}]}
    definition = machine(
        {
            "S": {**LIST, "ResultPath": "$.r"},
            "C": {**choice, "Default": "E"},
            "E": {"Type": "Succeed"},
        }
    )

    growth = grown(definition)

    assert not growth.loops
    assert behind(definition, "E") == nearly(INPUT + 60 * KIB)


def test_counter_that_begins_in_the_machine_does_not_grow() -> None:
    definition = machine(
        {
            "Begin": {"Type": "Pass", "Parameters": {"n": 0}},
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}},
            "More?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 9, "Next": "Count"}],
                "Default": "End",
            },
            "End": {"Type": "Succeed"},
        }
    )

    growth = grown(definition)

    assert not growth.loops


def test_list_that_grows_on_each_round_is_found_with_its_step() -> None:
    states = {
        "S": {**LIST, "ResultPath": "$.r"},
        "Keep": {"Type": "Pass", "Parameters": {"all.$": "States.Array($.all, $.r)"}},
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.all", "IsPresent": True, "Next": "S"}],
            "Default": "E",
        },
        "E": {"Type": "Succeed"},
    }

    growth = grown(machine(states), answer_bytes=10 * KIB)

    (excess,) = growth.loops.values()
    assert (excess.place, excess.step) == (Place.LOOP, nearly(10 * KIB))


def test_arguments_are_checked_apart_from_the_document() -> None:
    twice = {"a.$": "$.r", "b.$": "$.r"}
    definition = machine(
        {
            "S": {**LIST, "ResultPath": "$.r"},
            "T": service("sqs:sendMessage", {"MessageBody": twice}),
        }
    )

    growth = grown(definition, answer_bytes=200 * KIB)

    state = state_of_growth(growth, "T")
    assert {excess.place for excess in growth.outcomes[state].excesses} >= {Place.ARGUMENTS}


def state_of_growth(growth: Growth, name: str) -> Any:
    return next(state for state in growth.outcomes if state.name == name)


def test_variables_are_carried_beside_the_document() -> None:
    definition = machine(
        {
            "S": {**LIST, "Assign": {"kept.$": "$"}, "ResultPath": None},
            "T": {"Type": "Pass", "Parameters": {"a.$": "$kept.Contents"}},
        }
    )

    assert behind(definition, "S") == nearly(INPUT)
    assert behind(definition, "T") == nearly(60 * KIB)


def test_states_that_cannot_be_reached_have_no_bounds() -> None:
    definition = machine({"S": {"Type": "Succeed"}, "T": {"Type": "Succeed"}})

    assert [state.name for state in grown(definition).outcomes] == ["S"]
    assert state_of(read(definition), "T").kind == "Succeed"


def test_either_of_two_documents_is_no_larger_than_the_larger() -> None:
    one = Shape(10).written(("a",), Shape(100))
    other = Shape(10).written(("b",), Shape(60))

    both = joined(one, other)

    assert both.size == max(one.size, other.size)
    assert (both.read(("a",)).size, both.read(("b",)).size) == (100, 60)


def test_what_is_overwritten_counts_once() -> None:
    document = Shape(10).written(("a", "b"), Shape(50))

    assert document.written(("a",), Shape(5)).size < 40
    assert document.read(("a",)).size == document.read(("a", "b")).size + 5 + 10


def test_only_what_grew_is_without_bound() -> None:
    old = Shape(10, {"a": Shape(5), "b": Shape(5)})
    new = Shape(10, {"a": Shape(9), "b": Shape(5)})

    wide = widened(old, new)

    assert wide.fields["a"].size == UNBOUNDED
    assert wide.fields["b"].size == 5


def test_plain_part_of_a_document_is_what_its_readers_need() -> None:
    document = (
        Shape(1000).written(("r",), Shape(500)).written(("l",), Shape(2, {EACH: Shape(50)}, 4))
    )

    def plain(needs: Any) -> int:
        return plain_size(document, needs, 40)

    assert plain({("r",): Word.PLAIN}) == nearly(500)
    assert plain({("x",): Word.PLAIN, ("y",): Word.PLAIN}) == nearly(1000)
    assert plain({(): Word.PLAIN}) == document.size
    assert plain({}) == plain({(): Word.REACHED}) == POINTER
    assert plain({("r",): Word.SCALAR}) <= plain({("r",): Word.PLAIN})


@pytest.mark.parametrize("path", [("a",), ("a", EACH), ("a", EACH, "id")])
def test_list_of_unknown_length_keeps_a_pointer_for_each_element(path: Path) -> None:
    needs = {path: Word.SCALAR, ("a",): Word.LIST}
    sizes = {items: plain_size(Shape(250_000), needs, items) for items in (1, 40)}

    assert sizes[40] - sizes[1] == 39 * POINTER
    assert plain_size(Shape(5_000), needs, 40) <= 5_000


def test_limit_is_that_of_step_functions() -> None:
    assert LIMIT == 262_144


def test_map_inside_maps_is_walked_twice_and_not_twice_for_each_level() -> None:
    assert next(grown(nested(16)).visits) < 400


@pytest.mark.timeout(60)
def test_loops_inside_loops_without_end_are_refused() -> None:
    definition = machine({"Work": task()})
    for level in range(6):
        loop = [{"Variable": "$.go", "IsPresent": True, "Next": "Each"}]
        definition = machine(
            {
                "Each": {"Type": "Parallel", "Branches": [definition], "ResultPath": f"$.r{level}"},
                "Again": {"Type": "Choice", "Choices": loop, "Default": "Done"},
                "Done": {"Type": "Succeed"},
            }
        )

    with pytest.raises(RefusedError, match="inside each other too deeply"):
        grown(definition)


def test_value_of_an_object_may_be_the_largest_of_them_and_each_keeps_what_is_read() -> None:
    shape = Shape(10).written(("a",), Shape(5_000)).written(("b",), Shape(9_000))

    assert shape.read((EACH,)).size == 9_000
    assert shape.elements((EACH,)) == 2
    assert 14_000 <= plain_size(shape, {(EACH, "x"): Word.PLAIN}, 40) <= shape.size
