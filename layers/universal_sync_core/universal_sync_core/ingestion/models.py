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
# Without the last, a field's type says what is written of a model in it, and what a subclass adds
# is lost, such as the tool calls of a message in a list of messages. Pydantic has it from 2.13 on.
_OPTIONS: Final = {
    "by_alias": True,
    "warnings": False,
    "fallback": None,
    "polymorphic_serialization": True,
}


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
            is not finite where a field may have any type, and one of two keys or aliases that are
            the same string; these are such errors too.
    """
    options = {**_OPTIONS, "fallback": convert}
    taken = {name: options[name] for name in _taken(model.__class__)}
    dump = _dump_of(model)
    form = dump(mode="json", **taken)
    taken.pop("fallback", None)  # what pydantic does not know stays as it is
    named = dump(**(taken | dict.fromkeys({"by_alias"} & taken.keys(), False)))
    # Two fields with one alias; a model may also write fewer keys as JSON than otherwise.
    if _is_lossy(form, named) or (_is_shorter(form, named) and _is_shorter(dump(**taken), named)):
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
    return frozenset(_OPTIONS).intersection(_parameters(kind))


def _parameters(kind: type[Any]) -> Iterator[str]:
    """Yield the names that the dump of a class takes, and those that it hands on to its base's."""
    if not hasattr(kind, _DUMP):
        from universal_sync_core.values.validation import adapter  # noqa: PLC0415 - pydantic

        yield from inspect.signature(adapter(kind).dump_python).parameters
        return
    for base in kind.__mro__:
        if _DUMP in vars(base):
            parameters = inspect.signature(vars(base)[_DUMP]).parameters
            yield from parameters
            if not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
                return


def _holds_null(form: Json) -> bool:
    if isinstance(form, dict):
        return any(map(_holds_null, form.values()))
    return form is None or (isinstance(form, list) and any(map(_holds_null, form)))


def _is_lossy(form: Json, value: Any) -> bool:
    """Tell whether a JSON form has less than the value: null for a number, or one key for two.

    A generator has been read for the form, so that nobody can tell what was null in it.
    """
    if form is None:
        return isinstance(value, float) and not math.isfinite(value)
    if isinstance(form, dict) and isinstance(value, Mapping):
        is_short = len(set(map(str, value))) < len(value)
        return is_short or any(map(_is_lossy, form.values(), value.values()))
    if isinstance(form, list) and isinstance(value, Collection):
        return any(map(_is_lossy, form, value))
    return isinstance(value, Iterator) and _holds_null(form)


def _is_shorter(form: Any, other: Any) -> bool:
    """Tell whether an object in a form has fewer keys than in another form of the same model."""
    if isinstance(form, Mapping) and isinstance(other, Mapping):
        parts = map(_is_shorter, form.values(), other.values())
        return len(form) < len(other) or any(parts)
    are_lists = isinstance(form, list | tuple) and isinstance(other, list | tuple)
    return are_lists and any(map(_is_shorter, form, other))
