"""A Distributed Map with more failed items than tolerated: what is left of it to run.

Behind `unfinished_map`, the bag that ends the workflow keeps how many items there were, which of
them failed, and which of those have no output. When the workflow is resumed, only the failed items
run again, and their outputs are joined with the existing ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from universal_sync_core.bag.fields import (
    FAILED_SEGMENTS,
    OUTPUTS,
    UNFINISHED,
    field_of,
    in_place,
    in_role,
    unfinished_of,
    without_fields,
)
from universal_sync_core.bag.next_action import DISTRIBUTED_MAP
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import Pointer

# This key is beside the pointer once the map is entered again.
_ENTERED: Final = "entered"
_DOCUMENT: Final = {"count", "failed", "without_output", "reports_before", "inputs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedMap:
    """What is known about a map whose workflow failed.

    Attributes:
        count: the number of its items.
        failed: positions of the items to run again, in order.
        without_output: the positions of those without output.
        reports_before: how many reports of earlier maps the bag keeps.
        inputs: the inputs of those to run again, if the function cannot read the items.
    """

    count: int
    failed: Sequence[int]
    without_output: Sequence[int]
    reports_before: int
    inputs: Sequence[Json] | None = None

    def render(self, unit: UnitOfWork) -> JsonObject:
        """Return the pointer to it for the bag."""
        document = {
            "count": self.count,
            "failed": list(self.failed),
            "without_output": list(self.without_output),
            "reports_before": self.reports_before,
            "inputs": None if self.inputs is None else list(self.inputs),
        }
        return in_role(unit.pages.store(document), UNFINISHED)

    def position(self, index: int) -> int:
        """Return the position of an item that ran again among all items.

        Raises:
            InvalidRequestError: the map did not have such an item to run.
        """
        if index >= len(self.failed):
            raise _not_of_this_map(f"{UNFINISHED}: the map ran an item that it did not have to run")
        return self.failed[index]

    def kept_outputs(self, unit: UnitOfWork) -> Mapping[int, Json]:
        """Return the outputs in the bag by position, without those that run again."""
        stored = unit.pages.opened(field_of(unit.bag, OUTPUTS, unit.pages))
        outputs = unit.pages.list_of(stored) or []
        missing, again = set(self.without_output), set(self.failed)
        positions = [position for position in range(self.count) if position not in missing]
        if len(outputs) != len(positions):
            raise _not_of_this_map(f"{OUTPUTS} is not the list that the map left")
        pairs = zip(positions, outputs, strict=True)
        return {position: output for position, output in pairs if position not in again}


def unfinished_map(bag: JsonObject, unit: UnitOfWork) -> UnfinishedMap | None:
    """Return what is left of the map that a bag has entered again, or None if there is none."""
    pointer = unfinished_of(bag)
    return _read(pointer, unit) if pointer is not None and _ENTERED in pointer.beside else None


def _read(pointer: Pointer, unit: UnitOfWork) -> UnfinishedMap:
    document = unit.pages.whole(pointer)
    if type(document) is not dict or document.keys() != _DOCUMENT:
        raise _not_of_this_map(f"{UNFINISHED} may be written only by the state machine")
    return UnfinishedMap(**document)


def items_to_run(items: Sequence[Json], unfinished: UnfinishedMap | None) -> Sequence[Json]:
    """Return the items of a map to run: all, or those that failed the last time."""
    if unfinished is None:
        return items
    if len(items) != unfinished.count:
        raise _not_of_this_map("distributed_items is not the list that the map ran")
    return [items[position] for position in unfinished.failed]


def entered_again(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return a bag whose map failed, ready to run the failed items; their reports are dropped."""
    pointer = unfinished_of(bag)
    if pointer is None:
        return bag
    unfinished = _read(pointer, unit)
    plain = in_place(bag, unit.pages, {FAILED_SEGMENTS})
    reports = unit.pages.list_of(unit.pages.opened(plain.get(FAILED_SEGMENTS))) or []
    earlier = reports[: unfinished.reports_before]
    again = without_fields(plain, {FAILED_SEGMENTS}, unit.pages)
    kept = {FAILED_SEGMENTS: earlier} if earlier else {}
    entered = in_role(pointer, UNFINISHED, **{_ENTERED: True})
    return again | kept | {UNFINISHED: entered, "next_action": DISTRIBUTED_MAP}


def without_unfinished(bag: JsonObject) -> JsonObject:
    """Return a bag without an unfinished map."""
    if unfinished_of(bag) is None:
        return bag
    return {name: value for name, value in bag.items() if name != UNFINISHED}


def _not_of_this_map(message: str) -> InvalidRequestError:
    cure = "resume without fields of the map beside resume_from, or with new distributed_items"
    return InvalidRequestError(f"{message}; {cure}", field=f"state_data.{UNFINISHED}")
