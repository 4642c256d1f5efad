"""How a function's failure looks to Step Functions."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Execution, LocalCloud

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"do": "raise"}, "OwnError"),
        ({"do": "exit"}, "Runtime.ExitError"),
        ({"do": "sleep", "seconds": 20}, "Sandbox.Timedout"),
    ],
)
def test_failure_is_caught_by_its_name(
    run: Run, task: Task, payload: dict[str, Any], error: str
) -> None:
    catch = [{"ErrorEquals": [error], "Next": "Caught", "ResultPath": "$.failure"}]
    states = {
        "Fail": task(payload, Next="Caught", Catch=catch),
        "Caught": {"Type": "Succeed"},
    }
    failure = run(states).wait(30).output["failure"]
    assert failure["Error"] == error
    assert json.loads(failure["Cause"])["errorType"] == error


def test_unknown_function_is_an_error_of_lambda(run: Run) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "nobody", "Payload": {}},
        "End": True,
    }
    assert run({"Ask": state}).wait(30).error == "Lambda.ResourceNotFoundException"


def test_task_timeout_is_kept(run: Run, task: Task) -> None:
    slow = task({"do": "sleep", "seconds": 2.5}, TimeoutSeconds=1)
    assert run({"Slow": slow}).wait(30).error == "States.Timeout"


def test_unavailable_s3_is_seen_by_functions_and_comes_back(cloud: LocalCloud) -> None:
    write = {"do": "write", "key": "k", "body": "b"}
    with cloud.outage("s3"), pytest.raises(ClientError, match="ServiceUnavailable"):
        cloud.client("s3").list_buckets()
    cloud.invoke(write)


def test_substitutions_are_made_and_other_placeholders_left(cloud: LocalCloud) -> None:
    definition = cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=_machine(cloud)
    )["definition"]
    assert cloud.outputs["FunctionArn"] in definition
    assert "${Unknown}" in definition


def test_stack_state_machine_runs(cloud: LocalCloud) -> None:
    execution = cloud.start_execution({"n": 1}, name="first").wait(30)
    assert execution.output == {"echoed": {"n": 1}}
    assert execution.arn.endswith(":first")


def _machine(cloud: LocalCloud) -> str:
    machines = cloud.client("stepfunctions").list_state_machines()["stateMachines"]
    return next(str(each["stateMachineArn"]) for each in machines if "StateMachine" in each["name"])
