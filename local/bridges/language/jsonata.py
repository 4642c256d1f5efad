"""JSONata expressions, and references to variables in JSONPath states.

moto hands both to a Java library that it does not have.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

import copy
import re
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.states import States
from moto.stepfunctions.parser.asl.utils.json_path import extract_json

from ...machines.expressions import ExpressionError, evaluate
from ..failures import query_failure
from ..patches import put

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)(.*)", re.DOTALL)
# What there is only after the task, and only where it failed.
_LATE = ("result", "errorOutput")


def install(stack: ExitStack) -> None:
    """Evaluate here."""
    put(stack, StringJSONata, "_eval_body", _eval_expression)
    put(stack, StringVariableSample, "_eval_body", _eval_variable)
    put(stack, States, "reset", _reset)


def _eval_expression(self: StringJSONata, env: Environment) -> None:
    env.stack.append(value_of(self.expression, env))


def value_of(expression: str, env: Environment) -> Any:
    """Return the value of an expression; raise `States.QueryEvaluationError` where it has none."""
    bindings = {**variables_of(env), "states": env.states._states_data}  # noqa: SLF001
    try:
        return evaluate(expression, bindings)
    except ExpressionError as error:
        cause = f"The JSONata expression '{expression}' {error}"
        raise query_failure(env, cause) from error


def variables_of(env: Environment) -> dict[str, Any]:
    """Return the variables that can be seen, by their names."""
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope}  # noqa: SLF001


def _eval_variable(self: StringVariableSample, env: Environment) -> None:
    """Follow `$name.path`: by JSONPath into the variable, where the state speaks that."""
    if self.query_language_mode == QueryLanguageMode.JSONata:
        env.stack.append(value_of(self.expression, env))
        return
    found = _VARIABLE.fullmatch(self.expression)
    name, path = (found[1], found[2]) if found else (self.expression, "")
    value = env.variable_store.get(name)
    env.stack.append(copy.deepcopy(extract_json(f"${path}", value) if path else value))


def _reset(self: States, input_value: Any) -> None:
    """Begin with an input, and without what comes later: not to be there is not to be null."""
    data: dict[str, Any] = self._states_data  # type: ignore[assignment]
    data["input"] = copy.deepcopy(input_value)
    for name in _LATE:
        data.pop(name, None)
