"""The limits of an execution: bytes of each payload, events of its history.

moto checks only some payloads, counts characters of a spaced encoding, lets `States.ALL` catch
what AWS does not and `States.TaskFailed` none of AWS's own errors, and never ends a history.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_lambda
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from ..limits import HISTORY_EVENTS, PAYLOAD_BYTES, payload_bytes
from ..visits import StateVisit
from .mocked_states import is_limited
from .patches import Original, around, put

# `States.ALL` and `States.TaskFailed` do not match these.
_UNCATCHABLE = {"States.DataLimitExceeded", "States.Runtime"}
_FINAL_EVENTS = {
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionTimedOut,
}


class HistoryLimitError(Exception):
    """The execution reached the maximum number of history events."""


def install(stack: ExitStack, record: Callable[[StateVisit], None]) -> None:
    """Enforce the limits and record every visit of a state."""
    for module in (state_module, state_task_service, state_task_lambda):
        put(stack, module, "is_within_size_quota", _fits)
    _lift_for_some(stack)
    _check_states(stack, record)
    _check_task_parameters(stack)
    put(stack, ErrorEqualsDecl, "_eval_body", _eval_error_equals)
    _end_histories(stack)


def _fits(value: Any) -> bool:
    return payload_bytes(value) <= PAYLOAD_BYTES


def _lift_for_some(stack: ExitStack) -> None:
    """Check nothing in executions of machines that were made without the limit."""
    kinds = (
        state_module.CommonStateField,
        state_task_service.StateTaskService,
        state_task_lambda.StateTaskLambda,
    )
    for kind in kinds:
        around(stack, kind, "_verify_size_quota")(_verify)


def _verify(original: Original, self: CommonStateField, env: Environment, value: Any) -> None:
    if is_limited(env):
        original(self, env=env, value=value)


def _check_states(stack: ExitStack, record: Callable[[StateVisit], None]) -> None:
    @around(stack, CommonStateField, "_eval_body")
    def eval_body(original: Original, self: CommonStateField, env: Environment) -> None:
        execution = env.states.context_object.context_object_data["Execution"]
        value = env.states.get_input()
        input_bytes, output_bytes = payload_bytes(value), 0
        try:
            if input_bytes > PAYLOAD_BYTES:
                self._verify_size_quota(env=env, value=value)
            original(self, env)
            output_bytes = payload_bytes(env.states.get_input())
        finally:
            record(
                StateVisit(
                    state=self.name,
                    kind=self.state_type.name,
                    execution_arn=execution["Id"],
                    input_bytes=input_bytes,
                    output_bytes=output_bytes,
                )
            )


def _check_task_parameters(stack: ExitStack) -> None:
    """Check what a task is given, after its Parameters were made."""

    @around(stack, state_task_service.StateTaskService, "_before_eval_execution")
    def before(
        original: Original,
        self: state_task_service.StateTaskService,
        env: Environment,
        raw_parameters: dict[str, Any],
        **others: Any,
    ) -> None:
        self._verify_size_quota(env=env, value=raw_parameters)
        original(self, env=env, raw_parameters=raw_parameters, **others)


def _eval_error_equals(self: ErrorEqualsDecl, env: Environment) -> None:
    """Tell whether an error is one of a retrier's or catcher's, by its name or by a wildcard."""
    name = env.stack.pop().error_name
    known = {each.error_name for each in self.error_names}
    wildcards = set() if name in _UNCATCHABLE else {"States.ALL", "States.TaskFailed"}
    if name == "States.Timeout":
        wildcards.discard("States.TaskFailed")
    env.stack.append(not known.isdisjoint({name, *wildcards}))


def _end_histories(stack: ExitStack) -> None:
    @around(stack, EventManager, "add_event")
    def add_event(
        original: Original,
        self: EventManager,
        context: Any,
        event_type: HistoryEventType,
        *args: Any,
        **kwargs: Any,
    ) -> int:
        number: int = original(self, context, event_type, *args, **kwargs)
        if number >= HISTORY_EVENTS and event_type not in _FINAL_EVENTS:
            raise HistoryLimitError(
                f"The execution reached the maximum number of history events ({HISTORY_EVENTS})."
            )
        return number
