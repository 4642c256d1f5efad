"""Executions that ended without a word: what Step Functions still knows of them.

Some ends no state can catch. An execution is stopped, or runs out of its time or its history; a
result fits its task, but not beside the bag. The history has what the last state was given.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import callbacks
from services import called
from universal_sync_core.bag.fields import is_branch
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import InvalidRequestError, StoredDataError
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values import codec
from universal_sync_core.workflow.continuation import RESUME_FROM
from universal_sync_core.workflow.failure import is_failure_record, path_in

# By status, the name of an end that has no error of its own.
_ENDS: Final = {
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}
# An event may carry two states, and an answer of Step Functions is held in memory whole.
_EVENTS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An execution that did not succeed.

    Attributes:
        failure: its `Error` and `Cause`.
        record_s3_path: of the record that it has left itself, or None.
        failed_at: when it ended, in ISO 8601.
    """

    arn: str
    failure: dict[str, str]
    record_s3_path: str | None
    failed_at: str


def ended(execution_arn: str) -> Ended:
    """Return how an execution ended.

    Raises:
        InvalidRequestError: it still runs, has succeeded, or is not there.
    """
    described = called(callbacks.stepfunctions().describe_execution, executionArn=execution_arn)
    status = described["status"]
    if status not in _ENDS:
        raise InvalidRequestError(f"the execution is {status}", field="execution_arn")
    cause = described.get("cause", "")
    return Ended(
        arn=execution_arn,
        failure={"Error": described.get("error") or _ENDS[status], "Cause": cause},
        record_s3_path=_own_record(cause, execution_arn, described.get("input", "")),
        failed_at=described["stopDate"].isoformat(),
    )


def _own_record(cause: str, execution_arn: str, execution_input: str) -> str | None:
    """Return the path at the end of a cause, if it leads to a record of this execution.

    What a cause says may be the text of a worker. A resumed execution leaves its records among the
    state of the one that began it.
    """
    path = path_in(cause)
    owner = execution_in(path) if path else None
    if path is None or owner is None:
        return None
    if owner not in (execution_arn, _resumed_owner(execution_input)):
        return None
    with unit_of_work(None, {"execution_id": owner}) as unit:
        if not path.startswith(unit.objects.home):
            return None
        try:
            record = unit.document(path)
        except StoredDataError:
            return None
    is_own = is_failure_record(record) and record.get("execution_id") == owner
    return path if is_own and record.get("execution_arn") in (None, execution_arn) else None


def _resumed_owner(execution_input: str) -> str | None:
    """Return the execution whose state an input says to go on with."""
    try:
        given = codec.decode(execution_input.encode(errors="surrogatepass"), path="input")
    except StoredDataError:
        return None
    path = given.get(RESUME_FROM) if isinstance(given, dict) else None
    return execution_in(path) if isinstance(path, str) else None


def last_bag(execution_arn: str) -> tuple[dict[str, Any], str]:
    """Return the bag of the workflow that a state was given last, and the name of that state.

    Where the execution had none yet, it is a bag with nothing but the `execution_id`.
    """
    for event in _backwards(execution_arn):
        entered = event.get("stateEnteredEventDetails")
        given = codec.decode(entered.get("input", "null").encode()) if entered else None
        bag = given.get("state_data") if isinstance(given, dict) else None
        if isinstance(bag, dict) and "state_revision" in bag and not is_branch(bag):
            return bag, entered["name"]
    return {"execution_id": execution_arn}, "InitializeState"


def _backwards(execution_arn: str) -> Iterator[Any]:
    """Yield the events of a history, newest first."""
    asked: dict[str, Any] = {"executionArn": execution_arn, "reverseOrder": True}
    asked["maxResults"] = _EVENTS_AT_ONCE
    while True:
        page = called(callbacks.stepfunctions().get_execution_history, **asked)
        yield from page["events"]
        if "nextToken" not in page:
            return
        asked["nextToken"] = page["nextToken"]
