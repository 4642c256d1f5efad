"""Maps over an object: one iteration for each of its keys.

moto takes lists alone.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.path.items_path import ItemsPath
from moto.stepfunctions.parser.asl.component.state.exec.state_map.items.items import ItemsJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ..failures import failure_event, query_failure
from ..patches import Original, around, put


class Pair(dict[str, Any]):
    """An item of an object: its `Key` and its `Value`, which the context has apart."""


def install(stack: ExitStack) -> None:
    """Iterate over objects as well."""
    put(stack, ItemsPath, "_eval_body", _eval_path)
    put(stack, ItemsJSONata, "_eval_body", _eval_expression)
    put(stack, iteration_worker, "ItemData", item_data)
    _iterate_over_input(stack)


def item_data(
    Index: int,  # noqa: N803 - as in the context
    Value: Any,  # noqa: N803
    source: str = "STATE_DATA",
) -> dict[str, Any]:
    """Return what the context says of an item, which is of the state's input or of a source."""
    told = Value if isinstance(Value, Pair) else {"Value": Value}
    return {"Index": Index, **told, "Source": source}


def items_of(value: Any) -> Any:
    """Return the pairs of an object; any other value is returned as it is."""
    if isinstance(value, dict):
        return [Pair(Key=key, Value=item) for key, item in value.items()]
    return value


def _eval_path(self: ItemsPath, env: Environment) -> None:
    self.string_sampler.eval(env=env)
    env.stack[-1] = items = items_of(env.stack[-1])
    if not isinstance(items, list):
        path = self.string_sampler.literal_value
        cause = f'Reference path "{path}" must point to array or object.'
        raise FailureEventException(failure_event(env, StatesErrorNameType.StatesRuntime, cause))


def _eval_expression(self: ItemsJSONata, env: Environment) -> None:
    self.string_jsonata.eval(env=env)
    env.stack[-1] = items = items_of(env.stack[-1])
    if not isinstance(items, list):
        raise query_failure(
            env,
            f"The JSONata expression '{self.string_jsonata.expression}' specified for the field "
            f"'Items' returned an unexpected result type. Expected 'array' or 'object', but was "
            f"'{type(items).__name__}'",
        )


def _iterate_over_input(stack: ExitStack) -> None:
    """Take the input of a JSONata state that says no Items."""

    @around(stack, StateMap, "_eval_execution")
    def eval_execution(original: Original, self: StateMap, env: Environment) -> None:
        if not (self.items or self.items_path or self.item_reader):
            env.stack.append(items_of(env.stack[-1]))
        original(self, env)
