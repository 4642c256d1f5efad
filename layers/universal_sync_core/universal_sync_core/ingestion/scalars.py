"""Strings, numbers and times as JSON: a subclass counts as its plain value."""

import builtins
import math
from datetime import date, datetime
from enum import Enum
from typing import Final

from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Place
from universal_sync_core.values.timestamps import rfc3339

# CPython writes integers of up to 4,300 digits; this many bits are always fewer digits.
# https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_WRITABLE_BITS: Final = 14_000


def unwrapped(value: Json) -> Json:
    """Return the value that a proxy stands for, as wrapt and lazy-object-proxy make one."""
    while value.__class__ is not type(value) and hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value


def scalar(value: Json, place: Place) -> Json:
    """Return a string, number or constant; a subclass counts as its plain value."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _whole(int.__int__(value), place)
    number = float.__float__(value)
    if not math.isfinite(number):
        raise place.refusal(f"JSON has no {number}; use None or a string")
    return number


def _whole(number: int, place: Place) -> int:
    if number.bit_length() > _WRITABLE_BITS:
        message = f"an integer of {number.bit_length():,} bits is too long for JSON; use a string"
        raise place.refusal(message)
    return number


def time_text(value: date, place: Place) -> str:
    """Return the RFC 3339 text of a date, or of a time with its offset."""
    try:
        is_naive = isinstance(value, datetime) and value.utcoffset() is None
        text = rfc3339(value) if isinstance(value, datetime) else value.isoformat()
    # pandas.NaT is a datetime without a time; in some zones the first years have none in UTC.
    except (ValueError, OverflowError):
        message = f"this {kind_of(value)} has no form in RFC 3339; use None or a string"
        raise place.refusal(message) from None
    if is_naive:
        message = "a datetime needs its time zone: use datetime.now(UTC), or add tzinfo"
        raise place.refusal(message)
    return text


def key_text(key: object, place: Place) -> str:
    """Return a key as a plain string."""
    key = unwrapped(key)
    while isinstance(key, Enum):
        key = key.value
    if not issubclass(type(key), str):
        message = f"keys must be strings, and one is of type {kind_of(key)}; use str(key)"
        raise place.refusal(message)
    return str.__str__(key)


def kind_of(value: object) -> str:
    """Return the name of the type of a value, with the module if Python has a type of that name."""
    kind = type(value)
    is_namesake = hasattr(builtins, kind.__name__) and kind.__module__ != builtins.__name__
    return f"{kind.__module__}.{kind.__name__}" if is_namesake else kind.__name__
