"""What a failed execution leaves behind: a record a person can read, and resume from."""

import re
from contextlib import suppress
from typing import Final

from universal_sync_core.bag.execution_budget import IN_PARENT, SEGMENTS_RUN, WAITS, waits_of
from universal_sync_core.bag.fields import (
    ARCHIVE,
    FAILED_SEGMENTS,
    HISTORY,
    whole_name,
    with_fields,
)
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import StateSyncError, UnreadableObjectError
from universal_sync_core.pipe.pointer_bloat import prevent_pointer_bloat
from universal_sync_core.values.codec import Json, JsonObject, decode
from universal_sync_core.values.portable import portable_text
from universal_sync_core.workflow.snapshot import write_snapshot

RECORD_MARK: Final = "failure_record"
RECORD_VERSION: Final = 1
SNAPSHOT_OF_RECORD: Final = "snapshot_s3_path"

# Characters of a cause that stay readable in a list of executions; the record has all of it.
CAUSE_MAX_CHARS: Final = 400
# Where the workflow stood, as far as the bag says.
_PLACE: Final = ("next_action", "segment_to_run", "loop_counter", "branch_id", "state_revision")
# What came before: as much of it as the bag has inline, and the pointers to the rest.
_PAST: Final = (HISTORY, ARCHIVE, FAILED_SEGMENTS, whole_name(FAILED_SEGMENTS))
_NAMED_RECORD: Final = re.compile(r"\[record: (s3://\S+)\]\Z")
_UNNAMED: Final = "UnnamedError"
_UNEXPLAINED: Final = "no cause was given"
# Names that only Step Functions may give, which a Fail state therefore cannot carry on.
# https://states-language.net/spec.html#error-names
_RESERVED: Final = "States."
_AWAITED: Final = "States.TaskFailed"


def record_failure(
    state: JsonObject,
    failure: JsonObject,
    context: Context | None = None,
    *,
    circumstances: JsonObject | None = None,
) -> JsonObject:
    """Return what a failed execution says of itself, with the path of its record in S3.

    The record holds the error, its whole cause, the circumstances, the newest history, branches
    and items that failed, and the path of a snapshot of the bag. A call that is made again leaves
    no second record.

    Args:
        state: the last good bag.
        failure: what a Catch gives: `{"Error", "Cause"}`.
        context: may carry `execution_id`.
        circumstances: what else the record is to say, such as `stage` and `failed_at`.

    Returns:
        `{"error", "cause", "record_s3_path"}`; the error is without `States.`, and the cause is
        short and ends with the path. Of a branch also its `branch_id`, and what it has used of
        histories: `segments_run`, `waits` and `segments_in_parent`.
    """
    failure = _of_own_execution(failure)
    error, cause = _text(failure.get("Error")) or _UNNAMED, _text(failure.get("Cause"))
    with unit_of_work(context, state) as unit:
        # Without a revision it is no bag yet: there is nothing to go on with.
        has_begun = "state_revision" in state
        record: JsonObject = {RECORD_MARK: RECORD_VERSION, "error": error, "cause": _opened(cause)}
        record |= circumstances or {}
        record["execution_id"] = unit.objects.execution_id
        record |= {name: state[name] for name in _PLACE if name in state}
        record[SNAPSHOT_OF_RECORD] = write_snapshot(state, "failure", unit) if has_begun else None
        record |= _past(state, unit)
        path = unit.objects.add_record(record)
    return {
        "error": portable_text(error.removeprefix(_RESERVED)),
        "cause": f"{portable_text(_short(cause))} [record: {path}]",
        "record_s3_path": path,
        "branch_id": state.get("branch_id"),
        SEGMENTS_RUN: state.get("loop_counter"),
        WAITS: waits_of(state),
        IN_PARENT: state.get(IN_PARENT),
    }


def _of_own_execution(failure: JsonObject) -> JsonObject:
    """Return the failure of an execution that a task awaited, in place of the task's.

    The task fails under `States.TaskFailed`, whatever happened, and its cause is what
    DescribeExecution tells.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    told = _opened(_text(failure.get("Cause")))
    if failure.get("Error") != _AWAITED or type(told) is not dict or "ExecutionArn" not in told:
        return failure
    ended, arn = _text(told.get("Status")).title().replace("_", ""), _text(told["ExecutionArn"])
    error = _text(told.get("Error")) or f"Execution{ended}"
    return {"Error": error, "Cause": _text(told.get("Cause")) or f"the execution {arn} ended"}


def _past(state: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return what came before, as much of it as the bag would have inline.

    A failure may well be that something cannot be read; then it is recorded without that.
    """
    with suppress(StateSyncError):
        state = prevent_pointer_bloat(with_fields(state, {FAILED_SEGMENTS}, unit.pages))
    return {name: state[name] for name in _PAST if name in state}


def path_in(cause: str) -> str | None:
    """Return the path of the record that a cause ends with, or None where it names none."""
    match = _NAMED_RECORD.search(cause)
    return match[1] if match else None


def is_failure_record(document: Json) -> bool:
    """Tell whether a document is a record of a failure, of a version this code can read."""
    return type(document) is dict and document.get(RECORD_MARK) == RECORD_VERSION


def _text(value: Json) -> str:
    return value if type(value) is str else ""


def _opened(cause: str) -> Json:
    """Return a cause as JSON where it is JSON, as Lambda's are: the stack trace is readable then.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    try:
        return decode(cause.encode(errors="surrogatepass"), path="cause")
    except UnreadableObjectError:
        return cause


def _short(cause: str) -> str:
    opened = _opened(cause)
    message = opened.get("errorMessage") if type(opened) is dict else None
    text = _text(message) or cause or _UNEXPLAINED
    return text if len(text) <= CAUSE_MAX_CHARS else f"{text[:CAUSE_MAX_CHARS]}..."
