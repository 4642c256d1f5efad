"""Validation by pydantic models; a message names the path of what is wrong, never its value."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.portable import json_type

ModelT = TypeVar("ModelT")
BaseModelT = TypeVar("BaseModelT", bound=BaseModel)

# The most wrong fields in one message, so that a list of ten thousand wrong items stays readable.
_DESCRIBED: Final = 10
# What pydantic calls an error about the type itself: `dict_type`, `string_type`.
_OF_TYPE: Final = "_type"
_UNREAD: Final = "json_invalid"
_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def validate(model: type[BaseModelT], value: object) -> BaseModelT:
    """Validate a Python value, and return it as a model.

    Raises:
        InvalidRequestError: the message names the path of each wrong field, and none of their
            values.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = _details(error)
    # Outside the handler, so that pydantic's error, which contains the input, is not chained.
    raise _refusal(details, ())


def adapter(model: type[ModelT]) -> TypeAdapter[ModelT]:
    """Return the validator of a type; it is slow to make, so it is made once."""
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def validate_json(model: type[ModelT], value: Json, path: str) -> ModelT:
    """Validate a JSON value, and return it as a model or any other type that pydantic validates.

    Args:
        model: the type.
        value: the JSON value, so that even a strict model accepts a time or an enumeration as a
            string.
        path: its path, for the error.

    Raises:
        InvalidRequestError: as for `validate`.
    """
    try:
        return _from_json(model, value)
    except ValidationError as error:
        details = _details(error)
    raise _refusal(details, (path,))


def _from_json(model: type[ModelT], value: Json) -> ModelT:
    """Return a JSON value as a model.

    Pydantic does not read all JSON: it has neither halves of surrogate pairs nor over 200 levels.
    """
    try:
        return adapter(model).validate_json(encode(value))
    except ValidationError as error:
        if error.errors(include_input=False, include_context=False)[0]["type"] != _UNREAD:
            raise
    return adapter(model).validate_python(value)


def _refusal(details: list[ErrorDetails], place: tuple[str, ...]) -> InvalidRequestError:
    message = "; ".join(_described(detail, place) for detail in details[:_DESCRIBED])
    return InvalidRequestError(message, field=_path(details[0], place) or None)


def _details(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong, with the type of what was given where that is wrong, never a value."""
    details = error.errors(include_url=False)
    for detail in details:
        given = json_type(detail["input"])
        if detail["type"].endswith(_OF_TYPE):
            detail["msg"] = f"{detail['msg']}, not {given}"
    return details


def _described(detail: ErrorDetails, place: tuple[str, ...]) -> str:
    path = _path(detail, place)
    return f"{path}: {detail['msg']}" if path else detail["msg"]


def _path(detail: ErrorDetails, place: tuple[str, ...]) -> str:
    """Return the path of an error; a model's own validator puts it into the error's context."""
    location = detail["loc"] or (detail.get("ctx", {}).get("field", ""),)
    return ".".join(str(part) for part in (*place, *location) if part != "")
