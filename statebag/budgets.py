"""How much a command may unfold of a state, which may stand for far more than it takes."""

from typing import Final

from universal_sync_core.limits import KIB
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import MAX_EXPANDED_BYTES, expand

DEFAULT_MIB: Final = 512
# As the functions' own budget has it: a value in memory takes about this much.
_BYTES_PER_VALUE: Final = 32
# Of a compressed value alone.
_VALUES: Final = 4 * KIB * KIB


def budget_of(mebibytes: int = DEFAULT_MIB) -> Budget:
    """Return a budget for all that a command shows."""
    size = mebibytes * KIB * KIB
    return Budget(size, size // _BYTES_PER_VALUE)


def expanded(value: JsonObject, budget: Budget | None = None) -> Json:
    """Return the value of a compressed form.

    Args:
        value: the compressed form.
        budget: what may be unfolded with it; else it has one of its own.

    Raises:
        UnreadableObjectError: it is damaged.
        StateTooLargeError: there are too many values in it.
    """
    return expand(value, budget or Budget(MAX_EXPANDED_BYTES, _VALUES)).value


def compressed_size(value: JsonObject) -> int:
    """Return the bytes that a compressed form says its value has."""
    size: int = value["__size_bytes"]
    return size
