"""Failures as moto's interpreter passes them on."""

from typing import TYPE_CHECKING, cast

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def failure_event(env: Environment, error: StatesErrorNameType, cause: str) -> FailureEvent:
    """Give the failure of the state that is being evaluated, under one of AWS's own names."""
    details = {"taskFailedEventDetails": TaskFailedEventDetails(error=error.to_name(), cause=cause)}
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=error),
        event_type=HistoryEventType.TaskFailed,
        event_details=cast("EventDetails", details),
    )
