"""ResultPath: where in the input of a state its result goes.

moto leaves the result out where null is in the way, puts a list into the place of an object, fills
up a list that is too short, and takes one element of a result that is a list.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
"""

import copy
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ..failures import failure_event
from ..patches import put
from .json_paths import steps_of


def install(stack: ExitStack) -> None:
    """Put every result here."""
    put(stack, ResultPath, "_eval_body", _eval_body)


def _eval_body(self: ResultPath, env: Environment) -> None:
    before = copy.deepcopy(env.states.get_input())
    if self.result_path_src is None:
        env.stack[:] = [before]
        return
    result = copy.deepcopy(env.stack.pop())
    try:
        env.stack.append(_placed(before, steps_of(self.result_path_src), result))
    except LookupError as error:
        cause = f"Unable to apply ReferencePath {self.result_path_src} to the input: {error}"
        failure = failure_event(env, StatesErrorNameType.StatesRuntime, cause)
        raise FailureEventException(failure) from error


def _placed(value: Any, steps: list[str | int], result: Any) -> Any:
    """Return a value with a result at a path; objects that are not there are made on the way.

    Raises:
        LookupError: something else is in the way.
    """
    if not steps:
        return result
    step, *rest = steps
    is_there = isinstance(step, int) and isinstance(value, list) and 0 <= step < len(value)
    if is_there or (isinstance(step, str) and isinstance(value, dict)):
        inner = value[step] if is_there or step in value else {}
        value[step] = _placed(inner, rest, result)
        return value
    raise LookupError(f"there is no place for {step!r} in {type(value).__name__}")
