"""The record of a failed execution, which a person can read and resume from."""

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
from universal_sync_core.limits import STEP_FUNCTIONS_ERROR_CHARS
from universal_sync_core.pipe.pointer_bloat import prevent_pointer_bloat
from universal_sync_core.values.codec import Json, JsonObject, decode
from universal_sync_core.values.paths import MAX_DEPTH
from universal_sync_core.values.portable import portable_text
from universal_sync_core.workflow.snapshot import write_snapshot

RECORD_MARK: Final = "failure_record"
RECORD_VERSION: Final = 1
SNAPSHOT_OF_RECORD: Final = "snapshot_s3_path"

# Characters of a cause that are readable in a list of executions; the record has all of it.
CAUSE_MAX_CHARS: Final = 400
# Fields that tell where the workflow was.
_PLACE: Final = ("next_action", "segment_to_run", "loop_counter", "branch_id", "state_revision")
# Fields about what came before: as much as the bag has inline, and pointers to the rest.
_PAST: Final = (HISTORY, ARCHIVE, FAILED_SEGMENTS, whole_name(FAILED_SEGMENTS))
_NAMED: Final = "[record: "
_UNNAMED: Final = "UnnamedError"
_UNEXPLAINED: Final = "no cause was given"
# Error names that only Step Functions may use, so that a Fail state cannot pass them on.
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
    """Record a failed execution in S3, and return its error with the path of the record.

    The record has the error, its whole cause, the circumstances, the newest history, branches and
    items that failed, and the path of a snapshot of the bag. A repeated call does not leave a
    second record.

    Args:
        state: the last good bag.
        failure: the fields that a Catch writes: `{"Error", "Cause"}`.
        context: may carry `execution_id`.
        circumstances: more fields for the record, such as `stage` and `failed_at`.

    Returns:
        `{"error", "cause", "record_s3_path"}`. The error is without `States.` and has at most 256
        characters, and the cause is short and ends with the path. For a branch there are also its
        `branch_id` and what it used of histories: `segments_run`, `waits` and `segments_in_parent`.
    """
    failure = _of_own_execution(failure)
    error, cause = _text(failure.get("Error")) or _UNNAMED, _text(failure.get("Cause"))
    with unit_of_work(context, state) as unit:
        # Without a revision it is not a bag yet, so there is nothing to go on with.
        has_begun = "state_revision" in state
        record: JsonObject = {RECORD_MARK: RECORD_VERSION, "error": error, "cause": _opened(cause)}
        record |= circumstances or {}
        record["execution_id"] = unit.objects.execution_id
        record |= {name: state[name] for name in _PLACE if name in state}
        record[SNAPSHOT_OF_RECORD] = write_snapshot(state, "failure", unit) if has_begun else None
        record |= _past(state, unit)
        path = unit.objects.add_record(record)
    return {
        "error": portable_text(error.removeprefix(_RESERVED))[:STEP_FUNCTIONS_ERROR_CHARS],
        "cause": f"{portable_text(_short(cause))} {_NAMED}{path}]",
        "record_s3_path": path,
        "branch_id": state.get("branch_id"),
        SEGMENTS_RUN: state.get("loop_counter"),
        WAITS: waits_of(state),
        IN_PARENT: state.get(IN_PARENT),
    }


def _of_own_execution(failure: JsonObject) -> JsonObject:
    """Return the failure of an execution that a task awaited, instead of the task's own.

    The task always fails with `States.TaskFailed`, and its cause is the answer of
    DescribeExecution.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    told = _opened(_text(failure.get("Cause")))
    if failure.get("Error") != _AWAITED or type(told) is not dict or "ExecutionArn" not in told:
        return failure
    ended, arn = _text(told.get("Status")).title().replace("_", ""), _text(told["ExecutionArn"])
    error = _text(told.get("Error")) or f"Execution{ended}"
    return {"Error": error, "Cause": _text(told.get("Cause")) or f"the execution {arn} ended"}


def _past(state: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return what came before, as much as a bag would have inline.

    The failure may be that something cannot be read; then the record goes without it.
    """
    with suppress(StateSyncError):
        state = prevent_pointer_bloat(with_fields(state, {FAILED_SEGMENTS}, unit.pages))
    return {name: state[name] for name in _PAST if name in state}


def path_in(cause: str) -> str | None:
    """Return the path of the record at the end of a cause, or None if there is none."""
    _, named, path = cause.removesuffix("]").rpartition(_NAMED)
    is_path = named and cause.endswith("]") and path.startswith("s3://") and path.isprintable()
    return path if is_path else None


def is_failure_record(document: Json) -> bool:
    """Tell whether a document is the record of a failure, in a version that this code can read."""
    return type(document) is dict and document.get(RECORD_MARK) == RECORD_VERSION


def _text(value: Json) -> str:
    return value if type(value) is str else ""


def _opened(cause: str) -> Json:
    """Return a cause as an object if it is one, as Lambda's are: its stack trace is readable then.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    try:
        opened = decode(cause.encode(errors="surrogatepass"), path="cause", max_depth=MAX_DEPTH)
    except UnreadableObjectError:
        return cause
    return opened if type(opened) is dict else cause


def _short(cause: str) -> str:
    opened = _opened(cause)
    message = opened.get("errorMessage") if type(opened) is dict else None
    text = _text(message) or cause or _UNEXPLAINED
    return text if len(text) <= CAUSE_MAX_CHARS else f"{text[:CAUSE_MAX_CHARS]}..."
