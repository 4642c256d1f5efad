"""Lists and maps of a state, whatever form it keeps them in, read by ranges.

A container tells its length without a read, and gives any range of its members by reading only the
pages they are in. Members are given as they are stored: one may be a pointer itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Protocol, TypeAlias

from statebag.budgets import expanded
from statebag.paths import Step
from statebag.state.reading import StateReader
from universal_sync_core.bag.fields import (
    ARCHIVE,
    HISTORY,
    OVERFLOW,
    archive_of,
    overflow_of,
    without_samples,
)
from universal_sync_core.pages.page_format import Node
from universal_sync_core.pages.trees import positions_by_child
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import Pointer, escape_key, recognise, unescape_key

Member: TypeAlias = tuple[Step, Json]


class Container(Protocol):
    """A list or a map."""

    @property
    def is_map(self) -> bool:
        """Whether its members have names, not indices."""

    @property
    def count(self) -> int:
        """How many members it has."""

    def range(self, start: int, stop: int) -> list[Member]:
        """Return the members at these positions, with their names or indices."""

    def get(self, step: Step) -> list[Json]:
        """Return the member of that name or index in a list, empty where there is none."""


@dataclass(frozen=True, slots=True)
class InlineMap:
    """An object that is at hand."""

    fields: JsonObject
    is_map: ClassVar[bool] = True

    @property
    def count(self) -> int:
        """The number of keys."""
        return len(self.fields)

    def range(self, start: int, stop: int) -> list[Member]:
        """Return fields in their order."""
        return [(unescape_key(key), v) for key, v in islice(self.fields.items(), start, stop)]

    def get(self, step: Step) -> list[Json]:
        """Return the field of that name."""
        return [value for key, value in self.fields.items() if unescape_key(key) == step]


@dataclass(frozen=True, slots=True)
class InlineList:
    """An array that is at hand."""

    items: list[Json]
    is_map: ClassVar[bool] = False

    @property
    def count(self) -> int:
        """Its length."""
        return len(self.items)

    def range(self, start: int, stop: int) -> list[Member]:
        """Return elements."""
        return list(enumerate(self.items[start:stop], start))

    def get(self, step: Step) -> list[Json]:
        """Return one element."""
        return self.items[step : step + 1] if isinstance(step, int) else []


@dataclass(frozen=True, slots=True)
class PagedList:
    """A list in pages."""

    pointer: Pointer
    reader: StateReader
    is_map: ClassVar[bool] = False

    @property
    def count(self) -> int:
        """Its length, as the pointer says."""
        return self.pointer.count or 0

    def range(self, start: int, stop: int) -> list[Member]:
        """Return elements, reading their pages."""
        return list(enumerate(self.reader.pages.slice(self.pointer, start, stop), start))

    def get(self, step: Step) -> list[Json]:
        """Return one element, reading its page."""
        if not isinstance(step, int):
            return []
        return self.reader.pages.slice(self.pointer, step, step + 1)


@dataclass(frozen=True, slots=True)
class PagedMap:
    """A map in pages; over more than one page its keys come sorted, not as they were set."""

    pointer: Pointer
    reader: StateReader
    is_map: ClassVar[bool] = True

    @property
    def count(self) -> int:
        """The number of keys, as the pointer says."""
        return self.pointer.count or 0

    def range(self, start: int, stop: int) -> list[Member]:
        """Return fields, reading their pages."""
        wanted = range(start, min(stop, self.count))
        members: list[Member] = []
        for node, positions in self._pages_of(wanted):
            fields = list(node.items.items())
            members += [(unescape_key(fields[at][0]), fields[at][1]) for at in positions]
        return members

    def get(self, step: Step) -> list[Json]:
        """Return one field, reading its page."""
        if not isinstance(step, str):
            return []
        return list(self.reader.pages.lookup(self.pointer, [escape_key(step)]).values())

    def _pages_of(self, wanted: Sequence[int]) -> Iterator[tuple[Node, Sequence[int]]]:
        """Yield the pages that hold the wanted positions, each with those counted from it."""
        level = [(self.reader.pages.root(self.pointer), wanted)] if wanted else []
        while any(node.height for node, _ in level):
            below = [
                (node.children[position].at, part)
                for node, own in level
                for position, part in positions_by_child(node, own)
            ]
            nodes = self.reader.pages.nodes([at for at, _ in below])
            level = [(node, part) for (_, part), node in zip(below, nodes, strict=True)]
        return iter(level)


@dataclass(frozen=True, slots=True)
class Joined:
    """A list of which the older part is elsewhere: the history and its archive."""

    older: Container
    newer: Container
    is_map: ClassVar[bool] = False

    @property
    def count(self) -> int:
        """The length of both."""
        return self.older.count + self.newer.count

    def range(self, start: int, stop: int) -> list[Member]:
        """Return elements of both, reading those of the archive only where they are asked for."""
        cut = self.older.count
        old = self.older.range(start, min(stop, cut)) if start < cut else []
        new = self.newer.range(max(start - cut, 0), max(stop - cut, 0))
        return old + [(cut + at, item) for at, item in new if isinstance(at, int)]

    def get(self, step: Step) -> list[Json]:
        """Return one element."""
        if not isinstance(step, int):
            return []
        cut = self.older.count
        return self.older.get(step) if step < cut else self.newer.get(step - cut)


@dataclass(frozen=True, slots=True)
class Overflowed:
    """A bag of which the smaller fields are elsewhere; those in the bag itself are the newer."""

    own: InlineMap
    elsewhere: Container
    is_map: ClassVar[bool] = True

    @property
    def count(self) -> int:
        """At most so many fields: one may be in both."""
        return self.own.count + self.elsewhere.count

    def range(self, start: int, stop: int) -> list[Member]:
        """Return the bag's own fields, then the others."""
        cut = self.own.count
        members = self.own.range(start, stop)
        if stop > cut:
            others = self.elsewhere.range(max(start - cut, 0), stop - cut)
            members += [(name, value) for name, value in others if not self.own.get(name)]
        return members

    def get(self, step: Step) -> list[Json]:
        """Return one field."""
        return self.own.get(step) or self.elsewhere.get(step)


