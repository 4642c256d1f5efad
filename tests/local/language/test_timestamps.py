"""Timestamps as AWS reads and tells them: with fractions, with offsets, in whatever zone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.conftest import Failed

Outcome = Callable[..., Any]
OF_CONTEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize(
    ("rule", "time", "result"),
    [
        ({"IsTimestamp": True}, "2024-01-01T00:00:00.123Z", "yes"),
        ({"IsTimestamp": True}, "2024-01-01T00:00:00+05:30", "yes"),
        ({"IsTimestamp": True}, "2024-01-01t00:00:00z", "no"),
        ({"IsTimestamp": True}, "2024-01-01T00:00:00", "no"),
        ({"IsTimestamp": True}, "2024-01-01", "no"),
        ({"IsTimestamp": True}, 1_704_067_200, "no"),
        ({"TimestampEquals": "1970-01-01T00:00:00Z"}, "1970-01-01T01:00:00+01:00", "yes"),
        ({"TimestampGreaterThan": "2024-01-01T00:00:00.122Z"}, "2024-01-01T00:00:00.123Z", "yes"),
        ({"TimestampLessThanPath": "$$.State.EnteredTime"}, "2024-01-01T00:00:00.5Z", "yes"),
        ({"TimestampLessThanPath": "$$.Execution.StartTime"}, "2024-01-01T00:00:00Z", "yes"),
        ({"TimestampEquals": "2024-01-01T00:00:00Z"}, "none", "no"),
    ],
)
def test_choice_compares_moments(
    outcome: Outcome, rule: dict[str, Any], time: Any, result: str
) -> None:
    rules = [{"Variable": "$.time", **rule, "Next": "Yes"}]
    states = {
        "Choose": {"Type": "Choice", "Choices": rules, "Default": "No"},
        "Yes": {"Type": "Pass", "Result": "yes", "End": True},
        "No": {"Type": "Pass", "Result": "no", "End": True},
    }
    assert outcome(states, {"time": time}) == result


@pytest.mark.parametrize("zone", [-12, 0, 14])
def test_wait_ends_when_its_moment_has_passed_in_whatever_zone(outcome: Outcome, zone: int) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=1) + timedelta(hours=zone)
    value = {"time": f"{moment:%Y-%m-%dT%H:%M:%S}.5{zone:+03d}:00"}
    assert (
        outcome({"Wait": {"Type": "Wait", "TimestampPath": "$.time", "End": True}}, value) == value
    )


@pytest.mark.parametrize("time", ["2024-01-01", 1_704_067_200, None])
def test_wait_for_what_is_no_timestamp_fails(outcome: Outcome, time: Any) -> None:
    states = {"Wait": {"Type": "Wait", "TimestampPath": "$.time", "End": True}}
    assert outcome(states, {"time": time}) == Failed("States.Runtime")


def test_context_tells_times_in_utc_and_redrives(outcome: Outcome) -> None:
    told = {
        "entered.$": "States.Format('{}', $$.State.EnteredTime)",
        "started.$": "States.Format('{}', $$.Execution.StartTime)",
        "input.$": "$",
        "redriven.$": "$$.Execution.RedriveCount",
    }
    by_expression = {"started": "{% $states.context.Execution.StartTime %}"}
    states = {
        "First": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": by_expression,
            "Next": "Second",
        },
        "Second": {"Type": "Pass", "Parameters": told, "End": True},
    }
    times = outcome(states)
    assert times.pop("redriven") == 0
    first = times.pop("input")
    assert first == {"started": times["started"]}
    assert all(OF_CONTEXT.fullmatch(time) for time in times.values())
