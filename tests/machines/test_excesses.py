"""Where a machine passes the limit beside its document: bodies, variables, formatted results."""

from typing import Any

import pytest

from statebag.machines.flow.bounds import Assumptions
from statebag.machines.flow.growth import Growth
from statebag.machines.flow.planner import Excess, Place, Settled
from statebag.machines.planning.handlers import Decorated
from statebag.machines.planning.planning import plan_of
from tests.machines.building import Fields, machine, mapping, read, service

KIB = 1024
LIST = service("aws-sdk:s3:listObjectsV2", {})
ONE = machine({"B": {"Type": "Pass", "Result": 1}})
SMALL = machine({"B": {"Type": "Pass", "Output": 1}})
TWICE = {"a.$": "$", "b.$": "$"}
WHOLE = "{% $states.input %}"
DISTRIBUTED = {**machine({"I": LIST}), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
BUCKET = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}


def assumed(**others: int) -> Assumptions:
    known: dict[str, Any] = {"input_bytes": 200 * KIB, "items": 10, **others}
    return Assumptions(**known)


def excesses(definition: Fields, **others: int) -> list[Excess]:
    growth = Growth(assumed(**others), Decorated.named(()), Settled())
    growth.run(read(definition))
    found = [each for outcome in growth.outcomes.values() for each in outcome.excesses]
    return [*found, *growth.loops.values()]


def branches(**others: Any) -> Fields:
    return {"Type": "Parallel", "Branches": [ONE], "ResultPath": None, **others}


def each(**selector: str) -> Fields:
    items = {"ItemsPath": "$.items", "ItemSelector": selector, "ResultPath": None}
    return mapping(ONE, **items)


