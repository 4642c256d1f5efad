"""Writing long lists and wide maps as pages under index objects.

A B+ tree of immutable objects: a change writes the pages concerned and the index path above them,
and leaves every other object as it is. Keys of a map are sorted over the pages; the position of
each key is kept beside it, so that a map comes back in the order its keys were set.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from universal_sync_core.pages.entries import Entries
from universal_sync_core.pages.page_format import (
    Child,
    Node,
    split_marks,
)
from universal_sync_core.pages.tree_writer import TreeWriter
from universal_sync_core.pages.trees import Place, keys_by_child, positions_by_child
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer

Target = TypeVar("Target", int, str)


class Pages(TreeWriter):
    """Reads and writes values of any size."""

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

        def edit(node: Node, positions: Sequence[int], offset: int) -> Entries | None:
            return self._elements_with(node, {at: changes[at + offset] for at in positions})

        return self._edit(pointer, sorted(changes), positions_by_child, edit)

    def put_keys(self, pointer: Pointer, changes: Mapping[str, Json]) -> Pointer:
        """Return a pointer to the map with some keys set; new ones follow in the order given."""
        found = self.lookup(pointer, changes)
        added = [key for key in changes if key not in found]
        order = {key: position for position, key in enumerate(added, pointer.count or 0)}

        def edit(node: Node, keys: Sequence[str], _: int) -> Entries | None:
            entries = Entries("map")
            new = sorted(set(keys) & order.keys(), key=order.__getitem__)
            is_same = not new
            own = range(node.count) if node.order is None else node.order
            for place, (key, item) in zip(own, node.items.items(), strict=True):
                if key in changes:
                    encoded = self._put(entries, changes[key], key=key, order=place, old=item)
                    is_same = is_same and encoded == encode(item)
                else:
                    self._keep(entries, item, key=key, order=place)
            for key in new:
                self._put(entries, changes[key], key=key, order=order[key])
            return None if is_same else entries

        return self._edit(pointer, sorted(changes), keys_by_child, edit)

    def _edit(
        self,
        pointer: Pointer,
        targets: Sequence[Target],
        partition: Callable[[Node, Sequence[Target]], Iterable[tuple[int, Sequence[Target]]]],
        edit: Callable[[Node, Sequence[Target], int], Entries | None],
    ) -> Pointer:
        """Return a pointer to the tree with the pages that hold the targets edited.

        Args:
            pointer: to the tree.
            targets: sorted.
            partition: tells which child has which of them.
            edit: gives the entries of a page, or None where they stay as they are.
        """
        if not targets:
            return pointer
        self._descend(pointer, targets, partition)  # one round of requests for each level
        root = self.root(pointer)
        marked = root.is_marked

        def rewrite(
            node: Node, at: Address, first: str, own: Sequence[Target], offset: int
        ) -> list[Child] | None:
            if not node.height:
                entries = edit(node, own, offset)
                if entries is None:
                    return None
                whole = at == pointer.at
                return self._write_pages(entries, first, whole=whole, marked=marked)
            parts = dict(partition(node, own))
            children: list[Child] = []
            for position, child in enumerate(node.children):
                below = None
                if position in parts:
                    (page,) = self.nodes([child.at])
                    below = rewrite(page, child.at, child.first, parts[position], offset)
                children += [child] if below is None else below
                offset += child.count
            if children == node.children:
                return None
            return self._write_index(node.kind, children, node.height, marked=marked)

        children = rewrite(root, pointer.at, "", targets, 0)
        if children is None:
            return pointer.with_beside({})
        return self._grow(root.kind, children, root.height, marked=marked)

    def _extend(self, place: Place, entries: Entries) -> list[Child]:
        """Return what takes the place of a node when entries come after its own."""
        node = place.node
        if not node.height:
            merged = self._kept_elements(node)
            merged.add_all(entries)
            return self._write_pages(merged, marked=node.is_marked)
        *before, last = node.children
        if node.height == 1 and last.size + entries.size > self._page_bytes:
            tail = [last, *self._write_pages(entries, marked=node.is_marked)]
        else:
            tail = self._extend(self.child(place, len(before)), entries)
        return self._write_index("list", [*before, *tail], node.height, marked=node.is_marked)

    def _elements_with(self, node: Node, changes: Mapping[int, Json]) -> Entries | None:
        """Return the elements of a page that was read, some of them changed; None if none is."""
        entries = Entries("list")
        is_same = True
        marks = split_marks(node.marks) if node.marks else [b""] * node.count
        for position, (item, mark) in enumerate(zip(node.items, marks, strict=True)):
            if position in changes:
                value = changes[position]
                encoded = self._put(entries, value, marked=node.is_marked, old=item)
                is_same = is_same and encoded == encode(item)
            else:
                self._keep(entries, item, mark=mark)
        return None if is_same else entries

    def _kept_elements(self, node: Node) -> Entries:
        """Return the elements of a page that was read."""
        entries = Entries("list")
        marks = split_marks(node.marks) if node.marks else [b""] * node.count
        for item, mark in zip(node.items, marks, strict=True):
            self._keep(entries, item, mark=mark)
        return entries
