"""What is tried with each state of the machine."""

from collections import Counter
from typing import Any

import pytest

from account.errors import AccountError
from account.walk.cases import Case, attempts_of, cases_of, targets_of
from account.walk.documents import input_of, inputs_of_choice, result_of


@pytest.fixture(scope="module")
def cases(machine: dict[str, Any]) -> list[Case]:
    return list(cases_of(machine))


def states_of(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, state in machine["States"].items():
        found[name] = state
        found |= states_of(state["ItemProcessor"]) if "ItemProcessor" in state else {}
    return found


def test_every_state_is_tried(machine: dict[str, Any], cases: list[Case]) -> None:
    assert {case.name for case in cases} == states_of(machine).keys()


def test_every_catch_and_every_retry_is_tried(machine: dict[str, Any], cases: list[Case]) -> None:
    tried = Counter((case.name, case.label.split(" ", maxsplit=1)[0]) for case in cases)
    for name, state in states_of(machine).items():
        retriers = [each for each in state.get("Retry", ()) if attempts_of(each)]
        assert tried[name, "retries"] == tried[name, "exhausts"] == len(retriers)
        if "Catch" in state:
            assert tried[name, "catches"] == len(state["Catch"])


def test_an_error_that_is_caught_is_tried_no_more(cases: list[Case]) -> None:
    assert all(case.exhausted for case in cases if case.label.startswith(("catches", "exhausts")))
    assert not any(case.exhausted for case in cases if case.label.startswith("retries"))


def test_there_is_an_input_for_every_rule_of_a_choice(machine: dict[str, Any]) -> None:
    choices = [state for state in states_of(machine).values() if state["Type"] == "Choice"]
    assert len(choices) > 1
    for choice in choices:
        assert {target for target, _ in inputs_of_choice(choice)} == targets_of(choice)


def test_a_choice_that_tests_something_unknown_is_named() -> None:
    rule = {"Variable": "$.moment", "TimestampEquals": "2026-01-01T00:00:00Z", "Next": "End"}
    with pytest.raises(AccountError, match="tests TimestampEquals"):
        list(inputs_of_choice({"Type": "Choice", "Choices": [rule]}))


def test_an_input_has_what_the_state_reads() -> None:
    state = {
        "Type": "Pass",
        "Parameters": {
            "bag.$": "$.state_data",
            "text.$": "States.Format('{} of {}', $.state_data.next_action, $.failure.Error)",
            "id.$": "$$.Execution.Id",
        },
    }
    assert input_of(state) == {
        "state_data": {"next_action": "a text"},
        "failure": {"Error": "a text"},
    }


def test_a_result_has_what_the_result_selector_reads() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "ResultSelector": {"key.$": "$.Payload.items.key"},
    }
    assert result_of(state) == {"StatusCode": 200, "Payload": {"items": {"key": "a text"}}}
