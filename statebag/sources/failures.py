"""The record that a failed execution left, as far as it is its own.

A cause is text, and most of it the worker's. Only its end is ours, and only a record of the same
workflow, where its state machine keeps state, is taken for one.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.deployment import place_of_machine
from statebag.account.places import place_of
from statebag.executions.chain import owner_of
from statebag.executions.endings import error_of, error_told_by, meaning_of
from statebag.executions.executions import Execution, is_execution_arn
from statebag.output.masking import Masking
from statebag.sources.traces import shown_of
from statebag.state.reading import reader_at
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.codec import Json, JsonObject, decode, encode
from universal_sync_core.workflow.failure import is_failure_record, path_in

# What Lambda's runtimes call the lines of a stack trace.
# https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
_TRACES: Final = ("stackTrace", "trace")
# Lambda's runtimes, Glue and SageMaker, in this order.
_MESSAGES: Final = ("errorMessage", "ErrorMessage", "FailureReason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A cause in words, with the lines of its stack trace where it has one.

    Attributes:
        error: that ended the execution which a task waited for; None of any other cause.
    """

    message: str
    trace: Sequence[str] = ()
    error: str | None = None


def explanation_of(cause: Json) -> Explanation:
    """Return what a cause says, as Lambda or a worker wrote it, without the path of the record.

    Of a task that waited for another execution it is what ended the innermost one.
    """
    text = cause if isinstance(cause, str) else ""
    path = path_in(text)
    text = text.removesuffix(f"[record: {path}]").rstrip() if path else text
    opened = _opened(text) if isinstance(cause, str) else cause
    if type(opened) is not dict:
        is_text = isinstance(cause, str) or cause is None
        return Explanation(message=text if is_text else encode(cause).decode(errors="replace"))
    if is_execution_arn(str(opened.get("ExecutionArn"))):
        return _explanation_of_execution(opened)
    said = next((opened[name] for name in _MESSAGES if isinstance(opened.get(name), str)), None)
    lines: Sequence[Json] = next(
        (opened[name] for name in _TRACES if type(opened.get(name)) is list), []
    )
    frames = [line.rstrip() for line in lines if isinstance(line, str)]
    return Explanation(
        message=encode(opened).decode(errors="replace") if said is None else said,
        trace=shown_of(opened.get("errorType"), frames),
    )


def _explanation_of_execution(told: JsonObject) -> Explanation:
    """Return what ended an execution that a task waited for, as DescribeExecution tells it."""
    error, status, cause = (told.get(name) for name in ("Error", "Status", "Cause"))
    inner = explanation_of(cause if isinstance(cause, str) else None)
    if inner.error:
        return inner
    ended = error if isinstance(error, str) else error_told_by(str(status))
    message = ": ".join(each for each in (ended, inner.message) if each)
    return Explanation(message=message, trace=inner.trace, error=ended)


def headline_of(execution: Execution, mask: Masking) -> str:
    """Return why an execution ended, masked and in one line; nothing of one that did not fail."""
    error = error_of(execution)
    message = explanation_of(execution.cause).message
    if not message and error:
        message = meaning_of(execution, error) or ""
    headline = ": ".join(text for text in (error, message) if text)
    return str(mask.masked(headline)).replace("\n", " ")


def where_to_look(execution: Execution) -> str:
    """Return the command that explains a failure, in a sentence."""
    return f"`statebag failure {shlex.quote(execution.arn)}` says more, and how to go on"


def _opened(text: str) -> Json:
    try:
        return decode(text.encode(errors="surrogatepass"), path="cause")
    except UnreadableObjectError:
        return text


def is_own(cloud: Cloud, execution: Execution, path: str) -> bool:
    """Tell whether a path leads to state of an execution's workflow, where that is kept."""
    place = place_of_machine(cloud, execution.machine_arn)
    is_there = place is not None and place_of(path) == place
    owner = execution_in(path)
    return is_there and owner in {execution.arn, owner_of(cloud, place, execution)}


def record_of(cloud: Cloud, execution: Execution) -> str | None:
    """Return the path of the record that an execution's cause ends with, where it is its own."""
    path = path_in(execution.cause or "")
    return path if path is not None and is_own(cloud, execution, path) else None


def read_record(cloud: Cloud, execution: Execution) -> tuple[str, JsonObject] | None:
    """Return the path and the content of the record an execution left, or None without one.

    Raises:
        StoredDataError: it is gone, or cannot be read.
    """
    path = record_of(cloud, execution)
    if path is None:
        return None
    document = reader_at(cloud, path).document(path)
    return (path, document) if is_failure_record(document) else None
