"""Waiting states: whom to ask, and how the answer finds its way back, once.

Three create-only objects make up a callback, so that no retry and no second answer can undo one:

    callbacks/<id>.json             the token and what is asked; written before anybody is told
    callbacks/<id>.answer.json      the claim: the first answer, the only one that is ever sent
    callbacks/<id>.delivered.json   Step Functions took it

The id is the SHA-256 of the task token: a retried request is the same callback, and the id can be
shown to anybody. The token itself is in the first object and on its way to Step Functions only.

What is announced on EventBridge has the source `universal-sync-core`, the detail type `Callback
Requested` and the detail {callback_id, callback_type, execution_id, prompt, state_revision}.
"""

import functools
import hashlib
import os
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import measures
import universal_sync_core as core
from models import RequestCallbackEvent, SubmitCallbackEvent
from universal_sync_core import codec, workspace
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.keys import execution_prefix
from universal_sync_core.store import Location

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_stepfunctions import SFNClient

    from answers import CallbackAnswer, Delivery, DeliveryAnswer

P = ParamSpec("P")
T = TypeVar("T")

EVENT_BUS: Final = os.environ.get("EVENT_BUS_NAME") or "default"
EVENT_SOURCE: Final = "universal-sync-core"
EVENT_DETAIL_TYPE: Final = "Callback Requested"

# An event on the bus is at most 256 KiB, and the targets of a rule have tighter limits:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
PROMPT_INLINE_BYTES: Final = 32 * codec.KIB

_CONFIG: Final = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)


@functools.cache
def stepfunctions() -> "SFNClient":
    """Return the client answers are sent with, made at its first use."""
    return boto3.client("stepfunctions", config=_CONFIG)


@functools.cache
def events() -> "EventBridgeClient":
    """Return the client requests are announced with, made at its first use."""
    return boto3.client("events", config=_CONFIG)


def request(event: RequestCallbackEvent) -> "CallbackAnswer":
    """Keep the token of a waiting state, then tell the event bus that an answer is wanted.

    A retry announces again: whether the first announcement went out cannot be known. Consumers
    know a repeated one by its callback_id.
    """
    execution_id = event.execution_id or event.state_data.get("execution_id")
    if not isinstance(execution_id, str):
        raise InvalidRequestError("execution_id: Field required", field="execution_id")
    callback_id = hashlib.sha256(event.task_token.encode()).hexdigest()
    # A worker puts what it wants to know into its result; so it is in the bag.
    prompt = event.prompt if event.prompt is not None else event.state_data.get("prompt")
    context = {"execution_id": execution_id}
    asked = {
        "callback_id": callback_id,
        "callback_type": event.callback_type,
        "execution_id": execution_id,
        "prompt": core.offload_result(prompt, context, limit=PROMPT_INLINE_BYTES),
        "state_revision": event.state_data.get("state_revision"),
    }
    record = asked | {"task_token": event.task_token, "requested_at": _now()}
    if _create(_location(execution_id, f"{callback_id}.json"), record):
        measures.count_callback_request(record["requested_at"])
    _announce(asked)
    return {"callback_id": callback_id}


def submit(event: SubmitCallbackEvent) -> "DeliveryAnswer":
    """Send an answer to the state that waits for it.

    Raises:
        InvalidRequestError: this execution never requested such a callback.
        CallbackAlreadyAnsweredError: a different answer was there first.
        CallbackExpiredError: the state waits no longer.
    """
    record = _record(event)
    token: str = record["task_token"]
    if event.outcome == "heartbeat":
        called(stepfunctions().send_task_heartbeat, taskToken=token)
        return _status(event, "delivered")
    answer, is_first = _claimed(event)
    delivered = _location(event.execution_id, f"{event.callback_id}.delivered.json")
    if not is_first and _read(delivered) is not None:
        return _status(event, "already_delivered")
    _deliver(token, answer)
    if _create(delivered, {"delivered_at": _now()}):
        measures.count_callback_answer(record["requested_at"])
    return _status(event, "delivered")


