"""Packed values in what the command shows: each is opened within a budget of its own."""

from typing import Final

from universal_sync_core.budget import Budget
from universal_sync_core.codec import KIB, Json, JsonObject
from universal_sync_core.compress import MAX_UNPACKED_BYTES, unpack

_VALUES: Final = 4 * KIB * KIB


def unpacked(value: JsonObject) -> Json:
    """Return the value of a packed form.

    Raises:
        UnreadableObjectError: it is damaged.
        StateTooLargeError: there are too many values in it.
    """
    return unpack(value, Budget(MAX_UNPACKED_BYTES, _VALUES)).value
