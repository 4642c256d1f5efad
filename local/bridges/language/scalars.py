"""Fields that take a whole number or a text, and fail with anything else.

moto cuts a number to a whole one, and takes any value for a text.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import (
    HeartbeatSecondsJSONata,
)
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import (
    MaxConcurrencyJSONata,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountStringJSONata,
)
from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ..failures import failure_event, query_failure
from ..patches import put
from .jsonata import value_of

_NUMBERS = (
    (HeartbeatSecondsJSONata, "_eval_seconds"),
    (MaxConcurrencyJSONata, "_eval_max_concurrency"),
    (SecondsJSONata, "_get_wait_seconds"),
    (TimeoutSecondsJSONata, "_eval_seconds"),
    (ToleratedFailureCountStringJSONata, "_eval_tolerated_failure_count"),
)


def install(stack: ExitStack) -> None:
    """Take nothing else."""
    for kind, name in _NUMBERS:
        put(stack, kind, name, _number)
    put(stack, Cause, "_eval_body", _eval_text)
    put(stack, Error, "_eval_body", _eval_text)


def _number(self: Any, env: Environment) -> int:
    expression = self.string_jsonata.expression
    value = value_of(expression, env)
    if type(value) is not int or value < 0:
        raise _unexpected(env, expression, "a whole number from 0", value)
    return value


def _eval_text(self: Any, env: Environment) -> None:
    self.string_expression.eval(env=env)
    value = env.stack[-1]
    if isinstance(value, str):
        return
    if isinstance(self.string_expression, StringJSONata):
        raise _unexpected(env, self.string_expression.expression, "a string", value)
    cause = f"{type(self).__name__} must lead to a string, but led to '{type(value).__name__}'"
    raise FailureEventException(failure_event(env, StatesErrorNameType.StatesRuntime, cause))


def _unexpected(env: Environment, expression: str, expected: str, value: Any) -> Exception:
    cause = (
        f"The JSONata expression '{expression}' returned an unexpected result type."
        f" Expected {expected}, but was '{type(value).__name__}'"
    )
    return query_failure(env, cause)
