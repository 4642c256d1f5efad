"""Requests for a callback: the token is stored, and the event bus hears that an answer is wanted.

The token of a waiting state is only in the record of its callback and in requests to Step
Functions. The callback's id can be shown to anybody. All tries of a wait are the same callback if
the state says which wait it is.

The event on EventBridge has the source `universal-sync-core`, the detail type `Callback Requested`
and the detail {callback_id, callback_type, execution_id, prompt, state_revision}.
"""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import measures
from callbacks.delivery import is_answered
from callbacks.objects import HOLD, Marks, Record, id_of, read_like, write_record
from services import clients
from services.calls import called, failure
from universal_sync_core.bag.awaited_job import AWAITED_JOB, is_awaited_job
from universal_sync_core.bag.fields import field_of
from universal_sync_core.bag.holding import is_held
from universal_sync_core.bag.unit_of_work import UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.limits import EVENTBRIDGE_EVENT_BYTES
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.storage import runtime
from universal_sync_core.values import codec
from universal_sync_core.values.pointer import parse

if TYPE_CHECKING:
    from contract.answers import CallbackAnswer
    from contract.callback_models import RequestCallbackEvent
    from universal_sync_core.values.codec import Json, JsonObject

EVENT_BUS: Final = os.environ.get("EVENT_BUS_NAME") or "default"
EVENT_SOURCE: Final = "universal-sync-core"
EVENT_DETAIL_TYPE: Final = "Callback Requested"

# The targets of a rule have tighter limits than the bus.
PROMPT_INLINE_BYTES: Final = EVENTBRIDGE_EVENT_BYTES // 8
_PROMPT: Final = "prompt"


def request(event: "RequestCallbackEvent") -> "CallbackAnswer":
    """Store the token of a waiting state, then tell the event bus that an answer is wanted.

    A retry announces again, since it cannot know whether the first announcement went out. Consumers
    recognise a repeated one by its callback_id. A try after an answer asks again, with another
    callback.
    """
    return {"callback_id": asked(event).callback_id}


def job_of(event: "RequestCallbackEvent") -> str | None:
    """Return the job that the state waits for, or None."""
    if event.callback_type != "async":
        return None
    awaited: Json = event.state_data.get(AWAITED_JOB)
    return event.job or (awaited["id"] if is_awaited_job(awaited) else None)


def asked(event: "RequestCallbackEvent", job: str | None = None) -> Record:
    """Return the record of a callback to announce.

    Args:
        event: the event that asks for it.
        job: the job whose end answers it.
    """
    with unit_of_work(event.context, event.state_data) as unit:
        execution_id = unit.objects.execution_id
        if execution_id is None:
            raise InvalidRequestError("execution_id: Field required", field="execution_id")
        stored, plain = _prompts(event, unit)
    revision: Json = event.state_data.get("state_revision")
    record = Record(
        callback_id=id_of(event.task_token),
        callback_type=event.callback_type,
        execution_id=execution_id,
        prompt=stored,
        state_revision=revision if type(revision) is int else None,
        task_token=event.task_token,
        requested_at=datetime.now(UTC).isoformat(),
        job=job,
    )
    record = _kept(record, event.wait)
    if record.callback_type == HOLD:
        _end_hold_that_is_over(execution_id, event.task_token)
    else:
        private = ("task_token", "requested_at")
        told = {name: value for name, value in record.told().items() if name not in private}
        _announce(told | {_PROMPT: plain})
    return record


def _end_hold_that_is_over(execution_id: str, token: str) -> None:
    """Let a workflow go on if it was released before it stopped, since no answer will come."""
    if not is_held(execution_id, runtime.current().settings):
        called(clients.stepfunctions().send_task_success, taskToken=token, output="{}")


def _kept(asked: Record, wait: str | None, question: int = 1) -> Record:
    """Return the stored record of the callback: the one of the first try of the wait.

    Args:
        asked: the record, if this is the first try.
        wait: what distinguishes this wait from every other; None if nothing does.
        question: the number of times that it has been asked, each time after an answer.
    """
    if wait is not None:
        told = codec.encode([wait, asked.callback_type, asked.state_revision, question])
        callback_id = id_of(asked.task_token, told)
        asked = asked.model_copy(update={"callback_id": callback_id})
    if write_record(asked):
        if asked.callback_type != HOLD:
            measures.count_callback_request(asked.requested_at, is_due=asked.job is None)
        return asked
    first = read_like(asked.execution_id, asked.callback_id)
    marks = Marks(first)
    if is_answered(marks, before=marks.number_of(asked.task_token)):
        return _kept(asked, wait, question + 1)
    return first


def _prompts(event: "RequestCallbackEvent", unit: UnitOfWork) -> "tuple[Json, Json]":
    """Return the question in the form of a bag and as it is; if it is large, a pointer for both."""
    prompt = _prompt(event, unit)
    pointers = pointers_in(prompt, unit.pages.expanded)
    stated = len(codec.encode(prompt)) + sum(pointer.size for pointer in pointers)
    if stated <= PROMPT_INLINE_BYTES:
        plain: Json = unit.pages.resolve(prompt, unescape=True)
        size, is_portable = codec.measure(plain)
        if is_portable and size <= PROMPT_INLINE_BYTES:
            return prompt, plain
    pointer = (parse(prompt) or unit.pages.store(unit.pages.resolve(prompt))).render()
    return pointer, pointer


def _prompt(event: "RequestCallbackEvent", unit: UnitOfWork) -> "Json":
    if event.callback_type == HOLD:
        return None
    if event.prompt is not None:
        return ingest(event.prompt, unit)
    # A worker puts its question into its result, so it is in the bag.
    return field_of(event.state_data, _PROMPT, unit.pages)


def _announce(asked: "JsonObject") -> None:
    answer = called(
        clients.events().put_events,
        Entries=[
            {
                "EventBusName": EVENT_BUS,
                "Source": EVENT_SOURCE,
                "DetailType": EVENT_DETAIL_TYPE,
                "Detail": codec.encode(asked).decode(),
            }
        ],
    )
    # A refused entry does not make the call fail.
    for result in answer["Entries"]:
        if "ErrorCode" in result:
            raise failure("PutEvents", result["ErrorCode"]).error
