"""Task tokens: a new one for each attempt, answered once, closed when the task ends.

moto gives a retried task the token of its first attempt, takes answers for tasks that are over,
loses an answer that comes before the task has begun to wait for a heartbeat, waits on after the
execution was stopped, says of every token it does not find that it is malformed, and drops the
cause of a failure.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

import json
from contextlib import ExitStack
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as service,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackConsumerLeft,
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackOutcomeTimedOut,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from ..limits import PAYLOAD_BYTES
from .patches import Original, around, put


class TaskTimedOut(AWSError):  # noqa: N818 - the name of the error on the wire
    """The task behind the token has timed out, or is closed otherwise."""

    TYPE = "TaskTimedOut"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class InvalidOutput(AWSError):  # noqa: N818 - the name of the error on the wire
    """The output is not JSON, or over the limit."""

    TYPE = "InvalidOutput"
    STATUS = 400


def install(stack: ExitStack) -> None:
    """Issue and answer tokens as AWS does."""
    _issue_for_each_attempt(stack)
    _close_with_task(stack)
    _see_early_answers(stack)
    _stop_waiting(stack)
    backend = StepFunctionsParserBackend
    put(stack, backend, "send_task_success", _send_task_success)
    put(stack, backend, "send_task_failure", _send_task_failure)
    put(stack, backend, "send_task_heartbeat", _send_task_heartbeat)
    put(stack, StepFunctionResponse, "send_task_failure", _receive_task_failure)


def _issue_for_each_attempt(stack: ExitStack) -> None:
    callback = service.StateTaskServiceCallback

    # Inherited there: it is put into the class for as long as the cloud runs.
    @around(stack, callback, "_eval_execution")
    def eval_execution(
        original: Original, self: service.StateTaskServiceCallback, env: Environment
    ) -> None:
        if self.resource.condition == ResourceCondition.WaitForTaskToken:
            token = env.states.context_object.update_task_token()
            env.callback_pool_manager.add(token)
            env.heap[_TOKEN] = token
        try:
            original(self, env)
        finally:
            _close(env)


_TOKEN = "local-cloud-task-token"  # noqa: S105 - where an attempt keeps its token


def _close_with_task(stack: ExitStack) -> None:
    """Close the token of an attempt that timed out: its thread learns of it only later."""

    @around(stack, Environment, "close_frame")
    def close_frame(original: Original, self: Environment, frame: Environment) -> None:
        _close(frame)
        original(self, frame)


def _close(env: Environment) -> None:
    endpoint = env.callback_pool_manager.get(env.heap.get(_TOKEN, ""))
    if endpoint is not None:
        endpoint.report(CallbackConsumerLeft())
        endpoint.interrupt_all()


def _see_early_answers(stack: ExitStack) -> None:
    callback = service.StateTaskServiceCallback

    @around(stack, callback, "_wait_for_task_token_heartbeat")
    def wait(
        original: Original,
        self: service.StateTaskServiceCallback,
        env: Environment,
        callback_endpoint: CallbackEndpoint,
        heartbeat_endpoint: Any,
    ) -> CallbackOutcome | None:
        return callback_endpoint.get_outcome() or original(
            self, env, callback_endpoint, heartbeat_endpoint
        )


def _stop_waiting(stack: ExitStack) -> None:
    """Stop an execution while it waits: moto's goes on waiting."""

    @around(stack, Execution, "stop")
    def stop(original: Original, self: Execution, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        env = self.exec_worker and self.exec_worker.env
        for token, endpoint in list(env.callback_pool_manager._pool.items()) if env else ():  # noqa: SLF001
            if endpoint.get_outcome() is None:
                endpoint.notify(CallbackOutcomeTimedOut(token))

    @around(stack, Environment, "set_error")
    def set_error(original: Original, self: Environment, error: Any) -> None:
        if not isinstance(self.program_state(), ProgramStopped):
            original(self, error)


def _open_endpoint(backend: StepFunctionsParserBackend, token: str) -> CallbackEndpoint:
    for execution in backend._get_executions():  # noqa: SLF001
        env = execution.exec_worker.env
        endpoint: CallbackEndpoint | None = env and env.callback_pool_manager.get(token)
        if endpoint is not None:
            if endpoint.consumer_error is not None or endpoint.get_outcome() is not None:
                raise TaskTimedOut
            return endpoint
    raise InvalidToken


def _send_task_success(self: StepFunctionsParserBackend, task_token: str, outcome: str) -> None:
    try:
        json.loads(outcome)
    except ValueError as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from error
    if len(outcome.encode()) > PAYLOAD_BYTES:
        raise InvalidOutput(f"Invalid Output: over {PAYLOAD_BYTES} bytes")
    answer = CallbackOutcomeSuccess(callback_id=task_token, output=outcome)
    _open_endpoint(self, task_token).notify(answer)


def _send_task_failure(
    self: StepFunctionsParserBackend,
    task_token: str,
    error: str | None = None,
    cause: str | None = None,
) -> None:
    answer = CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause)
    _open_endpoint(self, task_token).notify(answer)


def _receive_task_failure(self: StepFunctionResponse) -> EmptyResult:
    token, error, cause = (self._get_param(name) for name in ("taskToken", "error", "cause"))
    backend: Any = self.stepfunction_backend
    backend.send_task_failure(token, error=error, cause=cause)
    return EmptyResult()


def _send_task_heartbeat(self: StepFunctionsParserBackend, task_token: str) -> None:
    _open_endpoint(self, task_token).notify_heartbeat()
