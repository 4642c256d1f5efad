"""Calling an AWS service once, in the form of the state machine's own integration.

This is for a service whose answer alone may be over the limit of a state. Only operations in the
stack's parameter `ServiceOperations` are called, and only with the policy that the user names.
"""

import base64
import functools
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from services.calls import called
from services.names import boto3_name, pascal_case
from universal_sync_core.errors import InvalidRequestError, StateTooLargeError
from universal_sync_core.storage import runtime
from universal_sync_core.values.portable import is_portable, json_type
from universal_sync_core.values.timestamps import rfc3339

if TYPE_CHECKING:
    from contract.models import CallServiceEvent
    from universal_sync_core.values.codec import Json, JsonObject

OPERATIONS: Final = frozenset(
    name.strip() for name in os.environ.get("SERVICE_OPERATIONS", "").split(",") if name.strip()
)
_PARAMETER: Final = "ServiceOperations"
# The only parameter by which the SDK sends a request to any URL; state must not choose one.
# https://docs.aws.amazon.com/machine-learning/latest/APIReference/API_Predict.html
_URL: Final = "PredictEndpoint"
_CONFIG: Final = Config(
    connect_timeout=3, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 4}
)


def call(event: "CallServiceEvent") -> "Json":
    """Return the answer of a service, with the names that Step Functions gives its fields.

    Raises:
        InvalidRequestError: the operation is not listed, or the service does not accept the
            request.
        StateTooLargeError: the answer is larger than one call may read.
        StoreAccessDeniedError: the policy does not allow the call.
        StoreThrottledError, StoreUnavailableError: a retry may succeed.
    """
    _require_listed(event.operation)
    service, _, action = event.operation.partition(":")
    client = client_of(boto3_name(service))
    model = _operation(client, action)
    if not is_portable(event.parameters):
        message = "parameters contain half of a surrogate pair, or a whole number beyond 64 bits"
        raise InvalidRequestError(f"{message}: no service takes them", field="parameters")
    arguments = _members(event.parameters, model.input_shape, "parameters")
    method = xform_name(model.name)
    if not event.all_pages:
        return _answer(called(getattr(client, method), **arguments), model.output_shape)
    if not client.can_paginate(method):
        message = f"{event.operation} has no pages: leave out all_pages"
        raise InvalidRequestError(message, field="all_pages")
    pages = client.get_paginator(method).paginate(**arguments)
    with Reading(client, runtime.current().settings.budget_bytes):
        return _answer(called(pages.build_full_result), model.output_shape)


def _require_listed(operation: str) -> None:
    if operation not in OPERATIONS:
        listed = ", ".join(sorted(OPERATIONS)) or "none"
        message = f"operation: the stack's parameter {_PARAMETER} does not list it; {listed}"
        raise InvalidRequestError(message, field="operation")


@functools.cache
def client_of(service: str) -> Any:
    """Return the client of a service, made at its first use."""
    try:
        return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]
    except UnknownServiceError:
        message = f"operation: boto3 has no service {service}"
    raise InvalidRequestError(message, field="operation")


def _operation(client: Any, action: str) -> OperationModel:
    service = client.meta.service_model
    for name in service.operation_names:
        if name.lower() == action.lower():
            found: OperationModel = service.operation_model(name)
            if found.input_shape is None or _URL not in found.input_shape.members:
                return found
    message = f"operation: {service.service_name} has no operation {action} that may be called"
    raise InvalidRequestError(message, field="operation")


class Reading:
    """Bounds the size of all answers of one call together."""

    def __init__(self, client: Any, limit: int) -> None:
        """Count what a client reads.

        Args:
            client: a boto3 client.
            limit: the most bytes.
        """
        self._events = client.meta.events
        self._limit = limit
        self._read = 0

    def __enter__(self) -> None:
        self._events.register("after-call", self.count)

    def __exit__(self, *_: object) -> None:
        self._events.unregister("after-call", self.count)

    def count(self, parsed: Any, **_: Any) -> None:
        """Count an answer; botocore calls this."""
        self._read += len(json.dumps(parsed, default=str))
        if self._read > self._limit:
            message = "all pages together are more than one call may read; ask for fewer"
            raise StateTooLargeError(message, size=self._read, limit=self._limit)


def _members(value: "Json", shape: Shape | None, place: str) -> "Json":
    """Return parameters with the names that the service itself uses."""
    if isinstance(shape, StructureShape) and not _is_free(shape):
        return _structure(value, shape, place)
    if isinstance(shape, ListShape) and type(value) is list:
        return [_members(item, shape.member, f"{place}[{n}]") for n, item in enumerate(value)]
    if isinstance(shape, MapShape) and type(value) is dict:
        return {key: _members(item, shape.value, f"{place}.{key}") for key, item in value.items()}
    kind = None if shape is None else shape.type_name
    if shape is not None and kind == "string" and type(value) is not str and not _is_json(shape):
        # Botocore looks into some of them before it checks their types.
        message = f"{place} must be a string, not {json_type(value)}"
        raise InvalidRequestError(message, field=place)
    return value.encode() if kind == "blob" and type(value) is str else value


def _structure(value: "Json", shape: StructureShape, place: str) -> "JsonObject":
    if type(value) is not dict:
        kind = type(value).__name__
        raise InvalidRequestError(f"{place} must be an object, not a {kind}", field=place)
    known = {name.lower(): name for name in shape.members}
    members: JsonObject = {}
    for key, item in value.items():
        name = known.get(key.lower())
        if name is None:
            names = ", ".join(sorted(map(pascal_case, shape.members)))
            message = f"{place}: the service has no parameter {key}; it has {names}"
            raise InvalidRequestError(message, field=f"{place}.{key}")
        if name in members:
            message = f"{place}.{key} is there in other letters as well: give it once"
            raise InvalidRequestError(message, field=f"{place}.{key}")
        members[name] = _members(item, shape.members[name], f"{place}.{key}")
    return members


def _answer(value: Any, shape: Shape | None) -> "Json":
    """Return an answer as JSON, with the names that Step Functions gives its fields."""
    if isinstance(shape, StructureShape) and type(value) is dict and not _is_free(shape):
        return {
            pascal_case(name): _answer(value[name], member)
            for name, member in shape.members.items()
            if name in value
        }
    if isinstance(shape, ListShape):
        return [_answer(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _answer(item, shape.value) for key, item in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> "Json":
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if not hasattr(value, "read"):
        return value
    limit = runtime.current().settings.budget_bytes
    body = called(value.read, limit + 1)
    if len(body) > limit:
        message = "the body is more than one call may read"
        raise StateTooLargeError(message, size=len(body), limit=limit)
    try:
        return body.decode()
    except UnicodeDecodeError:
        message = "the body is not text, and a state cannot carry it"
    raise InvalidRequestError(message, field="operation")


def _is_json(shape: Shape) -> bool:
    """Tell whether the SDK writes any value as the JSON in a string."""
    return bool(shape.serialization.get("jsonvalue"))


def _is_free(shape: StructureShape) -> bool:
    """Tell whether a structure is free JSON, whose keys are the user's."""
    return bool(getattr(shape, "is_document_type", False))
