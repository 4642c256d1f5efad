"""Reading the state bag: what is in S3 comes back as if it had never left."""

from typing import Any

from universal_sync_core import hydrate_state

Bag = dict[str, Any]


def read(bag: Bag, path: str) -> Any:
    """Give the value at a dotted path of the bag, fetching that part and no other.

    The path is read the same way whether the value, or anything above it, is inline or a pointer.
    """
    value: Any = hydrate_state(bag, paths=[path])
    for name in path.split("."):
        value = value[name]
    return value
