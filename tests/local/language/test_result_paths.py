"""ResultPath: a result goes where the path says, beside what is there, or the execution fails."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import Failed

Outcome = Callable[..., Any]
RUNTIME = Failed("States.Runtime")
CASES = [
    ("$", {"a": 1}, 5),
    (None, {"a": 1}, {"a": 1}),
    ("$.x", {"x": {"a": 1}}, {"x": 5}),
    ("$.x.y.z", {"x": {"a": 1}}, {"x": {"a": 1, "y": {"z": 5}}}),
    ("$['x y'].é", {}, {"x y": {"é": 5}}),
    ("$.where.1a", {}, {"where": {"1a": 5}}),
    ("$.x[1]", {"x": [1, {"a": 2}]}, {"x": [1, 5]}),
    ("$.x[1].b", {"x": [1, {"a": 2}]}, {"x": [1, {"a": 2, "b": 5}]}),
    ("$.x.y", {"x": None}, RUNTIME),
    ("$.x[0].y", {"x": [None]}, RUNTIME),
    ("$.x.y", {"x": "text"}, RUNTIME),
    ("$.x.y", {"x": [{}]}, RUNTIME),
    ("$.x[0]", {"x": {"a": 1}}, RUNTIME),
    ("$.x[2]", {"x": [1]}, RUNTIME),
    ("$.x[0]", {}, RUNTIME),
    ("$.x[*]", {"x": [1, 2]}, RUNTIME),
]


@pytest.mark.parametrize(("path", "value", "output"), CASES)
def test_result_goes_where_its_path_says(
    outcome: Outcome, path: str | None, value: Any, output: Any
) -> None:
    states = {"Only": {"Type": "Pass", "Result": 5, "ResultPath": path, "End": True}}
    assert outcome(states, value) == output


def test_list_goes_to_one_place_of_a_list(outcome: Outcome) -> None:
    states = {"Only": {"Type": "Pass", "Result": [7, 8], "ResultPath": "$.x[0]", "End": True}}
    assert outcome(states, {"x": [1, 2]}) == {"x": [[7, 8], 2]}


def test_result_goes_beside_all_of_the_input(outcome: Outcome) -> None:
    only = {"Type": "Pass", "InputPath": "$.a", "ResultPath": "$.result", "End": True}
    assert outcome({"Only": only}, {"a": 1, "b": 2}) == {"a": 1, "b": 2, "result": 1}


@pytest.mark.parametrize(
    ("value", "output"), [({}, {"x": {"y": {"Error": "E", "Cause": "c"}}}), ({"x": None}, RUNTIME)]
)
def test_error_that_is_caught_goes_where_its_path_says(
    outcome: Outcome, value: Any, output: Any
) -> None:
    caught = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.x.y", "Next": "Caught"}
    ask = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
    states = {"Ask": {**ask, "Catch": [caught]}, "Caught": {"Type": "Succeed"}}
    mock = {"Ask": {"errorOutput": {"error": "E", "cause": "c"}}}
    assert outcome(states, value, mock) == output
