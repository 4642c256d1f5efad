"""Variables and outputs take effect together, when a state has ended.

moto assigns variables first and then evaluates the output, which sees them, where no Catch of the
state catches what it fails with.
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.outputdecl import Output
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ...limits import PAYLOAD_BYTES, payload_bytes
from ..failures import failure_event
from ..mocked_states import is_limited
from ..patches import Original, around, put

_ASSIGNED = "local-cloud-assigned"
_OUTPUT = "local-cloud-output"


def install(stack: ExitStack) -> None:
    """Keep what a state assigns until it ends, and evaluate its output where it can be caught."""
    put(stack, AssignDecl, "_eval_body", _assign)
    _set_at_exit(stack)
    _evaluate_output_early(stack)
    put(stack, Output, "_eval_body", _give_output)


def _assign(self: AssignDecl, env: Environment) -> None:
    assigned: dict[str, Any] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        assigned.update(env.stack.pop())
    if is_limited(env) and payload_bytes(assigned) > PAYLOAD_BYTES:
        cause = f"the assigned variables take more than {PAYLOAD_BYTES} bytes"
        error = StatesErrorNameType.StatesStatesDataLimitExceeded
        raise FailureEventException(failure_event(env, error, cause))
    env.heap[_ASSIGNED] = assigned


def _set_at_exit(stack: ExitStack) -> None:
    @around(stack, CommonStateField, "_get_state_exited_event_details")
    def exited(original: Original, self: CommonStateField, env: Environment) -> Any:
        for name, value in env.heap.pop(_ASSIGNED, {}).items():
            env.variable_store.set(variable_identifier=name, variable_value=value)
        return original(self, env)


def _evaluate_output_early(stack: ExitStack) -> None:
    @around(stack, ExecutionState, "_evaluate_with_timeout")
    def evaluate(original: Original, self: ExecutionState, env: Environment) -> None:
        try:
            original(self, env)
            if self.output:
                self.output.jsonata_template_value.eval(env=env)
                env.heap[_OUTPUT] = (self.output, env.stack.pop())
        except Exception:
            env.heap.pop(_ASSIGNED, None)  # nothing of an attempt that failed
            raise


def _give_output(self: Output, env: Environment) -> None:
    output, value = env.heap.pop(_OUTPUT, (None, None))
    if output is not self:
        self.jsonata_template_value.eval(env=env)
        value = env.stack.pop()
    env.states.reset(input_value=value)
