"""Random small machines: adopted twice is adopted once, undone is as before, both do the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from local.cloud import LocalCloud
from local.outcomes.outcome import OutcomesDifferError
from local.outcomes.same_outcome import SameOutcome
from statebag.machines.adopting.adoption import FUNCTION, Adoption, adopt
from statebag.machines.adopting.undoing import undone
from statebag.machines.flow.bounds import LIMIT, Assumptions
from statebag.machines.planning.handlers import Decorated
from statebag.machines.text.source import read_text
from tests.machines.building import Fields, machine, mapping, service, task
from tests.machines.outcomes.case import tightened

# Each is there in every document, since states only add to it or write what is there.
INPUT: Fields = {
    "text": "t" * 2000,
    "a": {"n": 1, "big": "a" * 2000, "list": [{"n": 1, "big": "x" * 8000}, {"n": 2, "big": "y"}]},
    "b": {"n": 2, "big": "b" * 2000, "deep": {"n": 3, "big": "d" * 8000}},
}
NUMBERS = st.sampled_from(["$.a.n", "$.b.n", "$.b.deep.n", "$.a.list[0].n", "$.a.list[1].n"])
VALUES = st.sampled_from(["$.a.big", "$.b", "$.b.deep", "$.a.list", "$.text", "$.a.list[0]"])
PLACES = st.sampled_from(["$.r", "$.a.r", "$.b.deep.r", "$.text", None])


def moving(value: str, place: str | None) -> Fields:
    return {"Type": "Pass", "Parameters": {"n": 5, "big.$": value}, "ResultPath": place}


def sending(value: str) -> Fields:
    return service("sqs:sendMessage", {"MessageBody.$": value}, ResultPath=None)


def asking(value: str, place: str | None) -> Fields:
    return task("ask", value, ResultPath=place)


def fanning(value: str, place: str | None) -> Fields:
    body = machine({"Inner": {"Type": "Pass", "Parameters": {"n.$": "$.item.n", "all.$": "$.all"}}})
    selector = {"item.$": "$$.Map.Item.Value", "all.$": value}
    return mapping(body, ItemsPath="$.a.list", ItemSelector=selector, ResultPath=place)


def branching(value: str, other: str, place: str | None) -> Fields:
    branches = [
        machine({f"Inner {n}": {"Type": "Pass", "InputPath": path}})
        for n, path in enumerate((value, other))
    ]
    return {"Type": "Parallel", "Branches": branches, "ResultPath": place}


STATES = st.one_of(
    st.builds(moving, VALUES, PLACES),
    st.builds(sending, NUMBERS),
    st.builds(asking, VALUES, PLACES),
    st.builds(fanning, VALUES, PLACES),
    st.builds(branching, VALUES, VALUES, PLACES),
)


@st.composite
def machines(draw: st.DrawFn) -> Fields:
    states = {
        f"S{n}": json.loads(json.dumps(state).replace("Inner", f"S{n} inner"))
        for n, state in enumerate(draw(st.lists(STATES, min_size=2, max_size=4)))
    }
    rules = [
        {"Variable": "$.done", "IsPresent": True, "Next": "End"},
        {"Variable": draw(NUMBERS), "NumericGreaterThan": 1, "Next": "Mark"},
    ]
    choice = {"Type": "Choice", "Choices": rules, "Default": "End"}
    whole = machine({**states, "More?": choice, "End": {"Type": "Succeed"}})
    again = f"S{draw(st.integers(0, len(states) - 1))}"
    mark = {"Type": "Pass", "Result": True, "ResultPath": "$.done", "Next": again}
    whole["States"]["Mark"] = mark
    return whole


def adopted(definition: Fields, input_bytes: int) -> Adoption:
    source = read_text(json.dumps(definition, indent=2), name="test")
    assumed = Assumptions(input_bytes=input_bytes, items=3)
    return adopt(source, assumed, Decorated.named(["ask"]), FUNCTION)


@settings(max_examples=40, deadline=None)
@given(machines(), st.sampled_from([1_000, 32_768, LIMIT]))
def test_twice_is_once_and_undone_is_the_original(definition: Fields, input_bytes: int) -> None:
    once = adopted(definition, input_bytes)

    twice = adopted(json.loads(once.text), input_bytes)

    assert json.loads(twice.text) == json.loads(once.text)
    assert undone(read_text(once.text, name="test")) == json.dumps(definition, indent=2)


@pytest.fixture(scope="module")
def compare() -> Iterator[SameOutcome]:
    with LocalCloud.start() as started:
        yield SameOutcome(started)


def mocks_of(definition: Fields, size: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what answers for a machine, and which of its states ask a function."""
    states = definition["States"].items()
    asking = tuple(name for name, state in states if "lambda" in str(state))
    answer = {"result": {"Payload": {"n": 7, "big": "m" * size}}}
    sending: dict[str, Any] = {
        name: {"result": {}} for name, state in states if "sqs" in str(state)
    }
    return dict.fromkeys(asking, answer) | sending, asking


@pytest.mark.slow
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(definition=machines())
def test_adopted_machine_does_the_same(compare: SameOutcome, definition: Fields) -> None:
    # Documents are left so small that all leaves them that may.
    after = tightened(json.loads(adopted(definition, LIMIT).text), 6_000)
    mocks, asking = mocks_of(definition, 2000)

    compare(definition, after, INPUT, mocks, decorated=asking, inflate=False)


def with_long_text(value: Any, size: int) -> Any:
    others = len(json.dumps({**value, "text": ""}))
    return {**value, "text": "t" * max(2000, size - others)}


@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(definition=machines())
def test_adopted_machine_goes_on_where_the_first_ends(
    compare: SameOutcome, definition: Fields
) -> None:
    adoption = adopted(definition, LIMIT)
    (machine_adopted,) = adoption.machines
    assume(not machine_adopted.planned.plan.refusals)
    mocks, asking = mocks_of(definition, 40_000)

    try:
        after = json.loads(adoption.text)
        seen = compare(definition, after, INPUT, mocks, decorated=asking, inflate=with_long_text)
    except OutcomesDifferError as error:
        assume("never ended in States.DataLimitExceeded" not in str(error))
        raise
    assert seen.after_grown is not None
    assert seen.after_grown.status == "SUCCEEDED"
