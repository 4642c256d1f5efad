"""The outcome of an execution is there when its status says that it has ended.

moto sets the status first and the output, error and cause after it, and describes an output that
is a string without its quotes, and one that is null not at all.
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from ..limits import encode
from .patches import put


def install(stack: ExitStack) -> None:
    """Set the status last."""
    put(stack, BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect)


def _reflect(self: BaseExecutionWorkerCommunication) -> None:
    execution: Any = self.execution
    env = execution.exec_worker.env
    state = env.program_state()
    execution.stop_date = datetime.now(UTC)
    if isinstance(state, ProgramError):
        failure = state.error or {}
        execution.error, execution.cause = failure.get("error"), failure.get("cause")
        status = ExecutionStatus.FAILED
    elif isinstance(state, ProgramStopped):
        execution.error, execution.cause = state.error, state.cause
        status = ExecutionStatus.ABORTED
    elif isinstance(state, ProgramTimedOut):
        execution.error = "States.Timeout"
        status = ExecutionStatus.TIMED_OUT
    else:
        # As text, which moto describes as it stands.
        execution.output = encode(env.states.get_input()).decode()
        status = ExecutionStatus.SUCCEEDED
    execution.exec_status = status
