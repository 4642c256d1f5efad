"""Two machines have the same outcome, or the difference is told."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.errors import MockedError
from local.machines.mocks import Mock
from local.outcomes.outcome import OutcomesDifferError
from local.outcomes.same_outcome import SameOutcome

WRAP = {"Type": "Pass", "Parameters": {"document.$": "$"}, "Next": "Charge"}
OFFLOADED = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {
        "FunctionName": "${StateDataManagerFunction}",
        "Payload": {
            "action": "init",
            "execution_id.$": "$$.Execution.Id",
            "input": {"current_state": {"document.$": "$"}},
        },
    },
    "OutputPath": "$.Payload.state_data.current_state",
    "Next": "Charge",
}
CHARGE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "${Charge}", "Payload.$": "$.document"},
    "ResultSelector": {"answer.$": "$.Payload"},
    "ResultPath": "$.charged",
    "Next": "Tell",
}
TELL = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sns:publish",
    "Parameters": {"TopicArn": "orders", "Message": "charged"},
    "ResultPath": None,
    "End": True,
}
ORDER = {"order": 7, "text": "two of them"}


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


BEFORE = machine(Wrap=WRAP, Charge=CHARGE, Tell=TELL)
AFTER = machine(Wrap=OFFLOADED, Charge=CHARGE, Tell=TELL)
MOCKS: dict[str, Mock] = {
    "Charge": lambda given: {"Payload": given["Payload"]},
    "Tell": {"result": {}},
}


@pytest.fixture(scope="module")
def real() -> Iterator[LocalCloud]:
    with LocalCloud.start() as started:
        yield started


@pytest.fixture
def compare(real: LocalCloud) -> SameOutcome:
    return SameOutcome(real)


def test_machine_that_offloads_does_what_the_other_would_do_with_more(
    compare: SameOutcome,
) -> None:
    mocks: dict[str, Mock] = {**MOCKS, "Charge": {"result": {"Payload": "c" * 30_000}}}
    seen = compare(BEFORE, AFTER, ORDER, mocks, decorated=["Charge"])
    assert seen.before.output == {"document": ORDER, "charged": {"answer": "c" * 30_000}}
    assert seen.grew == "the text at $.text of the input"
    assert seen.grown_bytes == 250_000
    assert seen.after_grown is not None
    assert len(seen.after_grown.output["document"]["text"]) > 249_000
    assert [call.state for call in seen.after_grown.calls] == ["Charge", "Tell"]


CUSTOM = r'\{"custom":\{"execution_id":"{}"\}\}'
CONTEXT = f"States.Base64Encode(States.Format('{CUSTOM}', $$.Execution.Id))"


def test_decorated_function_reads_and_answers_pointers(compare: SameOutcome) -> None:
    def asks(function: str, **fields: Any) -> dict[str, Any]:
        return {**CHARGE, "Parameters": {"FunctionName": function, "Payload.$": "$"}, **fields}

    def owned(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "Parameters": {**state["Parameters"], "ClientContext.$": CONTEXT}}

    first, then = asks("${A}", ResultPath="$.first", Next="Then"), asks("${B}", Next="Tell")
    before = machine(First=first, Then=then, Tell=TELL)
    after = machine(First=owned(first), Then=owned(then), Tell=TELL)
    mocks: dict[str, Mock] = {
        "First": lambda given: {"Payload": given["Payload"]["text"] * 2},
        "Then": lambda given: {"Payload": len(given["Payload"]["first"]["answer"])},
        "Tell": {"result": {}},
    }
    seen = compare(before, after, ORDER, mocks, decorated=["First", "Then"])
    assert seen.after_grown is not None
    assert seen.after_grown.output["charged"]["answer"] > 200_000


def test_task_may_become_an_invocation_of_the_same_function(compare: SameOutcome) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Charge"
    before = machine(Charge={"Type": "Task", "Resource": arn, "End": True})
    invoke = {**CHARGE, "Parameters": {"FunctionName": arn, "Payload.$": "$"}, "End": True}
    dropped = ("Next", "ResultPath", "ResultSelector")
    after = machine(
        Charge={
            "OutputPath": "$.Payload",
            **{key: value for key, value in invoke.items() if key not in dropped},
        }
    )
    mocks: dict[str, Mock] = {"Charge": lambda given: {"paid": given["Payload"]["order"]}}
    assert compare(before, after, ORDER, mocks, inflate=False).after.output == {"paid": 7}


def test_machine_that_is_as_limited_as_the_other_is_told(compare: SameOutcome) -> None:
    with pytest.raises(
        OutcomesDifferError, match=r"at 192,000 bytes.*how they end[\s\S]*DataLimitExceeded"
    ):
        compare(BEFORE, {**BEFORE, "Comment": "as it was"}, ORDER, MOCKS)


def test_pointer_that_reaches_a_service_is_told(compare: SameOutcome) -> None:
    # Charge does not read pointers: it is not named as decorated.
    with pytest.raises(OutcomesDifferError, match="gave the service of the state 'Charge'"):
        compare(BEFORE, AFTER, ORDER, MOCKS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Tell": {**TELL, "Parameters": {"TopicArn": "orders", "Message": "other"}}}, "'Tell'"),
        ({"Tell": {**TELL, "ResultPath": "$.told"}}, "the output"),
        ({"Charge": {**CHARGE, "ResultSelector": {"answer.$": "$.Nothing"}}}, "how they end"),
    ],
)
def test_difference_is_told_on_the_input_as_it_is(
    compare: SameOutcome, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(OutcomesDifferError, match=f"as it is given, the two differ.*{message}"):
        compare(BEFORE, machine(**{**BEFORE["States"], **changed}), ORDER, MOCKS)


def test_failures_are_compared_by_their_error(compare: SameOutcome) -> None:
    failing = {**MOCKS, "Charge": {"errorOutput": {"error": "Card.Refused", "cause": "no"}}}
    assert compare(BEFORE, BEFORE, ORDER, failing, inflate=False).after.error == "Card.Refused"
    errors = itertools.cycle(["Card.Refused", "Card.Lost"])

    def fail(_given: Any) -> Any:
        raise MockedError(next(errors))

    with pytest.raises(OutcomesDifferError, match=r"Card\.Refused[\s\S]*Card\.Lost"):
        compare(BEFORE, BEFORE, ORDER, {**MOCKS, "Charge": fail}, inflate=False)


def test_what_differs_with_each_run_is_no_difference(compare: SameOutcome) -> None:
    numbers = itertools.count()
    parameters = {
        "QueueUrl": "q",
        "MessageBody": {"t.$": "$$.Task.Token", "e.$": "$$.Execution.Id"},
    }
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": parameters,
        "End": True,
    }
    mocks = {"Ask": lambda given: {"n": next(numbers), "id": given["MessageBody"]["e"]}}
    compare(machine(Ask=ask), machine(Ask=ask), {}, mocks, ignored=["n"], inflate=False)


def test_what_is_answered_grows_where_the_input_does_not_matter(compare: SameOutcome) -> None:
    whole = {
        **CHARGE,
        "Parameters": {"FunctionName": "f", "Payload": 1},
        "ResultPath": "$",
        "End": 1,
    }
    for_itself = machine(Charge={**whole, "End": True, "ResultSelector": {"a.$": "$", "b.$": "$"}})
    for_itself["States"]["Charge"].pop("Next")
    once = machine(Charge={**for_itself["States"]["Charge"], "ResultSelector": {"a.$": "$"}})
    mocks: dict[str, Mock] = {"Charge": {"result": {"Payload": "p"}}}
    with pytest.raises(OutcomesDifferError, match="differ in the output"):
        compare(for_itself, once, {}, mocks)
    with pytest.raises(OutcomesDifferError, match="what 'Charge' is answered at 192,000 bytes"):
        compare(for_itself, for_itself, {}, mocks)


def test_machine_that_never_grows_too_large_proves_nothing(compare: SameOutcome) -> None:
    small = machine(Only={"Type": "Pass", "Result": 1, "End": True})
    assert compare(small, small, {"a": 1}, inflate=False).grew is None
    with pytest.raises(OutcomesDifferError, match=r"a key 'inflated' of the input.*inflate=False"):
        compare(small, small, {"a": 1})


def test_what_a_mock_raises_reaches_the_test(compare: SameOutcome) -> None:
    with pytest.raises(KeyError, match="missing"):
        compare(BEFORE, BEFORE, ORDER, {**MOCKS, "Charge": lambda given: given["missing"]})
