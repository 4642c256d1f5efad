"""Executions that ended: what Step Functions knows about them, and recording their ends.

No state can handle some ends. An execution is stopped, or runs out of time or history; or a result
fits its task, but not beside the bag. The history has the input of the last state.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import universal_sync_core as core
from services import clients
from services.calls import called
from universal_sync_core.bag.fields import CHAIN, FAILED_SEGMENTS, in_place
from universal_sync_core.bag.nesting import MOST_DEEP, depth_of
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import StateSyncError, StoredDataError
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.retention.members import has_begun
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values import codec
from universal_sync_core.values.pointer import length
from universal_sync_core.workflow.continuation import RESUME_FROM
from universal_sync_core.workflow.failure import (
    SNAPSHOT_OF_RECORD,
    is_failure_record,
    path_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from contract.answers import EndAnswer
    from universal_sync_core.values.codec import Json, JsonObject

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
Data: TypeAlias = Literal["ALL_DATA", "METADATA_ONLY"]
# For each status, the name of an end that has no error of its own.
_ENDS: Final = {
    "SUCCEEDED": None,
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}
# An event may carry two states, and a whole answer of Step Functions is held in memory.
_EVENTS_AT_ONCE: Final = 50
_CONTINUED_AS: Final = "continued_as"
_FIRST_STATE: Final = "InitializeState"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An execution that has ended, from DescribeExecution.

    Attributes:
        failure: its `Error` and `Cause`; None if it succeeded.
        given: its input, as text.
        answered: its output, as text.
    """

    arn: str
    status: str
    started: datetime | None
    stopped: datetime
    failure: dict[str, str] | None
    given: str
    answered: str

    @property
    def owner(self) -> str:
        """The execution from whose state it resumed, or itself."""
        resumed = _resumed_owner(self.given)
        return resumed if resumed and self.works_on(resumed) else self.arn

    def works_on(self, owner: str) -> bool:
        """Tell whether it works on the state of `owner`: that is its own, or has its mark.

        What an input or a state says of this is the word of whoever wrote it.
        """
        return owner == self.arn or has_begun(owner, self.arn)


def record_end(execution_arn: str, context: JsonObject) -> EndAnswer:
    """Record how an execution ended, and leave a failure record if it failed without one.

    An execution that was redriven since then runs again, and has no end to record.

    Raises:
        InvalidRequestError: there is no such execution.
    """
    end = ended(execution_arn)
    if end is None:
        return {"failure": None, "ended_s3_path": None}
    if end.failure is None:
        return {"failure": None, "ended_s3_path": record(end, left_by(end))}
    found = _own_record(end)
    told = _told_by(*found, end) if found else _told_now(end, context)
    failure, state = told
    return {"failure": failure, "ended_s3_path": record(end, state)}


def ended(execution_arn: str, data: Data = "ALL_DATA") -> Ended | None:
    """Return how an execution ended, or None if it is running.

    Args:
        execution_arn: the ARN of the execution.
        data: what Step Functions is asked for; without its data, its documents count as empty.

    Raises:
        InvalidRequestError: there is no such execution.
        StoreAccessDeniedError: this role may not look at it, or not at its data.
    """
    describe = clients.stepfunctions().describe_execution
    described = called(describe, executionArn=execution_arn, includedData=data)
    status = described["status"]
    if status not in _ENDS:
        return None
    unnamed, cause = _ENDS[status], described.get("cause", "")
    return Ended(
        arn=execution_arn,
        status=status,
        started=described.get("startDate"),
        stopped=described["stopDate"],
        failure={"Error": described.get("error") or unnamed, "Cause": cause} if unnamed else None,
        given=described.get("input", ""),
        answered=described.get("output", ""),
    )


def record(end: Ended, state: LastState) -> str:
    """Record an end, and return the path of the record."""
    told = EndedExecution(
        arn=end.arn,
        status=end.status,
        started=end.started,
        stopped=end.stopped,
        error=end.failure["Error"] if end.failure else None,
        input_bytes=_bytes(end.given),
        output_bytes=_bytes(end.answered),
    )
    return write_record(runtime.current(), told, state)


def left_by(end: Ended) -> LastState:
    """Return the last state of a workflow, as far as the output of its execution shows it."""
    output = _document(end.answered)
    given: Json = output.get("state_data")
    bag = given if type(given) is dict and "state_revision" in given else {}
    return _state(end, bag, continued_as=_name_in(output.get(_CONTINUED_AS)))


def _state(end: Ended, bag: JsonObject, **more: str | None) -> LastState:
    """Return a bag as a last state, with what can be read of its fields, wherever they are."""
    own = _own(bag, end)
    owner = own["execution_id"]
    known = own if "state_revision" in own else {}
    chain, failed = None, 0
    with _without_unreadable(), unit_of_work(None, {"execution_id": owner}) as unit:
        fields = in_place(known, unit.pages, {CHAIN, FAILED_SEGMENTS})
        chain = unit.pages.resolve(fields.get(CHAIN))
        failed = length(unit.pages.expanded(fields.get(FAILED_SEGMENTS))) or 0
    ran = chain if type(chain) is list else []
    return LastState(owner=owner, bag=known, chain=ran, failed_segments=failed, **more)


