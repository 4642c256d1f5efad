"""Answers to callbacks: each is checked, and then delivered to the waiting state once."""

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import measures
import universal_sync_core as core
from callbacks.delivery import deliver
from callbacks.objects import HOLD, Marks, Record, read_record
from services import clients
from services.calls import Failure, attempt
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    PointerNotAllowedError,
    StateTooLargeError,
)
from universal_sync_core.ingestion.ingest import ingest_delta
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.pipe.bookkeeping import require_possible
from universal_sync_core.values import codec
from universal_sync_core.values.pointer import recognise
from universal_sync_core.worker.results import INLINE_RESULT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.answers import DeliveryAnswer
    from contract.callback_models import SubmitCallbackEvent
    from universal_sync_core.values.codec import JsonObject

# For each type of callback, the action whose rules apply to its answer.
_ANSWERED_AS: Final = {"human": "merge_callback", "async": "merge_async", HOLD: "merge_callback"}


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
        missed = _send_to_last(marks, clients.stepfunctions().send_task_heartbeat)
        if missed is not None:
            raise missed.error
        return told
    given = _answer(event, _ANSWERED_AS[record.callback_type], may_point=may_point)
    outcome = deliver(given, marks, functools.partial(_send, marks))
    if outcome.is_new and record.callback_type != HOLD:
        measures.count_callback_answer(record.requested_at, is_due=record.job is None)
    if outcome.is_other:
        raise CallbackAlreadyAnsweredError("this callback already has another answer")
    if not outcome.is_new and outcome.is_confirmed:
        told["status"] = "already_delivered"
    if not outcome.is_confirmed:
        told["is_confirmed"] = False
    return told


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
        return _send_to_last(marks, clients.stepfunctions().send_task_success, output=output)
    reason = {"error": answer["error"], "cause": answer["cause"]}
    return _send_to_last(marks, clients.stepfunctions().send_task_failure, **reason)


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
