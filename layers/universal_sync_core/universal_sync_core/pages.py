"""Writing long lists and wide maps as pages under index objects.

A B+ tree of immutable objects: a change writes the pages concerned and the index path above them,
and leaves every other object as it is. Keys of a map are sorted over the pages; the position of
each key is kept beside it, so that a map comes back in the order its keys were set.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile
from math import ceil
from typing import TypeVar

from universal_sync_core.codec import Json, encode
from universal_sync_core.objects import Objects
from universal_sync_core.page_format import (
    Child,
    Entry,
    Node,
    TreeKind,
    digest_mark,
    render_index,
    render_page,
    split_marks,
)
from universal_sync_core.page_reader import (
    PageReader,
    child_path,
    keys_by_child,
    positions_by_child,
)
from universal_sync_core.pointer import Pointer, parse
from universal_sync_core.settings import Settings

Sized = TypeVar("Sized", Entry, Child)
Target = TypeVar("Target", int, str)


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
            value: anything but a pointer; of a packed one, what is in it.
            marked: keep a digest of each element of a list, so that `find` can tell what is in
                it without reading the elements.
        """
        added_before = self._objects.mark()
        value = self.unpacked(value)
        if type(value) is dict:
            entries = [
                self._entry(item, key=key, order=order)
                for order, (key, item) in enumerate(value.items())
            ]
            pointer = self._plant("map", entries)
        elif type(value) is list:
            pointer = self._plant("list", self._elements(value, marked=marked), marked=marked)
        else:
            encoded = encode(value)
            pointer = Pointer(kind="value", path=self._objects.add(encoded), size=len(encoded))
        self._objects.drop_if_known(pointer.path, added_before)
        return pointer

    def folded(self, value: Json) -> Json:
        """Return the value itself, or a pointer to it where it is too large for a page."""
        return self._entry(value).value

    def extend(self, pointer: Pointer, items: Sequence[Json]) -> Pointer:
        """Return a pointer to the list with `items` after its own elements.

        A last page that has no room for all of them is left as it is, unread.
        """
        if not items:
            return pointer
        root = self.root(pointer)
        entries = self._elements(items, marked=root.is_marked)
        if not pointer.count:
            return self._plant("list", entries, marked=root.is_marked)
        children = self._extend(root, pointer.path, entries)
        return self._grow("list", children, root.height, marked=root.is_marked)

    def put_items(self, pointer: Pointer, changes: Mapping[int, Json]) -> Pointer:
        """Return a pointer to the list with the elements at some positions replaced."""

        def edit(node: Node, positions: Sequence[int], offset: int) -> list[Entry]:
            entries = _entries_of(node)
            for position in positions:
                item = changes[position + offset]
                entries[position] = self._entry(item, marked=node.is_marked)
            return entries

        return self._edit(pointer, sorted(changes), positions_by_child, edit)

    def put_keys(self, pointer: Pointer, changes: Mapping[str, Json]) -> Pointer:
        """Return a pointer to the map with some keys set; new ones follow in the order given."""
        found = self.lookup(pointer, changes)
        added = [key for key in changes if key not in found]
        order = {key: position for position, key in enumerate(added, pointer.count or 0)}

        def edit(node: Node, keys: Sequence[str], _: int) -> list[Entry]:
            entries = {entry.key: entry for entry in _entries_of(node)}
            for key in sorted(keys, key=lambda key: order.get(key, -1)):
                place = order[key] if key in order else entries[key].order
                entries[key] = self._entry(changes[key], key=key, order=place)
            return list(entries.values())

        return self._edit(pointer, sorted(changes), keys_by_child, edit)

    def _edit(
        self,
        pointer: Pointer,
        targets: Sequence[Target],
        partition: Callable[[Node, Sequence[Target]], Iterable[tuple[int, Sequence[Target]]]],
        edit: Callable[[Node, Sequence[Target], int], list[Entry]],
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
                return self._write_pages(node.kind, entries, first, whole=whole, marked=marked)
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

    def _extend(self, node: Node, path: str, entries: list[Entry]) -> list[Child]:
        """Return what takes the place of a node when entries come after its own."""
        if not node.height:
            merged = [*_entries_of(node), *entries]
            return self._write_pages("list", merged, marked=node.is_marked)
        *before, last = (self._rebased(child, path) for child in node.children)
        if node.height == 1 and last.size + _size(entries) > self._page_bytes:
            tail = [last, *self._write_pages("list", entries, marked=node.is_marked)]
        else:
            below = child_path(path, node.children[-1].ref)
            (page,) = self.nodes([below])
            tail = self._extend(page, below, entries)
        return self._write_index("list", [*before, *tail], node.height, marked=node.is_marked)

    def _plant(self, kind: TreeKind, entries: list[Entry], *, marked: bool = False) -> Pointer:
        children = self._write_pages(kind, entries, whole=True, marked=marked)
        return self._grow(kind, children, 0, marked=marked)

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
        self,
        kind: TreeKind,
        entries: list[Entry],
        first: str = "",
        *,
        whole: bool = False,
        marked: bool = False,
    ) -> list[Child]:
        """Write entries as pages of about one size.

        Args:
            kind: of the tree.
            entries: in order; those of a map may come in any.
            first: least key that may come under the first page.
            whole: whether these entries are all of the tree.
            marked: whether the elements carry marks.
        """
        alone = whole and _size(entries) <= self._page_bytes
        ordered = kind == "map" and not alone
        if kind == "map":
            entries = sorted(entries, key=_key if ordered else _order)
        target = _even(entries, self._page_bytes)
        groups = list(_groups(entries, target, least=1)) or [[]]
        firsts = [
            first,
            *(_separator(left[-1].key, right[0].key) for left, right in pairwise(groups)),
        ]
        return [
            Child(
                ref=self._add(render_page(kind, group, ordered=ordered, marked=marked)),
                count=len(group),
                size=_size(group),
                weight=_json_size(kind, group),
                first=start if kind == "map" else "",
                marks=b"".join(entry.mark for entry in group),
            )
            for group, start in zip(groups, firsts, strict=True)
        ]

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
            for group in _groups(children, target, least=2)
        ]

    def _add(self, body: bytes) -> str:
        return self._objects.add(body).removeprefix(self._objects.home)

    def _rebased(self, child: Child, parent: str) -> Child:
        """Return the child as an index object of this execution may name it."""
        if parent.startswith(self._objects.home):
            return child
        return replace(child, ref=child_path(parent, child.ref))

    def _elements(self, items: Sequence[Json], *, marked: bool) -> list[Entry]:
        return [self._entry(item, marked=marked) for item in items]

    def _entry(self, value: Json, *, key: str = "", order: int = 0, marked: bool = False) -> Entry:
        """Return the entry of an element, which goes to objects of its own where it is large."""
        encoded = encode(value)
        mark = digest_mark(self.canonical(value)) if marked else b""
        if len(encoded) > self._entry_bytes and parse(value) is None:
            value = self.store(value).render()
            encoded = encode(value)
        return Entry(value, encoded, _weight(value, encoded), key, order, mark)


