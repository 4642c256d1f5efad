"""Tasks that wait for an answer."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Execution, LocalCloud

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]
WRITE_TOKEN = {"do": "write", "key.$": "$$.Execution.Name", "body.$": "$$.Task.Token"}


@pytest.fixture
def states(cloud: LocalCloud) -> Any:
    return cloud.client("stepfunctions")


@pytest.fixture
def token_of(cloud: LocalCloud) -> Callable[[Execution], str]:
    """Give the token of an execution that waits."""
    s3 = cloud.client("s3")

    def wait(execution: Execution, other_than: str = "") -> str:
        for _ in range(200):
            try:
                key = execution.arn.rsplit(":", 1)[-1]
                body = s3.get_object(Bucket=cloud.outputs["Bucket"], Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                body = b""
            if body and body.decode() != other_than:
                return str(body.decode())
            time.sleep(0.05)
        raise AssertionError("no token")

    return wait


def test_answer_becomes_the_result(run: Run, task: Task, states: Any, token_of: Any) -> None:
    execution = run({"Wait": task(WRITE_TOKEN, wait=True, TimeoutSeconds=20)})
    states.send_task_success(taskToken=token_of(execution), output='{"approved":true}')
    assert execution.wait(30).output == {"approved": True}


def test_failure_names_the_error(run: Run, task: Task, states: Any, token_of: Any) -> None:
    execution = run({"Wait": task(WRITE_TOKEN, wait=True, TimeoutSeconds=20)})
    states.send_task_failure(taskToken=token_of(execution), error="Rejected", cause="too dear")
    execution.wait(30)
    assert (execution.error, execution.cause) == ("Rejected", "too dear")


def test_answer_before_the_function_has_returned_is_not_lost(run: Run, task: Task) -> None:
    early = {"do": "send", "token.$": "$$.Task.Token"}
    state = task(early, wait=True, TimeoutSeconds=20, HeartbeatSeconds=5)
    assert run({"Wait": state}).wait(30).output == "early"


def test_token_is_answered_once(run: Run, task: Task, states: Any, token_of: Any) -> None:
    execution = run({"Wait": task(WRITE_TOKEN, wait=True, TimeoutSeconds=20)})
    token = token_of(execution)
    states.send_task_success(taskToken=token, output="1")
    for answer in (states.send_task_success, states.send_task_success):
        with pytest.raises(ClientError, match="TaskTimedOut"):
            answer(taskToken=token, output="2")
        execution.wait(30)
    with pytest.raises(ClientError, match="TaskTimedOut"):
        states.send_task_heartbeat(taskToken=token)
    assert execution.output == 1


def test_timeout_ends_the_wait_and_closes_the_token(
    run: Run, task: Task, states: Any, token_of: Any
) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    waiting = task(WRITE_TOKEN, wait=True, TimeoutSeconds=2, Next="Late", Catch=catch)
    pause = {"Type": "Wait", "Seconds": 2, "End": True}
    execution = run({"Wait": waiting, "Late": pause})
    token = token_of(execution)
    time.sleep(2.5)
    assert execution.status == "RUNNING"
    with pytest.raises(ClientError, match="TaskTimedOut"):
        states.send_task_success(taskToken=token, output="1")
    assert execution.wait(30).status == "SUCCEEDED"


def test_missed_heartbeat_ends_the_wait(run: Run, task: Task) -> None:
    state = task(WRITE_TOKEN, wait=True, TimeoutSeconds=300, HeartbeatSeconds=1)
    assert run({"Wait": state}).wait(30).error == "States.Timeout"


def test_heartbeats_keep_it_waiting(run: Run, task: Task, states: Any, token_of: Any) -> None:
    state = task(WRITE_TOKEN, wait=True, TimeoutSeconds=30, HeartbeatSeconds=2)
    execution = run({"Wait": state})
    token = token_of(execution)
    for _ in range(4):
        time.sleep(1)
        states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='"still there"')
    assert execution.wait(30).output == "still there"


def test_retry_has_a_token_of_its_own(run: Run, task: Task, states: Any, token_of: Any) -> None:
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    execution = run({"Wait": task(WRITE_TOKEN, wait=True, TimeoutSeconds=20, Retry=retry)})
    first = token_of(execution)
    states.send_task_failure(taskToken=first, error="Again", cause="")
    second = token_of(execution, other_than=first)
    states.send_task_success(taskToken=second, output='"second"')
    assert execution.wait(30).output == "second"


def test_token_nobody_issued_is_invalid(states: Any) -> None:
    with pytest.raises(ClientError, match="InvalidToken"):
        states.send_task_success(taskToken="made-up", output="{}")


@pytest.mark.parametrize("output", ["no json", json.dumps("x" * 262_144)])
def test_output_that_cannot_be_one_is_refused_and_the_token_stays_open(
    run: Run, task: Task, states: Any, token_of: Any, output: str
) -> None:
    execution = run({"Wait": task(WRITE_TOKEN, wait=True, TimeoutSeconds=20)})
    token = token_of(execution)
    with pytest.raises(ClientError, match="InvalidOutput"):
        states.send_task_success(taskToken=token, output=output)
    states.send_task_success(taskToken=token, output="1")
    assert execution.wait(30).output == 1
