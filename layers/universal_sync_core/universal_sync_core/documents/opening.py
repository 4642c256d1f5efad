"""A document in which each value is as plain as its readers need it."""

from collections.abc import Iterator
from typing import NamedTuple

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.documents.pointers import contents, pointer_at
from universal_sync_core.documents.words import Need
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.paths import Step
from universal_sync_core.values.pointer import Pointer, may_hold_marks


class _Found(NamedTuple):
    """A pointer in a document, and what is needed of the value behind it."""

    pointer: Pointer
    need: Need


def opened(document: Json, need: Need, unit: UnitOfWork) -> Json:
    """Return a document without pointers where its readers need containers or plain values.

    Every other pointer stays; so does each object in which nothing changes.

    Args:
        document: it stays as it is.
        need: of the document.
        unit: through which pointers are read.

    Raises:
        InvalidRequestError: keys stand beside a pointer.
        PointerNotAllowedError: a pointer leads out of the allowed places.
        StoredDataError, StateTooLargeError: what a pointer leads to cannot be read.
    """
    return _Opening(unit).opened(document, need)


class _Opening:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._pages = unit.pages

    def opened(self, document: Json, need: Need, steps: tuple[Step, ...] = ()) -> Json:
        if not may_hold_marks(encode(document)):
            return document
        found = list(self._pointers(document, need, steps))
        for pointer, _ in found:
            self._unit.objects.require_allowed(pointer.path)
        self._pages.load([each.pointer.render() for each in found if each.need.is_plain])
        return self._filled(document, need, steps)

    def _pointers(self, value: Json, need: Need, steps: tuple[Step, ...]) -> Iterator[_Found]:
        pointer = pointer_at(value, steps, self._pages)
        if pointer is not None:
            yield _Found(pointer, need)
            return
        for step, item in members(value):
            yield from self._pointers(item, _inner(need, step), (*steps, step))

    def _filled(self, value: Json, need: Need, steps: tuple[Step, ...]) -> Json:
        if need.is_free:
            return value
        pointer = pointer_at(value, steps, self._pages)
        if pointer is not None:
            if need.is_plain:
                return self._pages.resolve(pointer.render(), unescape=True)
            return self.opened(contents(pointer, self._pages), need, steps)
        changed = {
            step: filled
            for step, item in members(value)
            if (filled := self._filled(item, _inner(need, step), (*steps, step))) is not item
        }
        return with_members(value, changed)


def _inner(need: Need, step: Step) -> Need:
    return need if need.is_plain else need.below(step)


def members(value: Json) -> Iterator[tuple[Step, Json]]:
    """Yield the elements of a list by their positions, the values of an object by their keys."""
    if type(value) is dict:
        yield from value.items()
    elif type(value) is list:
        yield from enumerate(value)


def with_members(value: Json, changed: dict[Step, Json]) -> Json:
    """Return an object or list with some of its members replaced; itself where there are none."""
    if not changed:
        return value
    if type(value) is dict:
        return value | changed
    return [changed.get(position, item) for position, item in enumerate(value)]
