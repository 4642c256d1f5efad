"""Failures as moto's interpreter passes them on, under whatever name they have.

moto refuses AWS's own names, such as `States.Runtime`, for what an iteration, a branch or an
answer to a task token fails with, and then fails with a name of its own.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
    TaskFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from .patches import put

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def install(stack: ExitStack) -> None:
    """Let a state, and what is inside it, fail under any name."""
    put(stack, CustomErrorName, "__init__", ErrorName.__init__)


def failure_event(env: Environment, error: StatesErrorNameType, cause: str) -> FailureEvent:
    """Return the failure of the state that is being evaluated, under one of AWS's own names."""
    return named_failure(env, error.to_name(), cause)


def named_failure(env: Environment, error: str, cause: str) -> FailureEvent:
    """Return the failure of the state that is being evaluated, under any name."""
    details = {"taskFailedEventDetails": TaskFailedEventDetails(error=error, cause=cause)}
    return FailureEvent(
        env=env,
        error_name=ErrorName(error_name=error),
        event_type=HistoryEventType.TaskFailed,
        event_details=cast("EventDetails", details),
    )


def query_failure(env: Environment, cause: str) -> FailureEventException:
    """Return what an expression or a path fails the state with, as `EvaluationFailed`."""
    error = StatesErrorNameType.StatesQueryEvaluationError
    details = EvaluationFailedEventDetails(
        error=error.to_name(), cause=cause, location=env.next_field_name or ""
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=error),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=cast("EventDetails", {"evaluationFailedEventDetails": details}),
        )
    )
