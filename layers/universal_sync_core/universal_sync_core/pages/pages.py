"""Writing long lists and wide maps as pages under index objects.

A B+ tree of immutable objects: a change writes the pages concerned and the index path above them,
and leaves every other object as it is. Keys of a map are sorted over the pages; the position of
each key is kept beside it, so that a map comes back in the order its keys were set.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from math import ceil
from typing import Final, TypeVar

from universal_sync_core.limits import KIB
from universal_sync_core.pages.entries import Entries
from universal_sync_core.pages.objects import Objects
from universal_sync_core.pages.page_format import (
    Child,
    Node,
    TreeKind,
    digest_mark,
    render_index,
    render_page,
    split_marks,
)
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.pages.trees import Place, child_path, keys_by_child, positions_by_child
from universal_sync_core.settings import Settings
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.item_failure import failure_beside
from universal_sync_core.values.pointer import Pointer, parse

Target = TypeVar("Target", int, str)

# What is held of a value that is being stored; some 500 pages, sent side by side.
_HELD_BYTES: Final = 32 * KIB * KIB


class Pages(PageReader):
    """Reads and writes values of any size."""

    def __init__(self, objects: Objects, settings: Settings) -> None:
        """Read and write through `objects`."""
        super().__init__(objects)
        self._page_bytes = settings.page_bytes
        self._index_bytes = settings.index_bytes
        self._entry_bytes = settings.page_bytes // 4

    def store(self, value: Json, *, marked: bool = False) -> Pointer:
        """Return a pointer to `value`, written as pages where it is a list or a map.

        Args:
            value: anything but a pointer; of a compressed one, what is in it.
            marked: keep a digest of each element of a list, so that `find` can tell what is in
                it without reading the elements.
        """
        added_before = self._objects.mark()
        value = self.expanded(value)
        if type(value) is dict:
            entries = Entries("map")
            for order, (key, item) in enumerate(value.items()):
                self._put(entries, item, key=key, order=order)
            pointer = self._plant(entries)
        elif type(value) is list:
            pointer = self._plant(self._elements(value, marked=marked), marked=marked)
        else:
            encoded = encode(value)
            pointer = Pointer(kind="value", path=self._objects.add(encoded), size=len(encoded))
        self._objects.drop_if_known(pointer.path, added_before)
        return pointer

    def folded(self, value: Json) -> Json:
        """Return the value itself, or a pointer to it where it is too large for a page.

        Of an item's result that reports failure, that stands beside the pointer.
        """
        return self._folded(value, shown=True)[0]

    def extend(self, pointer: Pointer, items: Sequence[Json]) -> Pointer:
        """Return a pointer to the list with `items` after its own elements.

        A last page that has no room for all of them is left as it is, unread.
        """
        if not items:
            return pointer
        place = self.place(pointer)
        root = place.node
        entries = self._elements(items, marked=root.is_marked)
        if not pointer.count:
            return self._plant(entries, marked=root.is_marked)
        children = self._extend(place, entries)
        return self._grow("list", children, root.height, marked=root.is_marked)

    def put_items(self, pointer: Pointer, changes: Mapping[int, Json]) -> Pointer:
        """Return a pointer to the list with the elements at some positions replaced."""

        def edit(node: Node, positions: Sequence[int], offset: int) -> Entries:
            changed = {position: changes[position + offset] for position in positions}
            return self._elements_with(node, changed)

        return self._edit(pointer, sorted(changes), positions_by_child, edit)

    def put_keys(self, pointer: Pointer, changes: Mapping[str, Json]) -> Pointer:
        """Return a pointer to the map with some keys set; new ones follow in the order given."""
        found = self.lookup(pointer, changes)
        added = [key for key in changes if key not in found]
        order = {key: position for position, key in enumerate(added, pointer.count or 0)}

        def edit(node: Node, keys: Sequence[str], _: int) -> Entries:
            entries = Entries("map")
            own = range(node.count) if node.order is None else node.order
            for place, (key, item) in zip(own, node.items.items(), strict=True):
                put = self._put if key in changes else self._keep
                put(entries, changes.get(key, item), key=key, order=place)
            for key in sorted(set(keys) & order.keys(), key=order.__getitem__):
                self._put(entries, changes[key], key=key, order=order[key])
            return entries

        return self._edit(pointer, sorted(changes), keys_by_child, edit)

    def _edit(
        self,
        pointer: Pointer,
        targets: Sequence[Target],
        partition: Callable[[Node, Sequence[Target]], Iterable[tuple[int, Sequence[Target]]]],
        edit: Callable[[Node, Sequence[Target], int], Entries],
    ) -> Pointer:
        """Return a pointer to the tree with the pages that hold the targets edited."""
        if not targets:
            return pointer
        self._descend(pointer, targets, partition)  # one round of requests for each level
        root = self.root(pointer)
        marked = root.is_marked

        def rewrite(
            node: Node, path: str, first: str, own: Sequence[Target], offset: int
        ) -> list[Child]:
            if not node.height:
                whole = path == pointer.path
                entries = edit(node, own, offset)
                return self._write_pages(entries, first, whole=whole, marked=marked)
            parts = dict(partition(node, own))
            children: list[Child] = []
            for position, child in enumerate(node.children):
                if position in parts:
                    below = child_path(path, child.ref)
                    (page,) = self.nodes([below])
                    children += rewrite(page, below, child.first, parts[position], offset)
                else:
                    children.append(self._rebased(child, path))
                offset += child.count
            return self._write_index(node.kind, children, node.height, marked=marked)

        children = rewrite(root, pointer.path, "", targets, 0)
        return self._grow(root.kind, children, root.height, marked=marked)

    def _extend(self, place: Place, entries: Entries) -> list[Child]:
        """Return what takes the place of a node when entries come after its own."""
        node = place.node
        if not node.height:
            merged = self._elements_with(node, {})
            merged.add_all(entries)
            return self._write_pages(merged, marked=node.is_marked)
        *before, last = (self._rebased(child, place.path) for child in node.children)
        if node.height == 1 and last.size + entries.size > self._page_bytes:
            tail = [last, *self._write_pages(entries, marked=node.is_marked)]
        else:
            tail = self._extend(self.child(place, len(before)), entries)
        return self._write_index("list", [*before, *tail], node.height, marked=node.is_marked)

    def _plant(self, entries: Entries, *, marked: bool = False) -> Pointer:
        children = self._write_pages(entries, whole=True, marked=marked)
        return self._grow(entries.kind, children, 0, marked=marked)

    def _grow(self, kind: TreeKind, children: list[Child], height: int, *, marked: bool) -> Pointer:
        """Return a pointer to a root over `children`, which are of one height."""
        while len(children) > 1:
            height += 1
            children = self._write_index(kind, children, height, marked=marked)
        root = children[0]
        path = self._objects.home + root.ref
        size = root.weight + (1 if root.count else 2)  # brackets, less the comma there is none of
        return Pointer(kind=kind, path=path, size=size, count=root.count)

    def _write_pages(
        self, entries: Entries, first: str = "", *, whole: bool = False, marked: bool = False
    ) -> list[Child]:
        """Write entries as pages of about one size.

        Args:
            entries: in order; those of a map may come in any.
            first: least key that may come under the first page.
            whole: whether these entries are all of the tree.
            marked: whether the elements carry marks.
        """
        ordered = entries.kind == "map" and not (whole and entries.size <= self._page_bytes)
        children: list[Child] = []
        last = ""
        for part in entries.parts(self._page_bytes, by_key=ordered):
            order = part.order if ordered else None
            marks = part.marks if marked else None
            least = _separator(last, part.first) if children else first
            child = Child(
                ref=self._add(render_page(entries.kind, part.items, order=order, marks=marks)),
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
        """Write index objects over `children`: those of a list full, for it grows at the end."""
        even = kind == "map"
        target = _even(children, self._index_bytes) if even else self._index_bytes
        return [
            Child(
                ref=self._add(render_index(kind, height, group, marked=marked)),
                count=sum(child.count for child in group),
                size=sum(child.size_in_parent for child in group),
                weight=sum(child.weight for child in group),
                first=group[0].first,
            )
            for group in _groups(children, target)
        ]

    def _add(self, body: bytes) -> str:
        ref = self._objects.add(body).removeprefix(self._objects.home)
        self._objects.flush_over(_HELD_BYTES)
        return ref

    def _rebased(self, child: Child, parent: str) -> Child:
        """Return the child as an index object of this execution may name it."""
        if parent.startswith(self._objects.home):
            return child
        return replace(child, ref=child_path(parent, child.ref))

    def _elements(self, items: Sequence[Json], *, marked: bool) -> Entries:
        entries = Entries("list")
        for item in items:
            self._put(entries, item, marked=marked)
        return entries

    def _elements_with(self, node: Node, changes: Mapping[int, Json]) -> Entries:
        """Return the elements of a page that was read, some of them changed."""
        entries = Entries("list")
        marks = split_marks(node.marks) if node.marks else [b""] * node.count
        for position, (item, mark) in enumerate(zip(node.items, marks, strict=True)):
            if position in changes:
                self._put(entries, changes[position], marked=node.is_marked)
            else:
                self._keep(entries, item, mark=mark)
        return entries

    def _put(
        self, entries: Entries, value: Json, *, key: str = "", order: int = 0, marked: bool = False
    ) -> None:
        """Add an element, which goes to objects of its own where it is large."""
        mark = digest_mark(self.canonical(value)) if marked else b""
        value, encoded = self._folded(value, shown=entries.kind == "list")
        entries.add(encoded, weight=_weight(value), key=key, order=order, mark=mark)

    def _keep(
        self, entries: Entries, value: Json, *, key: str = "", order: int = 0, mark: bytes = b""
    ) -> None:
        """Add an element as it stands in a page."""
        entries.add(encode(value), weight=_weight(value), key=key, order=order, mark=mark)

    def _folded(self, value: Json, *, shown: bool) -> tuple[Json, bytes]:
        """Return a value as it may stand in a page, and its JSON.

        Args:
            value: an element.
            shown: whether the failure it reports is to be seen beside its pointer.
        """
        encoded = encode(value)
        if len(encoded) <= self._entry_bytes or parse(value) is not None:
            return value, encoded
        beside = failure_beside(self.expanded(value)) if shown else {}
        pointer = self.store(value).with_beside(beside).render()
        return pointer, encode(pointer)


def _weight(value: Json) -> int | None:
    """Return the bytes as JSON of what a pointer leads to, or None of anything else."""
    pointer = parse(value) if type(value) is dict else None
    return None if pointer is None else pointer.size


def _groups(children: Sequence[Child], target: int) -> Iterator[list[Child]]:
    """Yield runs of children, each ended once it reaches the target and has two of them."""
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
    """Return the size of parts that share the children evenly and are within `limit`."""
    total = sum(child.size_in_parent for child in children)
    return ceil(total / max(1, ceil(total / limit)))


def _separator(left: str, right: str) -> str:
    """Return the shortest key that is greater than `left` and not greater than `right`."""
    shared = (ours == theirs for ours, theirs in zip(left, right, strict=False))
    return right[: sum(takewhile(bool, shared)) + 1]
