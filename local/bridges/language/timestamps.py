"""Timestamps with fractions of a second, or with an offset instead of `Z`, and those of a context.

moto knows only whole seconds in UTC, and waits for them as if they were times of this machine's
own zone. In the context object, the start of an execution is not a text, no time ends in `Z`, and
nothing tells how often it was redriven.
https://states-language.net/spec.html#timestamps
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

import re
import time
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations.is_operator import (  # noqa: E501
    IsTimestamp,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, StateData, States

from universal_sync_core.values.timestamps import read_time, rfc3339, utc_now

from ..patches import Original, around, put

# Of what RFC 3339 allows, Step Functions takes capital letters alone.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_NANOSECONDS = 10**9


def install(stack: ExitStack) -> None:
    """Read and tell every timestamp here."""
    put(stack, IsTimestamp, "string_to_timestamp", staticmethod(_moment))
    put(stack, Timestamp, "_from_timestamp_string", staticmethod(_moment))
    put(stack, Timestamp, "_get_wait_seconds", _seconds_left)
    put(stack, state, "StateData", _entered_now)
    _tell_execution(stack)


def _moment(text: Any) -> int | None:
    """Return a timestamp in nanoseconds since 1970, or None if it is not one."""
    is_timestamp = isinstance(text, str) and _TIMESTAMP.fullmatch(text)
    return read_time(text) if is_timestamp else None


def _seconds_left(self: Timestamp, env: Environment) -> int:
    self.string.eval(env)
    text = env.stack.pop()
    moment = _moment(text)
    if moment is None:
        raise FailureEventException(self._create_failure_event(env, text))
    return (moment - time.time_ns()) // _NANOSECONDS


def _entered_now(EnteredTime: str, Name: str) -> StateData:  # noqa: N803 - the keys of the context
    del EnteredTime
    return {"EnteredTime": utc_now(), "Name": Name, "RetryCount": 0}


def _tell_execution(stack: ExitStack) -> None:
    @around(stack, States, "__init__")
    def init(original: Original, self: States, context: ContextObjectData) -> None:
        execution: Any = context["Execution"]
        execution["RedriveCount"] = 0
        if isinstance(execution["StartTime"], datetime):
            execution["StartTime"] = rfc3339(execution["StartTime"], timespec="milliseconds")
        original(self, context)