def _entries_of(node: Node) -> list[Entry]:
    """Return the entries of a page that was read, to be written again."""
    if node.kind == "list":
        marks = split_marks(node.marks) if node.marks else [b""] * node.count
        return [_stored(item, mark=mark) for item, mark in zip(node.items, marks, strict=True)]
    order = range(node.count) if node.order is None else node.order
    pairs = zip(node.items.items(), order, strict=True)
    return [_stored(item, key=key, order=position) for (key, item), position in pairs]


def _key(entry: Entry) -> str:
    return entry.key


def _order(entry: Entry) -> int:
    return entry.order


def _stored(value: Json, *, key: str = "", order: int = 0, mark: bytes = b"") -> Entry:
    encoded = encode(value)
    return Entry(value, encoded, _weight(value, encoded), key, order, mark)


def _weight(value: Json, encoded: bytes) -> int:
    pointer = parse(value)
    return len(encoded) if pointer is None else pointer.size


def _json_size(kind: TreeKind, entries: Sequence[Entry]) -> int:
    """Return the bytes of entries as JSON, what they point to and a comma after each included."""
    keys = sum(len(encode(entry.key)) + 1 for entry in entries) if kind == "map" else 0
    return keys + sum(entry.weight + 1 for entry in entries)


def _size(entries: Iterable[Entry]) -> int:
    return sum(entry.size_in_parent for entry in entries)


def _even(items: Sequence[Sized], limit: int) -> int:
    """Return the size of parts that share `items` evenly and are within `limit`."""
    total = sum(item.size_in_parent for item in items)
    return ceil(total / max(1, ceil(total / limit)))


def _groups(items: Iterable[Sized], target: int, *, least: int) -> Iterator[list[Sized]]:
    """Yield runs of `items`, each ended once it reaches the target and has `least` of them."""
    group: list[Sized] = []
    size = 0
    for item in items:
        group.append(item)
        size += item.size_in_parent
        if size >= target and len(group) >= least:
            yield group
            group, size = [], 0
    if group:
        yield group


def _separator(left: str, right: str) -> str:
    """Return the shortest key that is greater than `left` and not greater than `right`."""
    shared = (ours == theirs for ours, theirs in zip(left, right, strict=False))
    return right[: sum(takewhile(bool, shared)) + 1]
