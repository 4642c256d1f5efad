"""Writing long lists and wide maps as pages under index objects.

This is a B+ tree of immutable objects. A change writes the pages that it touches and the index path
above them, and leaves every other object alone. The keys of a map are sorted over the pages. The
position of each key is kept beside it, so that the map keeps the order in which its keys were set.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from universal_sync_core.pages.entries import Element, Entries
from universal_sync_core.pages.gathering import Gathering
from universal_sync_core.pages.page_format import Child, Node, split_marks
from universal_sync_core.pages.trees import Place, keys_by_child, positions_by_child
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer, weight_of
from universal_sync_core.values.sizes import is_over

Target = TypeVar("Target", int, str)


class Pages(Gathering):
    """Reads and writes values of any size."""

    def extend(self, pointer: Pointer, items: Sequence[Json]) -> Pointer:
        """Return a pointer to the list with `items` appended.

        A last page without room for all of them is left alone, unread.
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

    def read_ends(self, growing: Iterable[tuple[Pointer, Json]]) -> None:
        """Read side by side what `extend` needs of several lists, each with what it gets."""

        def last(node: Node, added: Json) -> Iterator[tuple[int, Json]]:
            room = self._page_bytes - node.children[-1].size
            if node.height > 1 or not is_over(added, room):
                yield len(node.children) - 1, added

        self._descend_all(list(growing), last)

    def put_items(self, pointer: Pointer, changes: Mapping[int, Json]) -> Pointer:
        """Return a pointer to the list with the elements at some positions replaced."""

        def edit(node: Node, positions: Sequence[int], offset: int) -> Entries | None:
            put = {
                at: self._element(
                    "list", changes[at + offset], marked=node.is_marked, old=node.items[at]
                )
                for at in positions
            }
            return None if _is_same(node.items, put) else self._edited(node, put)

        return self._edit(pointer, sorted(changes), positions_by_child, edit)

    def put_keys(self, pointer: Pointer, changes: Mapping[str, Json]) -> Pointer:
        """Return a pointer to the map with some keys set; new keys follow in the given order."""
        found = self.lookup(pointer, changes)
        added = [key for key in changes if key not in found]
        order = {key: position for position, key in enumerate(added, pointer.count or 0)}

        def edit(node: Node, keys: Sequence[str], _: int) -> Entries | None:
            put = {
                key: self._element("map", changes[key], old=node.items[key])
                for key in keys
                if key in node.items
            }
            new = sorted(set(keys) - put.keys(), key=order.__getitem__)
            if not new and _is_same(node.items, put):
                return None
            entries = self._edited(node, put)
            for key in new:
                entries.add(self._element("map", changes[key]), key=key, order=order[key])
            return entries

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
            partition: tells which child has which targets.
            edit: returns the new entries of a page, or None if they do not change.
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
            return self._write_index(
                node.kind, self.near(node.kind, children, node.height), node.height, marked=marked
            )

        children = rewrite(root, pointer.at, "", targets, 0)
        if children is None:
            return pointer.with_beside({})
        return self._grow(root.kind, children, root.height, marked=marked)

    def _extend(self, place: Place, entries: Entries) -> list[Child]:
        """Return the nodes that replace a node when entries are appended to its own."""
        node = place.node
        if not node.height:
            merged = self._edited(node, {})
            merged.add_all(entries)
            return self._write_pages(merged, marked=node.is_marked)
        *before, last = node.children
        if node.height == 1 and last.size + entries.size > self._page_bytes:
            tail = [last, *self._write_pages(entries, marked=node.is_marked)]
        else:
            tail = self._extend(self.child(place, len(before)), entries)
        children = self.near("list", [*before, *tail], node.height)
        return self._write_index("list", children, node.height, marked=node.is_marked)

    def _edited(self, node: Node, put: Mapping[Json, Element]) -> Entries:
        """Return the entries of a page with some of them replaced, by position or key."""
        entries = Entries(node.kind)
        items = node.items if node.kind == "map" else dict(enumerate(node.items))
        kept = {name: item for name, item in items.items() if name not in put}
        kept = kept if node.clean else self.near_items(kept)
        marks = split_marks(node.marks) if node.marks else [b""] * node.count
        for name, order, mark in zip(items, node.order or range(node.count), marks, strict=True):
            element = put.get(name)
            if element is None:
                weight = None if node.clean else weight_of(kept[name])
                element = Element(encode(kept[name]), weight, mark)
            entries.add(element, key=str(name), order=order)
        return entries


def _is_same(items: Json, put: Mapping[Target, Element]) -> bool:
    """Tell whether the entries of a page equal those that are to replace them."""
    return all(element.encoded == encode(items[name]) for name, element in put.items())