def _own(bag: JsonObject, end: Ended) -> JsonObject:
    """Return a bag with the id of its execution; without the rest if it is another's.

    The states of a machine of the user's own may hand on any bag.
    """
    named: Json = bag.get("execution_id")
    if type(named) is not str or not named:
        return bag | {"execution_id": end.owner}
    return bag if end.works_on(named) else {"execution_id": end.arn}


@contextmanager
def _without_unreadable() -> Iterator[None]:
    """Go on without what cannot be read; what cannot be read just now is worth another try."""
    try:
        yield
    except StateSyncError as error:
        if error.retryable:
            raise


def _name_in(continued_as: Json) -> str | None:
    """Return the name of the next execution, from either form of the state machine."""
    told = continued_as if type(continued_as) is dict else {}
    arn, name = told.get("execution_arn"), told.get("name")
    if type(arn) is str:
        return arn.rsplit(":", 1)[-1]
    return name if type(name) is str else None


def _told_by(path: str, left: JsonObject, end: Ended) -> tuple[JsonObject, LastState]:
    """Return the failure that a failed execution recorded itself."""
    failure = end.failure or {}
    said = {"error": failure["Error"], "cause": failure["Cause"], "record_s3_path": path}
    bag, snapshot = left, left.get(SNAPSHOT_OF_RECORD)
    with _without_unreadable():
        bag = core.restore_snapshot(snapshot) if type(snapshot) is str else left
    stage = left.get("stage")
    stage = stage if type(stage) is str else None
    return said, _state(end, bag, stage=stage, record_s3_path=path)


def _told_now(end: Ended, context: JsonObject) -> tuple[JsonObject, LastState]:
    """Record the failure of an execution that did not record it itself."""
    bag, stage = last_bag(end)
    failed_at = end.stopped.isoformat()
    told = {"stage": stage, "failed_at": failed_at, "execution_arn": end.arn}
    own = _own(bag, end)
    failure = core.record_failure(own, end.failure or {}, context, circumstances=told)
    return failure, _state(end, own, stage=stage, record_s3_path=failure["record_s3_path"])


def _own_record(end: Ended) -> tuple[str, JsonObject] | None:
    """Return the record at the end of a cause with its path, if it belongs to this execution.

    The text of a cause may come from a worker. A resumed execution leaves its records with the
    state of the execution that began it.
    """
    path = path_in((end.failure or {}).get("Cause", ""))
    owner = execution_in(path) if path else None
    if path is None or owner is None:
        return None
    if owner not in (end.arn, end.owner):
        return None
    with unit_of_work(None, {"execution_id": owner}) as unit:
        if not path.startswith(unit.objects.home):
            return None
        try:
            left = unit.document(path)
        except StoredDataError:
            return None
    is_own = is_failure_record(left) and left.get("execution_id") == owner
    is_own = is_own and left.get("execution_arn") in (None, end.arn)
    return (path, left) if is_own else None


def _resumed_owner(execution_input: str) -> str | None:
    """Return the execution from whose state an input resumes."""
    path: Json = _document(execution_input).get(RESUME_FROM)
    return execution_in(path) if type(path) is str else None


def _document(text: str) -> JsonObject:
    """Return the JSON object in a string, or an empty one if it is something else."""
    try:
        found = codec.decode(text.encode(errors="surrogatepass"), path="execution")
    except StoredDataError:
        return {}
    return found if type(found) is dict else {}


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def last_bag(end: Ended) -> tuple[dict[str, Any], str]:
    """Return the last bag that a state got as input, and the name of that state.

    For a branch's own execution, it is the branch's bag. If the execution had none yet, it is a bag
    with only the `execution_id`, and the state that was entered last. A bag in the input of the
    execution is the word of whoever started it, however its JSON is written.
    """
    last, of_branch, depth = "", None, MOST_DEEP + 1
    given = _document(end.given)
    for event in _backwards(end.arn):
        entered = event.get("stateEnteredEventDetails")
        if not entered:
            continue
        last = last or entered["name"]
        document = _document(entered.get("input", ""))
        bag = document.get("state_data") if document != given else None
        if type(bag) is not dict or "state_revision" not in bag or depth_of(bag) >= depth:
            continue
        of_branch, depth = (bag, entered["name"]), depth_of(bag)
        if depth == 0:
            return of_branch
    return of_branch or ({"execution_id": end.arn}, last or _FIRST_STATE)


def _backwards(execution_arn: str) -> Iterator[Any]:
    """Yield the events of a history, newest first."""
    asked: dict[str, Any] = {"executionArn": execution_arn, "reverseOrder": True}
    asked["maxResults"] = _EVENTS_AT_ONCE
    while True:
        page = called(clients.stepfunctions().get_execution_history, **asked)
        yield from page["events"]
        if "nextToken" not in page:
            return
        asked["nextToken"] = page["nextToken"]
