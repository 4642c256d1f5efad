"""Callbacks: a waiting state asks, and the answer is delivered to it once.

The token of a waiting state is only in the record of its callback and in requests to Step
Functions. The callback's id can be shown to anybody. All tries of a wait are the same callback if
the state says which wait it is. `callback_objects` has the record, and `delivery` sends the answer.

The event on EventBridge has the source `universal-sync-core`, the detail type `Callback Requested`
and the detail {callback_id, callback_type, execution_id, prompt, state_revision}.
"""

import functools
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

import measures
import universal_sync_core as core
from callback_objects import Marks, Record, id_of, read_like, read_record, write_record
from delivery import deliver, is_answered
from services import Failure, attempt, called, failure
from universal_sync_core.bag.awaited_job import AWAITED_JOB, is_awaited_job
from universal_sync_core.bag.fields import with_fields
from universal_sync_core.bag.holding import is_held
from universal_sync_core.bag.unit_of_work import UnitOfWork, unit_of_work
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    InvalidRequestError,
    PointerNotAllowedError,
    StateTooLargeError,
)
from universal_sync_core.ingestion.ingest import ingest, ingest_delta
from universal_sync_core.limits import EVENTBRIDGE_EVENT_BYTES
from universal_sync_core.pages.page_reader import pointers_in
from universal_sync_core.pipe.bookkeeping import require_possible
from universal_sync_core.storage import runtime
from universal_sync_core.values import codec
from universal_sync_core.values.pointer import parse, recognise
from universal_sync_core.worker.results import INLINE_RESULT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_stepfunctions import SFNClient

    from answers import CallbackAnswer, DeliveryAnswer
    from callback_models import RequestCallbackEvent, SubmitCallbackEvent
    from universal_sync_core.values.codec import Json, JsonObject

EVENT_BUS: Final = os.environ.get("EVENT_BUS_NAME") or "default"
EVENT_SOURCE: Final = "universal-sync-core"
EVENT_DETAIL_TYPE: Final = "Callback Requested"

# The targets of a rule have tighter limits than the bus.
PROMPT_INLINE_BYTES: Final = EVENTBRIDGE_EVENT_BYTES // 8
_PROMPT: Final = "prompt"
# An operator's hold: nobody is asked, and the answer is not merged.
_HOLD: Final = "hold"
# For each type of callback, the action whose rules apply to its answer.
_ANSWERED_AS: Final = {"human": "merge_callback", "async": "merge_async", _HOLD: "merge_callback"}

_CONFIG: Final = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)


@functools.cache
def stepfunctions() -> "SFNClient":
    """Return the client that sends answers, made at its first use."""
    return boto3.client("stepfunctions", config=_CONFIG)


@functools.cache
def events() -> "EventBridgeClient":
    """Return the client that announces requests, made at its first use."""
    return boto3.client("events", config=_CONFIG)


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
    if record.callback_type == _HOLD:
        _end_hold_that_is_over(record)
    else:
        private = ("task_token", "requested_at")
        told = {name: value for name, value in record.told().items() if name not in private}
        _announce(told | {_PROMPT: plain})
    return record


def _end_hold_that_is_over(record: Record) -> None:
    """Let a workflow go on if it was released before it stopped, since no answer will come."""
    if not is_held(record.execution_id, runtime.current().settings):
        called(stepfunctions().send_task_success, taskToken=record.task_token, output="{}")


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
        if asked.callback_type != _HOLD:
            measures.count_callback_request(asked.requested_at, is_due=asked.job is None)
        return asked
    first = read_like(asked.execution_id, asked.callback_id)
    marks = Marks(first)
    if is_answered(marks, before=marks.number_of(asked.task_token)):
        return _kept(asked, wait, question + 1)
    return first


