"""Splitting a document: choosing the parts to offload, so that the rest is small enough."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.documents.members import members, with_members
from universal_sync_core.documents.pointers import largest_pointer, to_stored
from universal_sync_core.documents.words import Need, is_container
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.values.codec import Json, measure
from universal_sync_core.values.paths import Place, Step, Steps, by_first
from universal_sync_core.values.pointer import pointers_inline, recognise

_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a document that may be offloaded."""

    steps: tuple[Step, ...]
    value: Json
    size: int
    portable: bool


@dataclass(slots=True)
class _Parts:
    """A document taken apart.

    Attributes:
        movable: the parts that a pointer may replace.
        kept: bytes of the parts that stay, by the place that needs them.
    """

    movable: list[_Part] = field(default_factory=list)
    kept: Counter[Place] = field(default_factory=Counter)


def split(document: Json, need: Need, at_most: int, unit: UnitOfWork) -> Json:
    """Return a document of at most `at_most` bytes, with pointers in place of its largest parts.

    Args:
        document: the document, already opened as its readers need it; it is not changed.
        need: what its readers need.
        at_most: the most bytes of its JSON.
        unit: the unit of work that stores parts.

    Raises:
        StateTooLargeError: the parts that have to stay are larger; the message names the paths that
            need them.
        InvalidRequestError: something has to be offloaded, and there is no bucket or owner.
    """
    return _Splitting(at_most, unit).split(document, need)


class _Splitting:
    def __init__(self, at_most: int, unit: UnitOfWork) -> None:
        self._at_most = at_most
        self._unit = unit

    def split(self, document: Json, need: Need) -> Json:
        size, portable = measure(document)
        is_fit = portable or not self._unit.objects.can_write
        if (size <= self._at_most and is_fit) or recognise(document) is not None:
            return document
        pointer_bytes = largest_pointer(self._unit.objects.home)
        parts = _Parts()
        self._take_apart(document, need, (), parts, pointer_bytes)
        leaving, left = self._chosen(parts, size, pointer_bytes)
        if left <= self._at_most and is_container(document):
            return self._without(document, leaving)
        if need.frees(document):
            return self._stored([document])[0]
        if size <= self._at_most:
            return document
        raise self._too_large(parts.kept, len(leaving) * pointer_bytes, left)

    def _take_apart(
        self, value: Json, need: Need, steps: tuple[Step, ...], parts: _Parts, pointer_bytes: int
    ) -> None:
        """Sort the members of a container that stays into those that may be offloaded or not."""
        if need.is_plain or not is_container(value):
            parts.kept[need.place] += measure(value)[0]
            return
        for step, item in members(value):
            inner, below = need.below(step), (*steps, step)
            if not inner.frees(item):
                self._take_apart(item, inner, below, parts, pointer_bytes)
                continue
            size, portable = measure(item)
            if recognise(item) is None and (size > pointer_bytes or not portable):
                parts.movable.append(_Part(below, item, size, portable))
            else:
                parts.kept[need.place] += size

    def _chosen(self, parts: _Parts, size: int, pointer_bytes: int) -> tuple[list[_Part], int]:
        """Return the parts to offload, largest first, and the approximate size of the rest."""
        leaving: list[_Part] = []
        for part in sorted(parts.movable, key=lambda part: (part.portable, -part.size)):
            if part.portable and size <= self._at_most:
                break
            leaving.append(part)
            size -= part.size - pointer_bytes
        return leaving, size

    def _without(self, document: Json, leaving: Sequence[_Part]) -> Json:
        """Return the document with some parts replaced by pointers."""
        pointers = self._stored([part.value for part in leaving])
        places = [part.steps for part in leaving]
        return _replaced(document, dict(zip(places, pointers, strict=True)))

    def _stored(self, values: Sequence[Json]) -> list[Json]:
        """Return pointers to values; the pointers in them are looked up first, in parallel."""
        inner = [pointer for value in values for pointer in pointers_inline(value)]
        self._unit.pages.require_stored(inner)
        return [self._unit.pages.store(to_stored(value)).render() for value in values]

    def _too_large(self, kept: Counter[Place], pointers: int, size: int) -> StateTooLargeError:
        named = [f"{place} takes {taken:,}" for place, taken in kept.most_common(_NAMED)]
        if pointers:
            named.append(f"pointers take {pointers:,}")
        message = (
            "the parts that open, list and plain keep in the document are over at_most; of their"
            f" bytes {', '.join(named)}. Name fewer or deeper paths, or raise at_most"
        )
        return StateTooLargeError(message, size=size, limit=self._at_most)


def _replaced(value: Json, pointers: Mapping[Steps, Json]) -> Json:
    """Return a value with pointers in place of its parts at some paths."""
    if () in pointers:
        return pointers[()]
    items, replaced = dict(members(value)), dict[Step, Json]()
    for step, paths in by_first(pointers).items():
        inner = {path: pointers[(step, *path)] for path in paths}
        replaced[step] = _replaced(items[step], inner)
    return with_members(value, replaced)