def _status(event: SubmitCallbackEvent, status: "Delivery") -> "DeliveryAnswer":
    return {"callback_id": event.callback_id, "outcome": event.outcome, "status": status}


def _record(event: SubmitCallbackEvent) -> dict[str, Any]:
    record: dict[str, Any] | None = _read(
        _location(event.execution_id, f"{event.callback_id}.json")
    )
    if record is None:
        raise InvalidRequestError(
            "callback_id: this execution requested no such callback", field="callback_id"
        )
    return record


def _claimed(event: SubmitCallbackEvent) -> tuple[dict[str, Any], bool]:
    """Return the answer and whether it is the first, once no different one can be."""
    answer: dict[str, Any] = {"outcome": event.outcome}
    if event.outcome == "success":
        answer["output"] = core.offload_result(event.output, event.context)
    else:
        answer |= {"error": event.error, "cause": event.cause or ""}
    claim = _location(event.execution_id, f"{event.callback_id}.answer.json")
    is_first = _create(claim, answer)
    if not is_first and codec.canonical(_read(claim)) != codec.canonical(answer):
        raise CallbackAlreadyAnsweredError("this callback was answered before, and differently")
    return answer, is_first


def _deliver(token: str, answer: dict[str, Any]) -> None:
    if answer["outcome"] == "success":
        output = codec.encode(answer["output"]).decode()
        called(stepfunctions().send_task_success, taskToken=token, output=output)
    else:
        error, cause = answer["error"], answer["cause"]
        called(stepfunctions().send_task_failure, taskToken=token, error=error, cause=cause)


def _announce(asked: dict[str, Any]) -> None:
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
    # One refused entry does not fail the call.
    for result in answer["Entries"]:
        if "ErrorCode" in result:
            raise _failure("PutEvents", result["ErrorCode"])


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _location(execution_id: str, name: str) -> Location:
    settings = workspace.current().settings
    if settings.bucket is None:
        raise InvalidRequestError("a callback needs the setting STATE_BUCKET")
    prefix = execution_prefix(settings, execution_id)
    return Location(settings.bucket, f"{prefix}callbacks/{name}")


def _create(location: Location, content: dict[str, Any]) -> bool:
    space = workspace.current()
    space.usage.count_request()
    return space.retry.execute(space.store.put, location, codec.encode(content))


def _read(location: Location) -> Any:
    """Return what an object says, or None where there is none."""
    space = workspace.current()
    space.usage.count_request()
    try:
        stored = space.retry.execute(space.store.get, location)
    except MissingObjectError:
        return None
    return codec.decode(stored.body, path=str(location))


def called(operation: "Callable[P, T]", *args: "P.args", **kwargs: "P.kwargs") -> "T":
    """Return what a service answers, its errors as ours.

    They are not chained: a message of botocore's may quote the request, and with it the token.
    """
    try:
        return operation(*args, **kwargs)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        failure = _failure(error.operation_name, error.response["Error"]["Code"], status)
    except BotoCoreError as error:
        failure = StoreUnavailableError(f"no answer: {type(error).__name__}")
    raise failure


_DENIED: Final = {"AccessDenied", "AccessDeniedException", "KmsAccessDeniedException"}
_GONE: Final = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}
_INTERNAL: Final = {"InternalException", "InternalFailure", "ServiceUnavailable"}
_THROTTLED: Final = {"KmsThrottlingException", "Throttling", "ThrottlingException"}


def _failure(operation: str, code: str, status: int = 400) -> StateSyncError:
    """Return our error for one of Step Functions' or EventBridge's."""
    message = f"{operation}: {code}"
    if code in _GONE:
        return CallbackExpiredError(f"the state waits no longer ({message})")
    if code in _THROTTLED:
        return StoreThrottledError(message)
    if code in _DENIED:
        return StoreAccessDeniedError(message)
    if code in _INTERNAL or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return StoreUnavailableError(message)
    return InvalidRequestError(message)