def submit(event: "SubmitCallbackEvent", *, may_point: bool = True) -> "DeliveryAnswer":
    """Send an answer to the state that waits for it.

    Args:
        event: the answer.
        may_point: whether it may contain pointers to state, which are looked up.

    Raises:
        InvalidRequestError: this execution never requested such a callback, or Step Functions does
            not accept such an answer.
        PointerNotAllowedError: the answer contains a pointer that its execution must not follow.
        CallbackAlreadyAnsweredError: a different answer was there first.
        CallbackExpiredError: the state is no longer waiting.
    """
    record = read_record(event.execution_id, event.callback_id)
    return answer(record, event, may_point=may_point)


def answer(record: Record, event: "SubmitCallbackEvent", *, may_point: bool) -> "DeliveryAnswer":
    """Send an answer to the state of a record, with the arguments and errors of `submit`."""
    told: DeliveryAnswer = {
        "callback_id": event.callback_id,
        "outcome": event.outcome,
        "status": "delivered",
    }
    marks = Marks(record)
    if event.outcome == "heartbeat":
        missed = _send_to_last(marks, stepfunctions().send_task_heartbeat)
        if missed is not None:
            raise missed.error
        return told
    given = _answer(event, _ANSWERED_AS[record.callback_type], may_point=may_point)
    outcome = deliver(given, marks, functools.partial(_send, marks))
    if outcome.is_new and record.callback_type != _HOLD:
        measures.count_callback_answer(record.requested_at, is_due=record.job is None)
    if outcome.is_other:
        raise CallbackAlreadyAnsweredError("this callback already has another answer")
    if not outcome.is_new and outcome.is_confirmed:
        told["status"] = "already_delivered"
    if not outcome.is_confirmed:
        told["is_confirmed"] = False
    return told


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
    if event.callback_type == _HOLD:
        return None
    if event.prompt is not None:
        return ingest(event.prompt, unit)
    # A worker puts its question into its result, so it is in the bag.
    return with_fields(event.state_data, {_PROMPT}, unit.pages).get(_PROMPT)


def _answer(event: "SubmitCallbackEvent", action: str, *, may_point: bool) -> "JsonObject":
    """Return the answer in the form that is sent, if the waiting state can go on with it."""
    if event.outcome == "success":
        with unit_of_work({**event.context, "action": action}) as unit:
            if not may_point and any(pointers_in(event.output, unit.pages.expanded, recognise)):
                message = "output: it contains a pointer; send the value itself to this function"
                raise PointerNotAllowedError(message, field="output")
            # What could not be merged is refused now: later it would end the execution.
            require_possible(ingest_delta(core.flatten_result(event.output), {}, unit), unit)
            output = core.offload_result(event.output)
        return {"outcome": event.outcome, "output": output}
    answer = {"outcome": event.outcome, "error": event.error, "cause": event.cause or ""}
    size = len(codec.encode(answer))
    if size > INLINE_RESULT_BYTES:
        message = "error and cause must fit beside the state"
        raise StateTooLargeError(message, size=size, limit=INLINE_RESULT_BYTES)
    return answer


def _send(marks: Marks, answer: "JsonObject") -> Failure | None:
    """Send an answer to the try of the wait that is still waiting."""
    if answer["outcome"] == "success":
        output = codec.encode(answer["output"]).decode()
        return _send_to_last(marks, stepfunctions().send_task_success, output=output)
    reason = {"error": answer["error"], "cause": answer["cause"]}
    return _send_to_last(marks, stepfunctions().send_task_failure, **reason)


def _send_to_last(
    marks: Marks, operation: "Callable[..., object]", **answer: str
) -> Failure | None:
    """Call with the token of each try of the wait, until one has not ended."""
    tries = 1
    ended: Failure | None = None
    for token in marks.tokens():
        sent = attempt(operation, taskToken=token, **answer)
        if not isinstance(sent, Failure):
            return None
        tries = max(tries, sent.tries)
        ended = replace(sent, tries=tries)
        if sent.kind != "gone":
            break
    return ended


def _announce(asked: "JsonObject") -> None:
    answer = called(
        events().put_events,
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
