"""Pydantic models in what a caller sends: the JSON form that a model gives itself.

A dataclass of pydantic counts as a model: it may have aliases and computed fields as well.
"""

import inspect
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from typing import Any, Final, TypeAlias

from universal_sync_core.values.codec import Json

Convert: TypeAlias = Callable[[Any], Json]

_DUMP: Final = "model_dump"
_OF_DATACLASSES: Final = "__pydantic_serializer__"
_OPTIONS: Final = frozenset({"by_alias", "warnings", "fallback"})


def is_model(value: object) -> bool:
    """Tell whether a value is a pydantic model."""
    return hasattr(type(value), _DUMP) or hasattr(type(value), _OF_DATACLASSES)


def dumped(model: Any, convert: Convert) -> Json:
    """Return the JSON form of a model.

    Nothing is warned of on the way, since pydantic's warnings contain values.

    Args:
        model: a pydantic model.
        convert: converts values in it that pydantic does not know.

    Raises:
        ValueError, RecursionError: a field has no JSON form. Pydantic writes null for a number that
            is not finite where a field may have any type; this is such an error too.
    """
    options = {"by_alias": True, "warnings": False, "fallback": convert}
    taken = {name: options[name] for name in _taken(model.__class__)}
    dump = _dump_of(model)
    form = dump(mode="json", **taken)
    taken.pop("fallback", None)  # what pydantic does not know stays as it is
    if _holds_null(form) and _is_lossy(form, dump(**taken)):
        raise ValueError(_DUMP)
    return form


def _dump_of(model: Any) -> Callable[..., Any]:
    if hasattr(type(model), _DUMP):
        dump: Callable[..., Any] = model.model_dump
        return dump
    from universal_sync_core.values.validation import adapter  # noqa: PLC0415 - pydantic

    return partial(adapter(type(model)).dump_python, model)


@cache
def _taken(kind: type[Any]) -> frozenset[str]:
    """Return the options that the models of a class take, which may have a dump of their own."""
    if not hasattr(kind, _DUMP):
        return _OPTIONS
    parameters = inspect.signature(getattr(kind, _DUMP)).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return _OPTIONS if takes_all else _OPTIONS & parameters.keys()


def _holds_null(form: Json) -> bool:
    if isinstance(form, dict):
        return any(map(_holds_null, form.values()))
    return form is None or (isinstance(form, list) and any(map(_holds_null, form)))


def _is_lossy(form: Json, value: Any) -> bool:
    """Tell whether a JSON form has null where the value has a number that is not finite.

    A generator has been read for the form, so that nobody can tell what was null in it.
    """
    if form is None:
        return isinstance(value, float) and not math.isfinite(value)
    if isinstance(form, dict) and isinstance(value, Mapping):
        return any(map(_is_lossy, form.values(), value.values()))
    if isinstance(form, list) and isinstance(value, Collection):
        return any(map(_is_lossy, form, value))
    return isinstance(value, Iterator) and _holds_null(form)
