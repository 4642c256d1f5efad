"""Elements of a list, or keys of a map, on their way into pages.

A value may have millions of them, so that each is a few numbers here and no object: their JSON
stands in one buffer, one after another. Of orjson's own bytes none is kept, for each of those
holds 4 KB however short it is.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple

from universal_sync_core.pages.page_format import MARK_BYTES, TreeKind
from universal_sync_core.values.codec import encode

# About what an entry takes in a page beside its JSON.
_OVERHEAD_BYTES: Final = 10


class Element(NamedTuple):
    """An element as it stands in a page.

    Attributes:
        encoded: its JSON.
        weight: bytes of what a pointer leads to as JSON; None for anything else.
        mark: its digest, in a marked list.
    """

    encoded: bytes
    weight: int | None = None
    mark: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What goes into one page.

    Attributes:
        items: the JSON of the entries, commas between.
        count: how many there are.
        size: about the bytes they take in the page.
        weight: bytes of them as JSON, what they point to, keys and a comma after each included.
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
    """Collects entries, and gives them page by page."""

    def __init__(self, kind: TreeKind) -> None:
        """Start without any.

        Args:
            kind: of the tree they are for.
        """
        self.kind = kind
        self.size = 0
        self._keyed = kind == "map"
        self._json = bytearray()
        self._ends = array("Q")
        self._sizes = array("I")
        self._keys: list[str] = []
        self._order = array("I")
        self._marks = bytearray()
        self._behind: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._ends)

    def add(self, element: Element, *, key: str = "", order: int = 0) -> None:
        """Add one at the end; in a map its key, and the position of that among those of the map."""
        encoded, weight, mark = element
        if weight is not None:
            self._behind[len(self._ends)] = weight - len(encoded)
        if self._keyed:
            self._json += encode(key)
            self._json += b":"
            self._keys.append(key)
            self._order.append(order)
        self._json += encoded
        self._json += b","
        self._ends.append(len(self._json))
        size = len(encoded) + (len(key) if self._keyed else 0) + 2 * len(mark) + _OVERHEAD_BYTES
        self._sizes.append(size)
        self.size += size
        self._marks += mark

    def add_all(self, others: "Entries") -> None:
        """Add all entries of another list after those of this one."""
        for element in others:
            self.add(element)

    def __iter__(self) -> Iterator[Element]:
        """Yield the elements of a list."""
        start = 0
        for place, stop in enumerate(self._ends):
            encoded = bytes(self._json[start : stop - 1])
            behind = self._behind.get(place)
            weight = None if behind is None else len(encoded) + behind
            yield Element(encoded, weight, self._marks_of(place, place + 1))
            start = stop

    def parts(self, limit: int, *, by_key: bool) -> Iterator[Part]:
        """Yield what goes into each page, of about one size; an empty one where there is nothing.

        Args:
            limit: bytes of a page.
            by_key: keys in the order of their letters, and not in that in which they were set.
        """
        places = self._places(by_key=by_key)
        target = ceil(self.size / max(1, ceil(self.size / limit)))
        start = size = 0
        for stop, place in enumerate(places, 1):
            size += self._sizes[place]
            if size >= target:
                yield self._part(places[start:stop], size)
                start, size = stop, 0
        if start < len(places) or not places:
            yield self._part(places[start:], size)

    def _places(self, *, by_key: bool) -> Sequence[int]:
        places = range(len(self))
        if not self._keyed:
            return places
        if by_key:
            return sorted(places, key=self._keys.__getitem__)
        return sorted(places, key=self._order.__getitem__)

    def _part(self, places: Sequence[int], size: int) -> Part:
        spans = [(self._ends[place - 1] if place else 0, self._ends[place]) for place in places]
        with memoryview(self._json) as json:
            items = b",".join(json[start : stop - 1] for start, stop in spans)
        behind = sum(self._behind.get(place, 0) for place in places) if self._behind else 0
        keys = [self._keys[place] for place in places] if self._keyed else []
        return Part(
            items=items,
            count=len(places),
            size=size,
            weight=len(items) + bool(places) + behind,
            first=keys[0] if keys else "",
            last=keys[-1] if keys else "",
            order=[self._order[place] for place in places] if self._keyed else (),
            marks=self._marks_of(places[0], places[-1] + 1) if places else b"",
        )

    def _marks_of(self, start: int, stop: int) -> bytes:
        return bytes(self._marks[MARK_BYTES * start : MARK_BYTES * stop])
