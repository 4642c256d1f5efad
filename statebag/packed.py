"""Packed values in what the command shows: opened within a budget."""

from typing import Final

from universal_sync_core.budget import Budget
from universal_sync_core.codec import KIB, Json, JsonObject
from universal_sync_core.compress import MAX_UNPACKED_BYTES, unpack

_VALUES: Final = 4 * KIB * KIB


def unpacked(value: JsonObject, budget: Budget | None = None) -> Json:
    """Return the value of a packed form.

    Args:
        value: the packed form.
        budget: what may be unfolded with it; else it has one of its own.

    Raises:
        UnreadableObjectError: it is damaged.
        StateTooLargeError: there are too many values in it.
    """
    return unpack(value, budget or Budget(MAX_UNPACKED_BYTES, _VALUES)).value


def packed_size(value: JsonObject) -> int:
    """Return the bytes that a packed form says its value has."""
    size: int = value["__size_bytes"]
    return size
