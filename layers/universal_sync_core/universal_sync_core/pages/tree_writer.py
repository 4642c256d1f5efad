"""Writing values as pages: lists and maps as trees, large values as documents of their own."""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from math import ceil
from typing import Final

from universal_sync_core.limits import KIB
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.entries import Element, Entries
from universal_sync_core.pages.page_format import (
    Child,
    TreeKind,
    digest_mark,
    render_index,
    render_page,
)
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.settings import Settings
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, JsonObject, encode, encode_small
from universal_sync_core.values.item_failure import failure_beside
from universal_sync_core.values.pointer import Pointer, has_mark, may_hold_marks, parse, weight_of
from universal_sync_core.values.sizes import is_over

# With more containers around a value, checking its size costs less than encoding it for each.
_FEW_AROUND: Final = 4
# How much of a value is held while it is being stored: some 500 pages, sent in parallel.
_HELD_BYTES: Final = 32 * KIB * KIB
# How much of it is compressed together.
_TOGETHER_BYTES: Final = KIB * KIB
# Elements that are added together if all are small, which takes half as long, and encoded together
# if all are numbers, true, false or null, whose JSON has no commas.
_GROUP: Final = 250
_NUMBERS: Final = frozenset({int, float, bool, type(None)})


class TreeWriter(PageReader):
    """Writes whole values; `Pages` changes parts of them."""

    def __init__(self, objects: Objects, settings: Settings) -> None:
        """Read and write through `objects`."""
        super().__init__(objects)
        self._page_bytes = settings.page_bytes
        self._index_bytes = settings.index_bytes
        self._entry_bytes = settings.page_bytes // 4
        self._around = 0  # containers of the value that is being written

    def store(self, value: Json, *, marked: bool = False, old: Json = None) -> Pointer:
        """Return a pointer to `value`, which is written as pages if it is a list or a map.

        Args:
            value: anything but a pointer; the content of a compressed value is stored.
            marked: keep a digest of each element of a list, so that `find` can search it without
                reading the elements.
            old: the value that this one replaces; a pointer to the same value stays.
        """
        added_before = self._objects.mark()
        value = self.expanded(value)
        if type(value) is dict:
            pointer = self._plant(self._fields(value))
        elif type(value) is list:
            pointer = self._plant(self._elements(value, marked=marked), marked=marked)
        else:
            encoded = encode(value)
            pointer = Pointer(kind="value", at=self._objects.add(encoded), size=len(encoded))
        return self._objects.once(pointer, added_before, parse(old))

    def folded(self, value: Json) -> Json:
        """Return the value itself, or a pointer to it if it is too large for a page.

        If an item's result reports failure, the report is kept beside the pointer.
        """
        return self._folded(value, shown=True)[0]

    def _plant(self, entries: Entries, *, marked: bool = False) -> Pointer:
        children = self._write_pages(entries, whole=True, marked=marked)
        return self._grow(entries.kind, children, 0, marked=marked)

    def _grow(self, kind: TreeKind, children: list[Child], height: int, *, marked: bool) -> Pointer:
        """Return a pointer to a root over `children`, which all have one height."""
        while len(children) > 1:
            height += 1
            children = self._write_index(kind, children, height, marked=marked)
        root = children[0]
        size = root.weight + (1 if root.count else 2)  # brackets, minus the comma after the last
        return Pointer(kind=kind, at=root.at, size=size, count=root.count)

    def _write_pages(
        self, entries: Entries, first: str = "", *, whole: bool = False, marked: bool = False
    ) -> list[Child]:
        """Write entries as pages of about equal size.

        Args:
            entries: the entries in order; those of a map may be in any order.
            first: the least key that may be under the first page.
            whole: whether these are all entries of the tree.
            marked: whether the elements have marks.
        """
        ordered = entries.kind == "map" and not (whole and entries.size <= self._page_bytes)
        children: list[Child] = []
        last = ""
        parts = entries.parts(self._page_bytes, by_key=ordered)
        while together := list(islice(parts, max(1, _TOGETHER_BYTES // self._page_bytes))):
            bodies = [
                render_page(
                    entries.kind,
                    part.items,
                    order=part.order if ordered else None,
                    marks=part.marks if marked else None,
                )
                for part in together
            ]
            for part, at in zip(together, self._add(bodies), strict=True):
                least = _separator(last, part.first) if children else first
                child = Child(
                    at=at,
                    count=part.count,
                    size=part.size,
                    weight=part.weight,
                    first=least if entries.kind == "map" else "",
                    marks=part.marks,
                )
                children.append(child)
                last = part.last
        return children

    def _write_index(
        self, kind: TreeKind, children: list[Child], height: int, *, marked: bool
    ) -> list[Child]:
        """Write index objects over `children`; a list's are full, since it grows at the end."""
        even = kind == "map"
        target = _even(children, self._index_bytes) if even else self._index_bytes
        return [
            Child(
                at=self._add(
                    [render_index(kind, height, group, self._objects.reference, marked=marked)]
                )[0],
                count=sum(child.count for child in group),
                size=sum(child.size_in_parent for child in group),
                weight=sum(child.weight for child in group),
                first=group[0].first,
            )
            for group in _groups(children, target)
        ]

    def _add(self, bodies: Sequence[bytes]) -> list[Address]:
        places = self._objects.add_all(bodies)
        self._objects.flush_over(_HELD_BYTES)
        return places

    def _fields(self, fields: JsonObject) -> Entries:
        entries = Entries("map")
        for order, (key, item) in enumerate(fields.items()):
            if has_mark(item):
                entries.add(self._element("map", item), key=key, order=order)
            elif (encoded := self._for_page(item)) is None:
                entries.add(_stored(self._apart(item, shown=False)), key=key, order=order)
            else:
                entries.add_plain(encoded, key=key, order=order)
        return entries

    def _elements(self, items: Sequence[Json], *, marked: bool) -> Entries:
        entries = Entries("list")
        for start in range(0, len(items), _GROUP):
            group = items[start : start + _GROUP]
            if not marked and set(map(type, group)) <= _NUMBERS:
                entries.add_numbers(encode(group))
                continue
            if not marked and self._has_added(group, entries):
                continue
            for item in group:
                if marked or has_mark(item):
                    entries.add(self._element("list", item, marked=marked))
                elif (encoded := self._for_page(item)) is None:
                    entries.add(_stored(self._apart(item, shown=True)))
                else:
                    entries.add_plain(encoded)
        return entries

    def _has_added(self, group: Sequence[Json], entries: Entries) -> bool:
        """Add elements together and return True, unless one is large or perhaps a pointer."""
        if self._around > _FEW_AROUND:
            return False
        encoded = encode_small(group, self._entry_bytes)
        together = b",".join(encoded)
        if len(encoded) < len(group) or may_hold_marks(together):
            return False
        entries.add_several(map(len, encoded), together)
        return True

    def _for_page(self, value: Json) -> bytes | None:
        """Return the JSON of a value, or None if it is too large for a page.

        A value deep down is not encoded again for each container around it.
        """
        if self._around > _FEW_AROUND and is_over(value, self._entry_bytes):
            return None
        encoded = encode(value)
        return encoded if len(encoded) <= self._entry_bytes else None

    def _element(
        self, kind: TreeKind, value: Json, *, marked: bool = False, old: Json = None
    ) -> Element:
        """Return an element for a page; a large one is stored as documents of its own.

        Args:
            kind: the kind of the tree.
            value: the element.
            marked: whether it gets a mark.
            old: the value that this one replaces.
        """
        mark = digest_mark(self.canonical(value)) if marked else b""
        value, encoded = self._folded(value, shown=kind == "list", old=old)
        return Element(encoded, weight_of(value), mark)

    def _folded(self, value: Json, *, shown: bool, old: Json = None) -> tuple[Json, bytes]:
        """Return a value in the form for a page, and its JSON.

        Args:
            value: an element.
            shown: whether a failure that it reports is shown beside its pointer.
            old: the value that this one replaces.
        """
        encoded = encode(value) if has_mark(value) else self._for_page(value)
        if encoded is not None:
            return value, encoded
        pointer = self._apart(value, shown=shown, old=old)
        return pointer, encode(pointer)

    def _apart(self, value: Json, *, shown: bool, old: Json = None) -> JsonObject:
        """Return a pointer to a value that is too large for a page, as `_folded` does."""
        beside = failure_beside(self.expanded(value)) if shown else {}
        self._around += 1
        try:
            return self.store(value, old=old).with_beside(beside).render()
        finally:
            self._around -= 1


def _stored(pointer: JsonObject) -> Element:
    return Element(encode(pointer), weight_of(pointer))


def _groups(children: Sequence[Child], target: int) -> Iterator[list[Child]]:
    """Yield runs of children; each ends once it reaches the target and has two of them."""
    group: list[Child] = []
    size = 0
    for child in children:
        group.append(child)
        size += child.size_in_parent
        if size >= target and len(group) > 1:
            yield group
            group, size = [], 0
    if group:
        yield group


def _even(children: Sequence[Child], limit: int) -> int:
    """Return the size of parts that split the children evenly and stay within `limit`."""
    total = sum(child.size_in_parent for child in children)
    return ceil(total / max(1, ceil(total / limit)))


def _separator(left: str, right: str) -> str:
    """Return the shortest key that is greater than `left` and not greater than `right`."""
    shared = (ours == theirs for ours, theirs in zip(left, right, strict=False))
    return right[: sum(takewhile(bool, shared)) + 1]