def container_of(value: Json, reader: StateReader) -> Container | None:
    """Return the list or map that a stored value is, or None where it is neither.

    A single value in S3 is read to tell.
    """
    pointer = recognise(value)
    if pointer is not None:
        if pointer.kind == "list":
            return PagedList(pointer, reader)
        if pointer.kind == "map":
            return PagedMap(pointer, reader)
        return container_of(reader.objects.documents([pointer.at])[0].value, reader)
    value = expanded(value) if is_compressed(value) else value
    if type(value) is dict:
        return InlineMap(value)
    return InlineList(value) if type(value) is list else None


def bag_container(bag: JsonObject, reader: StateReader) -> Container:
    """Return the fields of a bag as they are meant: each once, whole, and under its own name."""
    own = without_samples(bag)
    if archive_of(bag) is not None:
        own = {name: value for name, value in own.items() if name != ARCHIVE}
        own.setdefault(HISTORY, [])
    overflow = overflow_of(bag)
    if overflow is None:
        return InlineMap(own)
    own = {name: value for name, value in own.items() if name != OVERFLOW}
    return Overflowed(InlineMap(own), PagedMap(overflow, reader))


def history_of(bag: JsonObject, reader: StateReader) -> Container | None:
    """Return the whole history of a bag, its archive included, or None where it has none.

    Beside an archive, what is not a list counts as one entry and null as none, as for the core.
    """
    archive, inline = archive_of(bag), bag.get(HISTORY)
    newer = container_of(inline, reader)
    if archive is None:
        return newer
    if newer is None or newer.is_map:
        newer = InlineList([] if inline is None else [inline])
    return Joined(PagedList(archive, reader), newer)
