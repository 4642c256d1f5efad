"""The ends that Step Functions itself gives an execution, with no worker to say why.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from typing import Final

from statebag.executions.executions import Execution
from universal_sync_core.limits import (
    STEP_FUNCTIONS_HISTORY_EVENTS,
    STEP_FUNCTIONS_PAYLOAD_BYTES,
)

_TIMED_OUT: Final = "TIMED_OUT"
_ABORTED: Final = "ABORTED"
# What an execution is said to have ended with where nothing else is told.
_ERRORS: Final = {_TIMED_OUT: "States.Timeout", _ABORTED: "ExecutionAborted"}
_AS_BEGUN: Final = (
    "; a redriven execution keeps the definition that it began with, so start a new one after"
    " changing that"
)
_TOO_LARGE: Final = "States.DataLimitExceeded"
_LARGER: Final = f"larger than {STEP_FUNCTIONS_PAYLOAD_BYTES:,} bytes"
_LARGE_ANSWER: Final = (
    f"an answer was {_LARGER} with the bag beside it; `submit_callback` and `offload_result` store"
    " large values in S3"
)
# By the stage that the record of the stack's own machine names.
_TOO_LARGE_AT: Final = {
    "init": (
        f"the input was {_LARGER} with the call around it; put it under inputs/ of the state"
        ' bucket, and start with {"input_s3_path": "s3://..."}'
    ),
    "segment": (
        f"a result was {_LARGER} with the bag beside it; decorate the worker with @state_task,"
        " which stores large values in S3"
    ),
    "callback": _LARGE_ANSWER,
    "async": _LARGE_ANSWER,
}
_MEANINGS: Final = {
    _TOO_LARGE: (
        f"a payload was {_LARGER}, and States.ALL does not catch that; `statebag assess"
        " {machine}` shows which states can grow, and what helps"
    ),
    "States.Runtime": (
        "a path or an expression of the definition does not fit the data, and States.ALL does not"
        f" catch that; the same input fails again until one of them is changed{_AS_BEGUN}"
    ),
    "States.NoChoiceMatched": (
        f"no rule of the Choice fits its input, and it has no Default{_AS_BEGUN}"
    ),
    "States.ParameterPathFailure": (
        f"a path in Parameters or ResultSelector leads to nothing in the data{_AS_BEGUN}"
    ),
    "States.ResultPathMatchFailure": (
        f"ResultPath cannot be set in the state's input, which is not an object there{_AS_BEGUN}"
    ),
    "States.IntrinsicFailure": (f"an intrinsic function was given what it cannot take{_AS_BEGUN}"),
    "States.QueryEvaluationError": (
        f"a JSONata expression failed, or gave a value of the wrong type{_AS_BEGUN}"
    ),
    "States.Permissions": (
        "the role of the state machine may not make this call; CloudTrail shows which was denied"
    ),
    "States.ItemReaderFailed": (
        "a Distributed Map could not read its items: the object is gone, has another format, or the"
        " role of the state machine may not read it"
    ),
    "States.ResultWriterFailed": (
        "a Distributed Map could not write its results: the role of the state machine needs"
        " s3:PutObject there, and the rights on the bucket's key"
    ),
    "States.ExceedToleratedFailureThreshold": (
        "more items of a Distributed Map failed than it tolerates; its Map Run in the console lists"
        " the executions of those that failed"
    ),
    "States.HeartbeatTimeout": "the task sent no heartbeat for HeartbeatSeconds",
    "States.Timeout": (
        "a state took longer than its TimeoutSeconds, or sent no heartbeat for HeartbeatSeconds"
    ),
}
_OUT_OF_MEMORY: Final = (
    "the function's process ended during the call, most often because its memory ran out; the"
    " REPORT line of the call in its log has the memory used"
)
_OF_LAMBDA: Final = {
    "Runtime.ExitError": _OUT_OF_MEMORY,
    "Runtime.OutOfMemory": _OUT_OF_MEMORY,
    "Sandbox.Timedout": "the call took longer than the function's Timeout, and is not tried again",
    "Lambda.TooManyRequestsException": (
        "Lambda had no concurrency left for the call, in any of its tries; lower MapConcurrency, or"
        " raise the account's quota or the function's reserved concurrency"
    ),
}
# The cause that Step Functions gives beside `States.Runtime`.
_HISTORY_FULL: Final = "maximum number of history events"
_MANY_EVENTS: Final = (
    f"its history is full: an execution has at most {STEP_FUNCTIONS_HISTORY_EVENTS:,} events, so a"
    " long loop has to go on in a new execution, and a large Map be a Distributed Map"
)
_STOPPED: Final = "somebody stopped the execution; CloudTrail shows who called StopExecution"
_MACHINE_TIMEOUT: Final = "the execution took longer than the TimeoutSeconds of its state machine"


def error_of(execution: Execution) -> str | None:
    """Return the error that an execution ended with; None of one that runs or has succeeded."""
    return execution.error or _ERRORS.get(execution.status)


def error_told_by(status: str) -> str:
    """Return the error that a status stands for; the status itself where it stands for none."""
    return _ERRORS.get(status, status)


def has_full_history(execution: Execution) -> bool:
    """Tell whether an execution ended because its history has no room for another event."""
    return _HISTORY_FULL in (execution.cause or "")


def meaning_of(execution: Execution, error: str, stage: str | None = None) -> str | None:
    """Return what an error of Step Functions or Lambda means; None of any other.

    Args:
        execution: that ended with it.
        error: its name.
        stage: what the workflow was about, where its record says so.
    """
    if execution.status == _TIMED_OUT:
        return _MACHINE_TIMEOUT
    if execution.status == _ABORTED:  # whoever stops an execution may give any error
        return _STOPPED
    if error == _TOO_LARGE and stage in _TOO_LARGE_AT:
        return _TOO_LARGE_AT[stage]
    if has_full_history(execution):
        return _MANY_EVENTS
    known = (_MEANINGS | _OF_LAMBDA).get(error)
    return known.format(machine=execution.machine_arn) if known else None
