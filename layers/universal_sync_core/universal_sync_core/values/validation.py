"""Data against pydantic models; what is wrong is named with its path, and never with its value."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json, encode

ModelT = TypeVar("ModelT")
BaseModelT = TypeVar("BaseModelT", bound=BaseModel)

# Wrong fields named in one message, which a list of ten thousand wrong items must leave readable.
_DESCRIBED: Final = 10
_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def validate(model: type[BaseModelT], value: object) -> BaseModelT:
    """Return Python values as a model.

    Raises:
        InvalidRequestError: every wrong field is named with its path; none of their values is.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    # Outside the handler, so that pydantic's error, which holds the input, is not chained.
    raise _refusal(details, ())


def adapter(model: type[ModelT]) -> TypeAdapter[ModelT]:
    """Return what validates a type; it is slow to make, and made once."""
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def validate_json(model: type[ModelT], value: Json, path: str) -> ModelT:
    """Return a JSON value as a model, or as any other type that pydantic validates.

    Args:
        model: the type.
        value: as it is in JSON, so that a strict model takes a time or an enumeration from a text.
        path: where it stands, for the error.

    Raises:
        InvalidRequestError: as `validate`.
    """
    try:
        return adapter(model).validate_json(encode(value))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    raise _refusal(details, (path,))


def _refusal(details: list[ErrorDetails], place: tuple[str, ...]) -> InvalidRequestError:
    message = "; ".join(_described(detail, place) for detail in details[:_DESCRIBED])
    return InvalidRequestError(message, field=_path(details[0], place) or None)


def _described(detail: ErrorDetails, place: tuple[str, ...]) -> str:
    path = _path(detail, place)
    return f"{path}: {detail['msg']}" if path else detail["msg"]


def _path(detail: ErrorDetails, place: tuple[str, ...]) -> str:
    """Return where the error is; a model's own validator says it in the error's context."""
    location = detail["loc"] or (detail.get("ctx", {}).get("field", ""),)
    return ".".join(str(part) for part in (*place, *location) if part != "")
