"""How full a bag is, for the metric by which an alarm tells that a workflow is about to fail."""

from typing import Final

from universal_sync_core.limits import KIB
from universal_sync_core.pipe.offload import SIZE, STAYING
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import Json, encode

# In percent of the bound. A bag may be as full as it can be, as long as something may leave it.
_FULL: Final = 90
# Far more than a payload of Lambda may have.
_MOST_KILOBYTES: Final = 1_000_000


def percent_of_bound(bag: Json) -> float | None:
    """Return how much of its bound a bag takes; above 90 percent only what cannot leave it counts.

    Args:
        bag: as an action answers it; one that comes back unchanged may have any `payload_size_kb`.

    Returns:
        None if it does not say its size.
    """
    kilobytes: Json = bag.get(SIZE) if type(bag) is dict else None
    if type(kilobytes) not in (int, float) or not 0 <= kilobytes <= _MOST_KILOBYTES:
        return None
    one_percent = runtime.current().settings.bound_bytes / 100
    percent: float = KIB * kilobytes / one_percent
    if percent <= _FULL:
        return percent
    staying = encode({name: value for name, value in bag.items() if name in STAYING})
    return max(_FULL, len(staying) / one_percent)
