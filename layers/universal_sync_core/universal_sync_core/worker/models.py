"""The models that workers declare; pydantic is loaded only if there is one."""

from typing import Any, TypeVar

from universal_sync_core.values.codec import Json

ModelT = TypeVar("ModelT")


def prepare(model: type[Any]) -> None:
    """Build the validator while the function starts, when no request waits for it."""
    from universal_sync_core.values.validation import adapter  # noqa: PLC0415 - pydantic

    adapter(model)


def validated(model: type[ModelT], value: Json, at: str) -> ModelT:
    """Return a JSON value as a model.

    Args:
        model: a pydantic model, or any type that pydantic validates.
        value: the value, with all pointers read.
        at: its path, for the error.

    Raises:
        InvalidRequestError: the value does not fit the model; the message names each wrong path.
    """
    from universal_sync_core.values.validation import validate_json  # noqa: PLC0415 - pydantic

    return validate_json(model, value, at)
