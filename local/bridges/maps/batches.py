"""Batches of a Distributed Map's items: `ItemBatcher`.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...limits import PAYLOAD_BYTES, payload_bytes


class Batch(dict[str, Any]):
    """Items of one child execution: `Items`, and the `BatchInput` if there is one."""


def batches_of(items: Sequence[Any], batcher: Mapping[str, Any]) -> list[Any]:
    """Return items in batches.

    Args:
        items: after the ItemSelector.
        batcher: the ItemBatcher, evaluated.
    """
    shared = {"BatchInput": batcher["BatchInput"]} if "BatchInput" in batcher else {}
    most_items = int(batcher.get("MaxItemsPerBatch") or len(items) or 1)
    most_bytes = int(batcher.get("MaxInputBytesPerBatch") or PAYLOAD_BYTES)
    room = most_bytes - payload_bytes({**shared, "Items": []}) + 1  # one comma less than items
    return [Batch(shared, Items=group) for group in _groups(items, most_items, room)]


def _groups(items: Sequence[Any], most_items: int, room: int) -> Iterator[list[Any]]:
    """Cut where a count or a size is reached; an item that is too large stands alone."""
    group: list[Any] = []
    taken = 0
    for item in items:
        size = payload_bytes(item) + 1
        if group and (len(group) == most_items or taken + size > room):
            yield group
            group, taken = [], 0
        group.append(item)
        taken += size
    if group:
        yield group
