"""Fields that take a number or a text, and fail with anything else.

moto cuts a number to a whole one, whatever its size, and takes any value for a text. It takes an
expression for how many failures a Map tolerates for how many of a hundred.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import math
from contextlib import ExitStack
from typing import Any, Final

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
    ToleratedFailurePercentageStringJSONata,
)
from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from ..failures import failure_event, query_failure
from ..patches import put
from .jsonata import value_of

_MOST_SECONDS = 99_999_999
# The fields that take a number: moto's class and method, and what the number may be.
_NUMBERS: Final = (
    (SecondsJSONata, "_get_wait_seconds", int, 0, _MOST_SECONDS),
    (TimeoutSecondsJSONata, "_eval_seconds", int, 1, _MOST_SECONDS),
    (HeartbeatSecondsJSONata, "_eval_seconds", int, 1, _MOST_SECONDS),
    (MaxConcurrencyJSONata, "_eval_max_concurrency", int, 0, math.inf),
    (ToleratedFailureCountStringJSONata, "_eval_tolerated_failure_count", int, 0, math.inf),
    (
        ToleratedFailurePercentageStringJSONata,
        "_eval_tolerated_failure_percentage",
        int | float,
        0,
        100,
    ),
)


def install(stack: ExitStack) -> None:
    """Take nothing else."""
    for kind, method, types, least, most in _NUMBERS:
        put(stack, kind, method, _number(types, least, most))
    put(stack, Preprocessor, "visitTolerated_failure_count_string_jsonata", _failure_count)
    put(stack, Cause, "_eval_body", _eval_text)
    put(stack, Error, "_eval_body", _eval_text)


def _number(types: Any, least: float, most: float) -> Any:
    """Return a method that gives the number of an expression, if it is one of those."""

    def value_in(self: Any, env: Environment) -> Any:
        expression = self.string_jsonata.expression
        value = value_of(expression, env)
        if isinstance(value, bool) or not isinstance(value, types) or not least <= value <= most:
            what = "a whole number" if types is int else "a number"
            raise _unexpected(env, expression, f"{what} from {least} to {most}", value)
        return value

    return value_in


def _failure_count(self: Preprocessor, ctx: Any) -> ToleratedFailureCountStringJSONata:
    return ToleratedFailureCountStringJSONata(self.visitString_jsonata(ctx.string_jsonata()))


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
