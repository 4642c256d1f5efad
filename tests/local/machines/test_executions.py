"""Executions that start others, are stopped, or outlive their time."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Execution, LocalCloud
from local.errors import LocalCloudError

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]

WAIT = {"Type": "Wait", "Seconds": 30, "End": True}


def test_execution_starts_another_which_can_be_followed(run: Run, cloud: LocalCloud) -> None:
    machine = cloud.client("stepfunctions").list_state_machines()["stateMachines"][0]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {
            "StateMachineArn": machine["stateMachineArn"],
            "Name": "the-other",
            "Input": {"from.$": "$$.Execution.Name"},
        },
        "ResultSelector": {"arn.$": "$.ExecutionArn"},
        "End": True,
    }
    first = run({"Start": state}).wait(30)
    other = cloud.execution(first.output["arn"]).wait(30)
    assert other.output == {"echoed": {"from": first.arn.rsplit(":", 1)[-1]}}


def test_stopped_execution_is_aborted(run: Run, cloud: LocalCloud) -> None:
    execution = run({"Wait": {**WAIT, "Seconds": 1}, "Never": WAIT})
    execution.stop()
    assert execution.wait(30).status == "ABORTED"
    with pytest.raises(LocalCloudError, match="has no output"):
        _ = execution.output
    assert cloud.execution(execution.arn).status == "ABORTED"


def test_stopped_execution_ends_with_the_error_and_cause_it_was_given(
    run: Run, cloud: LocalCloud
) -> None:
    execution = run({"Wait": WAIT})
    states = cloud.client("stepfunctions")
    states.stop_execution(executionArn=execution.arn, error="Ops", cause="by hand")
    assert execution.wait(30).status == "ABORTED"
    told = states.describe_execution(executionArn=execution.arn)
    assert (told["error"], told["cause"]) == ("Ops", "by hand")
    details: list[Any] = []
    for _ in range(300):  # the history follows the status
        events = states.get_execution_history(executionArn=execution.arn)["events"]
        ended = [each for each in events if each["type"] == "ExecutionAborted"]
        details = [each["executionAbortedEventDetails"] for each in ended]
        if details:
            break
        time.sleep(0.1)
    assert details == [{"error": "Ops", "cause": "by hand"}]


def test_stopping_an_execution_ends_the_children_of_its_map(run: Run, task: Task) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Sleep",
        "States": {"Sleep": task({"do": "sleep", "seconds": 0.2})},
    }
    state = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}
    execution = run({"Map": state}, list(range(200)))
    time.sleep(1)
    execution.stop()
    assert execution.wait(5).status == "ABORTED"


def test_execution_over_its_own_time_is_timed_out(run: Run) -> None:
    execution = run({"Wait": WAIT}, TimeoutSeconds=1).wait(30)
    assert execution.status == "TIMED_OUT"


def test_wait_gives_up_when_asked_to(run: Run) -> None:
    execution = run({"Wait": WAIT})
    with pytest.raises(TimeoutError, match="still runs"):
        execution.wait(0.2)
    execution.stop()


def test_name_is_used_once(cloud: LocalCloud) -> None:
    cloud.start_execution({"n": 1}, name="once").wait(30)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        cloud.start_execution({"n": 2}, name="once")


def test_execution_without_a_name_is_given_one(cloud: LocalCloud) -> None:
    machines = cloud.client("stepfunctions")
    arn = machines.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    started = {machines.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2)}
    assert len(started) == 2
