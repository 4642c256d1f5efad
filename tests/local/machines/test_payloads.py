"""Which payload is too large, and whether a Catch can do anything about it."""

from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.limits import PAYLOAD_BYTES, payload_bytes
from tests.local.conftest import Failed

Outcome = Callable[..., Any]
EXCEEDED = Failed("States.DataLimitExceeded")
HALF = "x" * (PAYLOAD_BYTES // 2)
WHOLE = "x" * PAYLOAD_BYTES
BY_NAME, BY_ALL = "States.DataLimitExceeded", "States.ALL"
ITEM, OTHER = (
    {"StartAt": name, "States": {name: {"Type": "Pass", "Result": HALF, "End": True}}}
    for name in ("Item", "Other")
)
CHILDREN = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
TWICE = {"a.$": "$", "b.$": "$"}
JSONATA = {"QueryLanguage": "JSONata"}


def asking(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True, **fields}


@pytest.mark.parametrize(
    ("state", "result", "caught_by"),
    [
        # What a service is given or answers is the task's own, and can be caught by its name.
        (asking(), WHOLE, {BY_NAME}),
        (asking(Parameters=TWICE), {}, {BY_NAME}),
        (asking(ResultSelector={"none": 1}), WHOLE, {BY_NAME}),
        # So it is with results of a Map Run that the state drops.
        (
            {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"ProcessorConfig": CHILDREN, **ITEM},
                "ResultPath": None,
                "End": True,
            },
            None,
            {BY_NAME},
        ),
        # What goes on to the next state cannot be caught at all.
        (asking(ResultPath="$.answer"), HALF, set()),
        (asking(ResultSelector=TWICE), HALF, set()),
        (asking(**JSONATA, Output="{% [$states.result, $states.result] %}"), HALF, set()),
        ({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": ITEM, "End": True}, None, set()),
        ({"Type": "Parallel", "Branches": [ITEM, OTHER], "End": True}, None, set()),
    ],
)
@pytest.mark.parametrize("name", [BY_NAME, BY_ALL])
def test_payload_over_the_limit_can_be_caught_by_its_name_within_a_task(
    outcome: Outcome, state: dict[str, Any], result: Any, caught_by: set[str], name: str
) -> None:
    catch = [{"ErrorEquals": [name], "Next": "Caught"}]
    caught = {"Type": "Pass", **JSONATA, "Output": "caught", "End": True}
    mocks = {} if result is None else {"Do": lambda _given: result}
    value = {"text": HALF, "items": [1, 2]}
    states = {"Do": {**state, "Catch": catch}, "Caught": caught}
    assert outcome(states, value, mocks) == ("caught" if name in caught_by else EXCEEDED)


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
@pytest.mark.parametrize("character", ["x", "é"])
def test_limit_is_of_bytes_and_to_the_byte(
    outcome: Outcome, more: int, character: str, *, fits: bool
) -> None:
    room = PAYLOAD_BYTES - payload_bytes([""])
    text = character * (room // len(character.encode()))
    text += "x" * (room - len(text.encode()) + more)
    states = {"Do": asking(), "Then": {"Type": "Succeed"}}
    states["Do"] = {**states["Do"], "Next": "Then"}
    states["Do"].pop("End")
    result = outcome(states, {}, {"Do": lambda _given: [text]})
    assert result == ([text] if fits else EXCEEDED)


@pytest.mark.parametrize(
    "assign", [{"x": "{% $states.input.text & $states.input.text %}"}, {"x": HALF, "y": HALF}]
)
def test_variables_that_a_state_assigns_have_the_limit_together(
    outcome: Outcome, assign: dict[str, Any]
) -> None:
    states = {"Set": {"Type": "Pass", "Assign": assign, "End": True}}
    assert outcome(states, {"text": HALF}, **JSONATA) == EXCEEDED


def test_machine_without_the_limit_has_none_for_variables(cloud: LocalCloud) -> None:
    states = {"Set": {"Type": "Pass", "Assign": {"x": HALF, "y": HALF}, "Output": 1, "End": True}}
    definition = {"StartAt": "Set", "States": states, **JSONATA}
    arn = cloud.create_state_machine("unlimited", definition, limited=False)
    assert cloud.start_execution({}, state_machine_arn=arn).wait(30).output == 1
