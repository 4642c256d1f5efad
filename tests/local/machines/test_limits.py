"""Limits of an execution: bytes of a payload, events of a history."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bridges import payload_limits
from local.cloud import Execution, LocalCloud
from local.limits import PAYLOAD_BYTES, payload_bytes

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]

CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "Result": "caught", "End": True}


def test_size_is_in_bytes_of_compact_json() -> None:
    assert payload_bytes({"a": ["é", 1]}) == len('{"a":["é",1]}'.encode())


def test_output_of_exactly_the_limit_passes(run: Run) -> None:
    value = {"v": "x" * (PAYLOAD_BYTES - len('{"v":""}'))}
    assert run({"Keep": {"Type": "Pass", "End": True}}, value).wait(30).status == "SUCCEEDED"


def test_output_over_the_limit_ends_the_execution_though_all_is_caught(
    run: Run, cloud: LocalCloud, task: Task
) -> None:
    # Each half fits as a result; joined to the input, they do not.
    half = {"do": "fill", "bytes": 140_000}
    states = {
        "First": task(half, ResultPath="$.first", Next="Second"),
        "Second": task(half, ResultPath="$.second", Next="Caught", Catch=CATCH_ALL),
        "Caught": CAUGHT,
    }
    execution = run(states).wait(30)
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")
    second = next(visit for visit in reversed(cloud.visits) if visit.state == "Second")
    assert (second.kind, second.output_bytes) == ("Task", 0)
    assert 140_000 < second.input_bytes < PAYLOAD_BYTES


def test_result_over_the_limit_is_not_caught_by_all(run: Run, task: Task) -> None:
    large = task({"do": "fill", "bytes": 300_000}, Next="Caught", Catch=CATCH_ALL)
    execution = run({"Large": large, "Caught": CAUGHT}).wait(30)
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")


def test_bytes_are_counted_not_characters(run: Run) -> None:
    join = {
        "Type": "Pass",
        "Parameters": {"a.$": "$.v", "b.$": "$.v"},
        "End": True,
    }
    # 150,000 characters, 300,000 bytes.
    execution = run({"Join": join}, {"v": "é" * 75_000}).wait(30)
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")


def test_parameters_of_a_task_are_checked(run: Run, task: Task) -> None:
    large = task({"do": "echo", "value.$": "$.v", "again.$": "$.v"})
    execution = run({"Large": large}, {"v": "x" * 140_000}).wait(30)
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")


def test_input_of_an_execution_over_the_limit_is_refused(run: Run) -> None:
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        run({"Keep": {"Type": "Pass", "End": True}}, {"v": "x" * PAYLOAD_BYTES})


def test_runtime_error_is_not_caught_by_all(run: Run, task: Task) -> None:
    broken = task({"value.$": "$.missing"}, Next="Caught", Catch=CATCH_ALL)
    execution = run({"Broken": broken, "Caught": CAUGHT}).wait(30)
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")


def test_execution_ends_when_its_history_is_full(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_limits, "HISTORY_EVENTS", 100)
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    execution = run(states).wait(30)
    assert execution.status == "FAILED"
    assert "maximum number of history events" in str(execution.cause)
    assert len(execution.history) <= 102


def test_visits_tell_the_states_of_an_execution_in_order(run: Run, cloud: LocalCloud) -> None:
    states = {"A": {"Type": "Pass", "Result": {"n": 1}, "Next": "B"}, "B": {"Type": "Succeed"}}
    execution = run(states, {}).wait(30)
    visits = [visit for visit in cloud.visits if visit.execution_arn == execution.arn]
    assert [(visit.state, visit.kind) for visit in visits] == [("A", "Pass"), ("B", "Succeed")]
    assert [(visit.input_bytes, visit.output_bytes) for visit in visits] == [(2, 7), (7, 7)]
