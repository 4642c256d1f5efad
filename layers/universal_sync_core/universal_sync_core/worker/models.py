"""The models that workers declare; pydantic is loaded only where there is one."""

from typing import Any, TypeVar

from universal_sync_core.values.codec import Json

ModelT = TypeVar("ModelT")


def prepare(model: type[Any]) -> None:
    """Make the validator while the function starts, when it costs nobody's time."""
    from universal_sync_core.values.validation import adapter  # noqa: PLC0415 - pydantic

    adapter(model)


def validated(model: type[ModelT], value: Json, at: str) -> ModelT:
    """Return a JSON value as a model.

    Args:
        model: a pydantic model, or any type that pydantic validates.
        value: with everything read.
        at: where it stands, for the error.

    Raises:
        InvalidRequestError: it is not of the model; each wrong path is named.
    """
    from universal_sync_core.values.validation import validate_json  # noqa: PLC0415 - pydantic

    return validate_json(model, value, at)
