"""Batches: items of a Distributed Map go to a child several at a time, and come back one by one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.maps.map_items import Item

T = TypeVar("T")


def batched(items: Sequence[T], size: int) -> Sequence[T | list[T]]:
    """Return items in lists of `size`, the last maybe shorter; for size 1, the items themselves."""
    if size == 1:
        return items
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def unbatched(items: Iterable[Item], unit: UnitOfWork) -> Iterator[Item]:
    """Yield the items of batches, each with its position among all, and single items unchanged."""
    every = list(items)
    unit.pages.load([item.result for item in every if item.per_batch > 1 and item.succeeded])
    for item in every:
        yield from _singles(item, unit) if item.per_batch > 1 else [item]


def _singles(batch: Item, unit: UnitOfWork) -> Iterator[Item]:
    of_each = batch.result if batch.succeeded else batch.result["input"]
    elements = unit.pages.list_of(unit.pages.opened(of_each)) or []
    first = batch.position * batch.per_batch
    positions = batch.positions or range(first, first + len(elements))
    for position, element in zip(positions, elements, strict=True):
        report = {"index": position, "input": element}
        result = element if batch.succeeded else batch.result | report
        identity = (batch.identity[0], position)
        yield replace(batch, identity=identity, index=position, result=result, per_batch=1)