def batched(**given: str) -> Fields:
    batcher = {"MaxItemsPerBatch": 10, "BatchInput": given}
    body = {**ONE, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    return mapping(body, ItemsPath="$.items", ItemBatcher=batcher, ResultPath=None)


def counting(numbers: str) -> Fields:
    body = machine({"B": {"Type": "Pass", "Output": "o" * KIB}})
    return in_jsonata(Type="Map", Items=f"{{% {numbers} %}}", ItemProcessor=body)


def in_jsonata(**state: Any) -> Fields:
    return {"QueryLanguage": "JSONata", "Type": "Pass", **state}


def written(**writer: Any) -> Fields:
    return mapping(DISTRIBUTED, ItemsPath="$.items", ResultWriter=writer)


PLACES: dict[str, tuple[Fields, set[Place]]] = {
    "a branch may begin with the whole document": (branches(), set()),
    "a branch may not begin with twice the document": (branches(Parameters=TWICE), {Place.BODY}),
    "nor in JSONata": (
        in_jsonata(Type="Parallel", Branches=[SMALL], Arguments=[WHOLE, WHOLE], Output=1),
        {Place.BODY},
    ),
    "an item and what else it needs are parts of one document": (
        each(**{"item.$": "$$.Map.Item.Value", "kept.$": "$.kept"}),
        set(),
    ),
    "an item beside the whole document is not": (
        each(**{"item.$": "$$.Map.Item.Value", "all.$": "$"}),
        {Place.BODY},
    ),
    "nor is one of a list that JSONata goes over": (
        in_jsonata(
            Type="Map",
            ItemProcessor=SMALL,
            Items="{% $states.input.items %}",
            ItemSelector={"item": "{% $states.context.Map.Item.Value %}", "all": WHOLE},
            Output=1,
        ),
        {Place.BODY},
    ),
    "an item of a batch and what each batch is given are parts of one document": (
        batched(**{"kept.$": "$.kept"}),
        set(),
    ),
    "a batch that is given the whole document has no room for an item": (
        batched(**{"all.$": "$"}),
        {Place.BODY},
    ),
    "a list of short parts has more brackets than values": (
        {"Type": "Pass", "Parameters": {"l.$": "States.ArrayPartition($.l, 1)"}},
        {Place.OUTPUT},
    ),
    "what an expression makes for each element counts for each": (
        in_jsonata(Output="{% $states.input.l.{'id': id, 'all': $states.input.all} %}"),
        {Place.OUTPUT},
    ),
    "a definition says how many numbers there are": (counting("[1..30]"), set()),
    "and many of them are more results than fit": (
        counting("[1..300]"),
        {Place.ANSWER, Place.OUTPUT},
    ),
    "a variable may hold the document": (in_jsonata(Assign={"a": WHOLE}), set()),
    "two that are set at once may not": (
        in_jsonata(Assign={"a": WHOLE, "b": WHOLE}),
        {Place.VARIABLES},
    ),
    "nor may one hold it twice": (
        {"Type": "Pass", "Assign": {"both": TWICE}},
        {Place.VARIABLES},
    ),
    "a key that an expression puts together is no larger than a name": (
        in_jsonata(
            Type="Task",
            Resource="arn:aws:states:::aws-sdk:s3:putObject",
            Arguments={
                "Bucket": "b",
                "Key": "{% $states.input.id & '.json' %}",
                "Body": "{% $states.input.report %}",
            },
            Output=1,
        ),
        set(),
    ),
    "results in S3 leave an address": (written(**BUCKET), set()),
    "and so do records that are formatted there": (
        written(**BUCKET, WriterConfig={"Transformation": "COMPACT"}),
        set(),
    ),
    "results that a writer only formats come back": (
        written(WriterConfig={"Transformation": "FLATTEN", "OutputType": "JSON"}),
        {Place.ANSWER, Place.OUTPUT},
    ),
}


@pytest.mark.parametrize(("state", "places"), PLACES.values(), ids=PLACES)
def test_places_where_a_state_passes_the_limit(state: Fields, places: set[Place]) -> None:
    assert {excess.place for excess in excesses(machine({"S": state}))} == places


@pytest.mark.parametrize("kind", [Place.BODY, Place.VARIABLES])
def test_offload_state_before_it_helps_where_values_are_only_moved(kind: Place) -> None:
    state = branches(Parameters=TWICE) if kind is Place.BODY else in_jsonata(Assign={"a": TWICE})

    plan = plan_of(read(machine({"S": state})), assumed(), Decorated.named(())).plan

    assert [found.name for found in plan.before] == (["S"] if kind is Place.BODY else [])
    assert not plan.refusals


READ_FROM: dict[str, tuple[Fields, Fields]] = {
    "JSONPath": (
        service("aws-sdk:s3:listObjectsV2", {"Bucket": "b"}, ResultPath="$.found"),
        {"Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"}},
    ),
    "JSONata": (
        {
            "Type": "Task",
            "Resource": LIST["Resource"],
            "Arguments": {"Bucket": "b"},
            "Output": "{% $merge([$states.input, {'found': $states.result}]) %}",
        },
        {"Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "{% $states.input.key %}"}},
    ),
}


@pytest.mark.parametrize("language", READ_FROM)
def test_place_that_a_map_reads_its_items_from_is_no_larger_than_a_name(language: str) -> None:
    find, place = READ_FROM[language]
    reader = {"Resource": "arn:aws:states:::s3:getObject", **place}
    each = mapping(DISTRIBUTED, ItemReader=reader, ResultWriter=BUCKET)
    definition = machine({"Find": find, "Each": each}, QueryLanguage=language)

    plan = plan_of(read(definition), assumed(input_bytes=256 * KIB), Decorated.named(())).plan

    assert not plan.refusals


def collecting(assign: str) -> Fields:
    """Return a loop that asks for page after page, and sets a variable each time."""
    ask = {
        "Type": "Task",
        "Resource": LIST["Resource"],
        "Arguments": {"Bucket": "b"},
        "Assign": {"all": assign},
        "Output": WHOLE,
    }
    more = {"Condition": "{% $states.input.more %}", "Next": "Ask"}
    choice = {"Type": "Choice", "Choices": [more], "Default": "End"}
    states = {"Ask": ask, "More?": choice, "End": {"Type": "Succeed"}}
    return machine(states, QueryLanguage="JSONata")


def test_variable_that_grows_on_each_round_is_found_and_refused() -> None:
    definition = collecting("{% $append($all, $states.result.Contents) %}")

    (found,) = excesses(definition, input_bytes=KIB, answer_bytes=2 * KIB)
    plan = plan_of(
        read(definition), assumed(input_bytes=KIB, answer_bytes=2 * KIB), Decorated.named(())
    ).plan

    assert (found.place, found.variable) == (Place.LOOP, "$all")
    assert found.step == pytest.approx(2 * KIB, abs=100)
    (refusal,) = plan.refusals.values()
    assert refusal.why == "the variable $all grows on each round"
    assert not plan.before


def test_variable_that_is_set_again_on_each_round_does_not_grow() -> None:
    definition = collecting("{% $states.result.NextToken %}")

    assert excesses(definition, input_bytes=KIB, answer_bytes=2 * KIB) == []


def test_results_that_a_writer_formats_as_records_hold_no_pointers() -> None:
    definition = machine({"M": written(WriterConfig={"Transformation": "NONE"})})

    plan = plan_of(read(definition), assumed(), Decorated.named(())).plan

    assert not plan.ends
    (refusal,) = plan.refusals.values()
    assert refusal.cure.startswith("let its ResultWriter write to S3")
