"""How much a command may unfold of a state, which may stand for far more than it takes."""

from typing import Final

from universal_sync_core.limits import KIB
from universal_sync_core.values.budget import Budget

DEFAULT_MIB: Final = 512
# As the functions' own budget has it: a value in memory takes about this much.
_BYTES_PER_VALUE: Final = 32


def budget_of(mebibytes: int = DEFAULT_MIB) -> Budget:
    """Return a budget for all that a command shows."""
    size = mebibytes * KIB * KIB
    return Budget(size, size // _BYTES_PER_VALUE)
