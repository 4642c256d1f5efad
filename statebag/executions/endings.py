"""The ends that Step Functions itself gives an execution, with no worker to say why.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from typing import Final

from statebag.executions.executions import Execution
from universal_sync_core.limits import STEP_FUNCTIONS_PAYLOAD_BYTES

_TIMED_OUT: Final = "TIMED_OUT"
# What an execution is said to have ended with where nothing else is told.
_ERRORS: Final = {_TIMED_OUT: "States.Timeout", "ABORTED": "ExecutionAborted"}
_MEANINGS: Final = {
    "States.DataLimitExceeded": (
        f"a payload was larger than {STEP_FUNCTIONS_PAYLOAD_BYTES:,} bytes, and States.ALL does not"
        " catch that; `statebag assess {machine}` shows which states can grow, and what helps"
    ),
    "States.Runtime": (
        "a path or an expression of the definition does not fit the data, and States.ALL does not"
        " catch that; the same input fails again until one of them is changed"
    ),
    "States.Timeout": (
        "a state took longer than its TimeoutSeconds, or sent no heartbeat for HeartbeatSeconds"
    ),
    "ExecutionAborted": "somebody stopped the execution; CloudTrail shows who called StopExecution",
}
_MACHINE_TIMEOUT: Final = "the execution took longer than the TimeoutSeconds of its state machine"


def error_of(execution: Execution) -> str | None:
    """Return the error that an execution ended with; None of one that runs or has succeeded."""
    return execution.error or _ERRORS.get(execution.status)


def meaning_of(execution: Execution, error: str) -> str | None:
    """Return what an error of Step Functions means; None of any other."""
    if execution.status == _TIMED_OUT:
        return _MACHINE_TIMEOUT
    known = _MEANINGS.get(error)
    return known.format(machine=execution.machine_arn) if known else None
