"""The contents of a map or list of the state, wherever they are kept, read as far as needed.

Keys are the user's own. Values are in their stored form: they may be pointers, and are escaped.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from universal_sync_core.bag.fields import (
    ARCHIVE,
    HISTORY,
    OVERFLOW,
    archive_of,
    overflow_of,
    without_samples,
)
from universal_sync_core.limits import KIB
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.pages.trees import shifted
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import Pointer, escape_key, parse, unescape_key

# How much an iteration reads ahead and then drops: some 30 pages, read in parallel.
_AHEAD_BYTES: Final = 2 * KIB * KIB


class MapBacking(ABC):
    """The contents of a map.

    Attributes:
        pointer: stands for the whole; None if there is none.
    """

    pointer: Pointer | None = None

    @abstractmethod
    def count(self, reader: PageReader) -> int:
        """Return how many keys there are."""

    @abstractmethod
    def some(self, keys: Iterable[str], reader: PageReader) -> dict[str, Json]:
        """Return the stored values of the keys that exist."""

    def get(self, key: str, reader: PageReader) -> Json:
        """Return the stored value of a key; raise KeyError if there is none."""
        return self.some([key], reader)[key]

    @abstractmethod
    def keys(self, reader: PageReader) -> Iterable[str]:
        """Return the keys in order."""


class ListBacking(ABC):
    """The contents of a list.

    Attributes:
        pointer: stands for the whole; None if there is none.
    """

    pointer: Pointer | None = None

    @abstractmethod
    def __len__(self) -> int:
        """Return how many elements there are."""

    @abstractmethod
    def at(self, positions: Sequence[int], reader: PageReader) -> list[Json]:
        """Return the stored elements at some ascending positions, all of which must exist."""

    @property
    def batch(self) -> int:
        """How many elements to read at once when iterating."""
        return max(1, len(self))


class InlineMap(MapBacking):
    """A map in the bag or in a page, or one that is the whole of a document."""

    def __init__(self, fields: JsonObject, pointer: Pointer | None = None) -> None:
        self._fields = fields
        self.pointer = pointer

    def count(self, reader: PageReader) -> int:
        return len(self._fields)

    def some(self, keys: Iterable[str], reader: PageReader) -> dict[str, Json]:
        return _picked(self._fields, keys)

    def keys(self, reader: PageReader) -> Iterable[str]:
        return map(unescape_key, self._fields)


class PagedMap(MapBacking):
    """A map in S3; a key is found in a single page."""

    def __init__(self, pointer: Pointer) -> None:
        self.pointer = self._root = pointer
        self._all: JsonObject | None = None

    def count(self, reader: PageReader) -> int:
        return self._root.count or 0

    def some(self, keys: Iterable[str], reader: PageReader) -> dict[str, Json]:
        if self._all is not None:
            return _picked(self._all, keys)
        wanted = list(keys)
        return _picked(reader.lookup(self._root, map(escape_key, wanted)), wanted)

    def keys(self, reader: PageReader) -> Iterable[str]:
        if self._all is None:  # reading the keys reads the values too: they share pages
            self._all = reader.entries(self._root)
        return map(unescape_key, self._all)


class BagMap(MapBacking):
    """The fields of a bag, each as a worker knows it, whatever its form in the bag."""

    def __init__(self, bag: JsonObject) -> None:
        self._archive = archive_of(bag)
        self._overflow = overflow_of(bag)
        # These names hold the rest of other fields; a user's field of that name may be in the
        # overflow.
        forms = {ARCHIVE: self._archive, OVERFLOW: self._overflow}
        self._own = {name: value for name, value in bag.items() if forms.get(name) is None}

    def count(self, reader: PageReader) -> int:
        return len(list(self.keys(reader)))

    def some(self, keys: Iterable[str], reader: PageReader) -> dict[str, Json]:
        wanted = {key: escape_key(key) for key in keys}
        fields = without_samples(self._own, wanted.values())
        if self._overflow is not None:
            fields = reader.lookup(self._overflow, wanted.values() - fields.keys()) | fields
        found = _picked(fields, wanted)
        if HISTORY in wanted and self._archive is not None:
            newer = _entries(reader.expanded(self._own.get(HISTORY)))
            found[HISTORY] = JoinedList(PagedList(self._archive), newer)
        return found

    def keys(self, reader: PageReader) -> Iterable[str]:
        overflowed = {} if self._overflow is None else reader.entries(self._overflow)
        names = [*without_samples(overflowed | self._own)]
        missing = [] if self._archive is None or HISTORY in names else [HISTORY]
        return map(unescape_key, [*names, *missing])


class InlineList(ListBacking):
    """A list in the bag or in a page, or one that is the whole of a document."""

    def __init__(self, items: list[Json], pointer: Pointer | None = None) -> None:
        self._items = items
        self.pointer = pointer

    def __len__(self) -> int:
        return len(self._items)

    def at(self, positions: Sequence[int], reader: PageReader) -> list[Json]:
        return [self._items[position] for position in positions]


class PagedList(ListBacking):
    """A list in S3; reading a range reads only its pages."""

    def __init__(self, pointer: Pointer) -> None:
        self.pointer = self._root = pointer

    def __len__(self) -> int:
        return self._root.count or 0

    def at(self, positions: Sequence[int], reader: PageReader) -> list[Json]:
        return reader.slice_at(self._root, positions)

    @property
    def batch(self) -> int:
        return max(1, len(self) * _AHEAD_BYTES // max(1, self._root.size))


class JoinedList(ListBacking):
    """Two lists, one after the other: the archived part of a history and the part in the bag."""

    def __init__(self, first: ListBacking, second: ListBacking) -> None:
        self._first = first
        self._second = second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def at(self, positions: Sequence[int], reader: PageReader) -> list[Json]:
        cut = len(self._first)
        start = bisect_left(positions, cut)
        after = shifted(positions[start:], -cut)
        return [*self._first.at(positions[:start], reader), *self._second.at(after, reader)]

    @property
    def batch(self) -> int:
        return self._first.batch


def _entries(newer: Json) -> ListBacking:
    """Return the entries beside an archive; as for a merge, what is not a list is one of them."""
    pointer = parse(newer)
    if pointer is not None and pointer.kind == "list":
        return PagedList(pointer)
    if newer is None:
        return InlineList([])
    return InlineList(newer if type(newer) is list else [newer])


def _picked(fields: JsonObject, keys: Iterable[str]) -> dict[str, Json]:
    """Return the user's keys that exist, with their values."""
    stored = ((key, escape_key(key)) for key in keys)
    return {key: fields[name] for key, name in stored if name in fields}
