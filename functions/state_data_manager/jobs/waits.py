"""Jobs that do not call back: a workflow waits, and the event of the job's end is the answer.

    jobs/waiting/<SHA-256 of the job's id>/<n>.json    a wait for the job
    jobs/ended/<SHA-256 of the job's id>/<n>.json      how the job has ended

The event and the wait come in any order. Each writes its own object and then looks for the other's:
the second one finds both and delivers the answer. If both find both, they deliver the same answer
twice.

A callback that waits for a job has the job's id in its record, which only this function can have
written. Only the record ties the two together: an object under `jobs/waiting/` just says where to
look.
"""

from __future__ import annotations

import hashlib
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from callbacks import requests, submissions
from callbacks.objects import create, read, read_as, read_record
from contract import switches
from contract.callback_models import SubmitCallbackEvent
from jobs.events import JobEnd, job_end
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    MissingObjectError,
    StateSyncError,
    StoredDataError,
)
from universal_sync_core.limits import STEP_FUNCTIONS_ERROR_CHARS
from universal_sync_core.retention.members import machine_of
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import JOBS_FOLDER
from universal_sync_core.storage.store import Location
from universal_sync_core.workflow.owners import require_same_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callbacks.objects import Record
    from contract.answers import CallbackAnswer, JobAnswer
    from contract.callback_models import JobEndedEvent, RequestCallbackEvent
    from universal_sync_core.values.codec import JsonObject
    from universal_sync_core.values.validation import ModelT

_HAS_RULE: Final = switches.JOB_EVENTS
_MOST_OBJECTS: Final = 100
_OTHER_FORM: Final = "does not have the form of what is kept about a job"


class _Wait(BaseModel):
    """Where the record of a wait for a job is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    execution_id: str = Field(min_length=1)
    callback_id: str


def request(event: RequestCallbackEvent) -> CallbackAnswer:
    """Ask for an answer; if the wait is for a job that has already ended, deliver it.

    Raises:
        InvalidRequestError: the stack does not receive the ends of jobs.
        PointerNotAllowedError: the job is an execution of the same state machine, but of another
            tenant.
    """
    job = requests.job_of(event)
    if job is None:
        return requests.request(event)
    if not _HAS_RULE:
        message = (
            "job: the stack does not receive the ends of jobs; deploy it with JobSources, the"
            " services whose jobs workflows wait for"
        )
        raise InvalidRequestError(message, field="job")
    record = requests.asked(event, job)
    machine = machine_of(job)
    if machine is not None and machine == machine_of(record.execution_id):
        # The output of such a job is the state of another execution.
        settings = runtime.current().settings
        require_same_owner(job, record.execution_id, settings, field="job")
    waits = {"execution_id": record.execution_id, "callback_id": record.callback_id}
    _keep("waiting", job, waits)
    ends = sorted(_kept("ended", job, JobEnd), key=lambda end: end.time)
    if ends:
        _deliver(record, ends[-1])
    return {"callback_id": record.callback_id}


def ended(event: JobEndedEvent) -> JobAnswer:
    """Answer the callbacks that wait for the job of an event."""
    end = job_end(event.event)
    if end is None:
        return {"job": None, "state": None, "waiting": 0}
    for job in end.ids:
        _keep("ended", job, end.model_dump(mode="json"))
    waiting = [record for job in end.ids for record in _waiting(job)]
    failed: list[StateSyncError] = []
    for record in waiting:
        try:
            _deliver(record, end)
        except StateSyncError as error:
            failed.append(error)
    if failed:
        # Lambda retries the event; waits that already have the answer then report it as known.
        raise failed[0]
    return {"job": end.ids[0], "state": end.state, "waiting": len(waiting)}


def _waiting(job: str) -> Iterator[Record]:
    """Yield the callbacks that wait for a job according to their own records."""
    for told in _kept("waiting", job, _Wait, skips_damaged=True):
        # Nothing is left of a workflow that was deleted.
        with suppress(InvalidRequestError, StoredDataError):
            record = read_record(told.execution_id, told.callback_id)
            if record.job == job:
                yield record


def _deliver(record: Record, end: JobEnd) -> None:
    """Deliver the end of its job to a wait, unless the wait is over."""
    with suppress(CallbackAlreadyAnsweredError, CallbackExpiredError):
        submissions.answer(record, _answer(record, end), may_point=False)


def _answer(record: Record, end: JobEnd) -> SubmitCallbackEvent:
    answer: JsonObject = {
        "action": "submit_callback",
        "callback_id": record.callback_id,
        "execution_id": record.execution_id,
    }
    if end.is_success:
        told = {"job": record.job, "source": end.source, "state": end.state, "ended_at": end.time}
        result = {"job_result": {**told, "detail": end.detail}}
        answer |= {"outcome": "success", "output": result}
    else:
        error = f"Job.{end.state}"[:STEP_FUNCTIONS_ERROR_CHARS]
        cause = f"The job {record.job} of {end.source} has ended as {end.state}. {end.reason}"
        answer |= {"outcome": "failure", "error": error, "cause": cause.strip()}
    return SubmitCallbackEvent.model_validate(answer)


def _keep(kind: str, job: str, content: JsonObject) -> None:
    """Store what is known about a job, once."""
    for location in _locations(kind, job):
        if create(location, content) or _holds(location, content):
            return
    message = f"job: {_MOST_OBJECTS} waits for it, or ends of it, are stored already"
    raise InvalidRequestError(message, field="job")


def _holds(location: Location, content: JsonObject) -> bool:
    with suppress(StoredDataError):  # a damaged object is left, and the next place taken
        return bool(read(location) == content)
    return False


def _kept(
    kind: str, job: str, model: type[ModelT], *, skips_damaged: bool = False
) -> Iterator[ModelT]:
    """Yield what is stored about a job, in the order in which it came.

    Raises:
        StoredDataError: an object is damaged, and `skips_damaged` is False.
    """
    for location in _locations(kind, job):
        try:
            yield read_as(model, location, "object", _OTHER_FORM)
        except MissingObjectError:
            return
        except StoredDataError:
            if not skips_damaged:
                raise


def _locations(kind: str, job: str) -> Iterator[Location]:
    settings = runtime.current().settings
    if settings.bucket is None:
        raise InvalidRequestError("a callback needs the setting STATE_BUCKET")
    digest = hashlib.sha256(job.encode(errors="surrogatepass")).hexdigest()
    for number in itertools.islice(itertools.count(1), _MOST_OBJECTS):
        key = f"{settings.prefix}{JOBS_FOLDER}{kind}/{digest}/{number}.json"
        yield Location(settings.bucket, key)
