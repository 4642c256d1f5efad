"""The elements of a list, or keys of a map, on their way into pages.

A value may have millions of them, so here each is a few numbers instead of an object, and their
JSON is in one buffer, one after another. The bytes objects of orjson are not kept, since each takes
4 KB however short it is.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from math import ceil
from operator import add
from typing import Final, NamedTuple

from universal_sync_core.pages.page_format import MARK_BYTES, TreeKind
from universal_sync_core.values.codec import encode

# The approximate bytes that an entry takes in a page besides its JSON.
_OVERHEAD_BYTES: Final = 9


class Element(NamedTuple):
    """An element as a page has it.

    Attributes:
        encoded: its JSON.
        weight: if the element is a pointer, the bytes of its value as JSON; otherwise None.
        mark: its digest, in a marked list.
    """

    encoded: bytes
    weight: int | None = None
    mark: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The entries of one page.

    Attributes:
        items: the JSON of the entries, separated by commas.
        count: the number of entries.
        size: the approximate bytes that they take in the page.
        weight: their bytes as JSON, including the values behind pointers, keys, and a comma after
            each.
        first: the first key, in a map.
        last: the last key, in a map.
        order: the position of each key among those of the map.
        marks: the digests of the elements, in a marked list.
    """

    items: bytes
    count: int
    size: int
    weight: int
    first: str = ""
    last: str = ""
    order: Sequence[int] = ()
    marks: bytes = b""


class Entries:
    """Collects entries and splits them into pages."""

    def __init__(self, kind: TreeKind) -> None:
        """Start without entries.

        Args:
            kind: the kind of the tree that they are for.
        """
        self.kind = kind
        self._keyed = kind == "map"
        self._json = bytearray()
        # Where the JSON of each entry begins, with its comma; and where that of the last one ends.
        self._bounds = array("Q", [0])
        self._keys: list[str] = []
        self._order = array("I")
        self._marks = bytearray()
        self._behind: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._bounds) - 1

    @property
    def size(self) -> int:
        """The approximate bytes that all entries take in pages."""
        return self._size_until(len(self))

    def add(self, element: Element, *, key: str = "", order: int = 0) -> None:
        """Add an entry at the end; in a map, with its key and the key's position in the map."""
        encoded, weight, mark = element
        if weight is not None:
            self._behind[len(self)] = weight - len(encoded)
        self.add_plain(encoded, key=key, order=order)
        self._marks += mark

    def add_plain(self, encoded: bytes, *, key: str = "", order: int = 0) -> None:
        """Add an entry without a mark by its JSON; it must not be a pointer."""
        if self._keyed:
            self._json += encode(key)
            self._json += b":"
            self._keys.append(key)
            self._order.append(order)
        self._json += encoded
        self._json += b","
        self._bounds.append(len(self._json))

    def add_numbers(self, encoded: bytes) -> None:
        """Add the elements of an unmarked list of numbers, true, false and null, by its JSON."""
        together = encoded[1:-1]
        self.add_several(map(len, together.split(b",")), together)

    def add_several(self, sizes: Iterable[int], together: bytes) -> None:
        """Add elements of an unmarked list by their JSON, with commas; none may be a pointer."""
        begin = len(self._json)
        self._bounds.extend(map(add, accumulate(sizes), count(begin + 1)))
        self._json += together
        self._json += b","

    def add_all(self, others: "Entries") -> None:
        """Add all entries of another list after those of this one."""
        for element in others:
            self.add(element)

    def __iter__(self) -> Iterator[Element]:
        """Yield the elements of a list."""
        for place in range(len(self)):
            encoded = self._items(place, place + 1)
            behind = self._behind.get(place)
            weight = None if behind is None else len(encoded) + behind
            yield Element(encoded, weight, self._marks_of(place, place + 1))

    def parts(self, limit: int, *, by_key: bool) -> Iterator[Part]:
        """Yield the parts for the pages, all of about one size; one empty part if there are none.

        Args:
            limit: the most bytes of a page.
            by_key: whether keys are sorted, instead of in the order in which they were set.
        """
        target = ceil(self.size / max(1, ceil(self.size / limit)))
        if not len(self):
            yield Part(items=b"", count=0, size=0, weight=0)
        elif self._keyed:
            yield from self._keyed_parts(target, self._keys if by_key else self._order)
        else:
            yield from self._list_parts(target)

    def _list_parts(self, target: int) -> Iterator[Part]:
        every = range(len(self) + 1)
        start = 0
        while start < len(self):
            reached = self._size_until(start) + target
            stop = bisect_left(every, reached, lo=start + 1, key=self._size_until)
            stop = min(stop, len(self))
            items = self._items(start, stop)
            yield Part(
                items=items,
                count=stop - start,
                size=self._size_until(stop) - self._size_until(start),
                weight=len(items) + 1 + self._weight_behind(range(start, stop)),
                marks=self._marks_of(start, stop),
            )
            start = stop

    def _keyed_parts(self, target: int, names: Sequence[str | int]) -> Iterator[Part]:
        """Yield the parts of a map, with its keys ordered by the entry that each has in `names`."""
        places = sorted(range(len(self)), key=names.__getitem__)
        bounds = self._bounds
        start = size = 0
        for stop, place in enumerate(places, 1):
            size += bounds[place + 1] - bounds[place] + _OVERHEAD_BYTES
            if size >= target:
                yield self._keyed_part(places[start:stop], size)
                start, size = stop, 0
        if start < len(places):
            yield self._keyed_part(places[start:], size)

    def _keyed_part(self, places: Sequence[int], size: int) -> Part:
        json, bounds = self._json, self._bounds
        items = b",".join([json[bounds[place] : bounds[place + 1] - 1] for place in places])
        return Part(
            items=items,
            count=len(places),
            size=size,
            weight=len(items) + 1 + self._weight_behind(places),
            first=self._keys[places[0]],
            last=self._keys[places[-1]],
            order=[self._order[place] for place in places],
        )

    def _size_until(self, stop: int) -> int:
        """Return the approximate bytes that the entries before a position take in pages."""
        marks = min(len(self._marks), MARK_BYTES * stop)
        return self._bounds[stop] + stop * _OVERHEAD_BYTES + 2 * marks

    def _items(self, start: int, stop: int) -> bytes:
        with memoryview(self._json) as json:
            return bytes(json[self._bounds[start] : self._bounds[stop] - 1])

    def _weight_behind(self, places: Sequence[int]) -> int:
        """Return the bytes of the values that some entries point to, minus their pointers' own."""
        return sum(self._behind.get(place, 0) for place in places) if self._behind else 0

    def _marks_of(self, start: int, stop: int) -> bytes:
        return bytes(self._marks[MARK_BYTES * start : MARK_BYTES * stop])
