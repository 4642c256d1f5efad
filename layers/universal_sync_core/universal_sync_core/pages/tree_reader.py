"""Reading long lists and wide maps: only the index path and the pages that are needed.

Every reader goes down level by level and requests all objects of a level at once, so that the time
grows with the height of the tree, not with the number of pages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_format import Node, parse_node
from universal_sync_core.pages.trees import (
    Place,
    everything,
    in_order,
    in_sequence,
    keys_by_child,
    positions_by_child,
    require_child,
    require_described,
    require_root,
    require_sized,
    steps_by_child,
)
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Document, Facts
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Step
from universal_sync_core.values.pointer import Pointer, parse

Targets = TypeVar("Targets")


class TreeReader:
    """Reads lists and maps as they are stored, and keeps what it has read."""

    def __init__(self, objects: Objects) -> None:
        """Read through `objects`."""
        self._objects = objects
        self._nodes: dict[Address, Node] = {}
        self._facts: dict[Address, Facts] = {}

    def lookup(self, pointer: Pointer, keys: Iterable[str]) -> JsonObject:
        """Return the `keys` that the map has, with their stored values."""
        found: JsonObject = {}
        targets: Sequence[str] = sorted(keys)
        for page, wanted in self._descend(pointer, targets, keys_by_child):
            items = page.node.items
            found.update((key, items[key]) for key in wanted if key in items)
        return found

    def slice(self, pointer: Pointer, start: int, stop: int) -> list[Json]:
        """Return elements `start` to `stop` of a list as they are stored."""
        return self.slice_at(pointer, range(max(0, start), min(stop, pointer.count or 0)))

    def slice_at(self, pointer: Pointer, positions: Sequence[int]) -> list[Json]:
        """Return the elements at some sorted positions of a list as they are stored."""
        pages = self._descend(pointer, positions, positions_by_child) if positions else []
        return [page.node.items[index] for page, indices in pages for index in indices]

    def elements(self, pointer: Pointer) -> list[Json]:
        """Return all elements of a list as they are stored."""
        return in_sequence(self._pages(pointer))

    def entries(self, pointer: Pointer) -> JsonObject:
        """Return all entries of a map as they are stored, in their order.

        Raises:
            MalformedPointerError: the pages do not make one map.
        """
        return in_order(self._pages(pointer), pointer.path)

    def list_of(self, value: Json) -> list[Json] | None:
        """Return the elements of a list, inline or in pages, or None for anything else."""
        pointer = parse(value)
        if pointer is None:
            return value if type(value) is list else None
        return self.elements(pointer) if pointer.kind == "list" else None

    def range_of(self, value: Json, start: int, stop: int) -> list[Json] | None:
        """Return as `list_of` does, but only elements `start` to `stop`, from their pages."""
        pointer = parse(value)
        if pointer is None:
            return value[max(0, start) : max(0, stop)] if type(value) is list else None
        return self.slice(pointer, start, stop) if pointer.kind == "list" else None

    def map_of(self, value: Json) -> JsonObject | None:
        """Return the entries of a map, inline or in pages, or None for anything else."""
        pointer = parse(value)
        if pointer is None:
            return value if type(value) is dict else None
        return self.entries(pointer) if pointer.kind == "map" else None

    def some_of(self, value: Json, keys: Iterable[str]) -> JsonObject | None:
        """Return as `map_of` does, but of a map in pages only some keys, from their pages."""
        pointer = parse(value)
        if pointer is None:
            return value if type(value) is dict else None
        return self.lookup(pointer, keys) if pointer.kind == "map" else None

    def read_members(self, wanted: Iterable[tuple[Pointer, Sequence[Step] | None]]) -> None:
        """Read the pages of some sorted keys or positions, or all, of several trees together."""
        self._descend_all(list(wanted), steps_by_child)

    def read_pages(self, pointers: Iterable[Pointer]) -> None:
        """Read all pages of several lists and maps side by side."""
        self.read_members((pointer, None) for pointer in pointers)

    def maps_apart(self, before: Json, after: Json) -> tuple[JsonObject, JsonObject]:
        """Return as `map_of` does for two maps, leaving out pages that both have."""
        old, new = parse(before), parse(after)
        if old is None or new is None:
            return self.map_of(before) or {}, self.map_of(after) or {}
        [trees] = self._unshared([(old, new)])
        ours, theirs = (
            in_order([place.node for place in tree.values()], pointer.path, whole=False)
            for tree, pointer in zip(trees, (old, new), strict=True)
        )
        return ours, theirs

    def read_apart(self, pairs: Iterable[tuple[Json, Json]]) -> None:
        """Read what `maps_apart` reads of several pairs side by side."""
        both = [(parse(before), parse(after)) for before, after in pairs]
        self.read_pages(only for old, new in both if not (old and new) and (only := old or new))
        self._unshared([(old, new) for old, new in both if old and new])

    def _unshared(
        self, pairs: Sequence[tuple[Pointer, Pointer]]
    ) -> list[list[dict[Address, Place]]]:
        """Return the pages of both maps of some pairs, without those that both have."""
        self.nodes([pointer.at for pair in pairs for pointer in pair])
        trees = [[{each.at: self.place(each)} for each in pair] for pair in pairs]
        while any(place.node.height for pair in trees for tree in pair for place in tree.values()):
            below = [[self._below_all(tree) for tree in pair] for pair in trees]
            self.nodes(sorted({at for ours, theirs in below for at in ours ^ theirs}))
            trees = [
                [
                    {each.at: each for each in self._one_level_down(tree, ours & theirs)}
                    for tree in pair
                ]
                for pair, (ours, theirs) in zip(trees, below, strict=True)
            ]
        return trees

    def _below_all(self, tree: Mapping[Address, Place]) -> set[Address]:
        """Return the addresses under index objects; a page, already at the bottom, stays."""
        below: set[Address] = set()
        for at, place in tree.items():
            below |= {child.at for child in place.node.children} or {at}
        return below

    def _one_level_down(self, tree: Mapping[Address, Place], left_out: set[Address]) -> list[Place]:
        """Return the places under index objects, or the page itself, leaving some out."""
        below: list[Place] = []
        for place in tree.values():
            if not place.node.height and place.at not in left_out:
                below.append(place)
            children = enumerate(place.node.children)
            wanted = [(place, position) for position, child in children if child.at not in left_out]
            below += self._children(wanted)
        return below

    def is_single_map(self, pointer: Pointer) -> bool:
        """Tell whether a pointer to a single value leads to a map, as other languages store it."""
        return pointer.kind == "value" and self._objects.holds_map(pointer.at)

    def require_stored(self, pointers: Iterable[Pointer]) -> None:
        """Look up pointers that came in from outside before they are trusted.

        Raises:
            PointerNotAllowedError: one leads out of the allowed places.
            MissingObjectError: one leads nowhere.
            ChecksumMismatchError: one leads to something else.
            MalformedPointerError: one leads to another kind, another count or another size.
        """
        for pointer, document in self._objects.look_up(pointers):
            if pointer.kind == "value":
                require_sized(document, pointer)
            else:
                require_root(document, pointer)

    def root(self, pointer: Pointer) -> Node:
        """Return the root page or index object of a pointer.

        Raises:
            MalformedPointerError: it does not match the pointer.
        """
        (node,) = self.nodes([pointer.at])
        require_described(node, pointer, self._facts[pointer.at].cost.size)
        return node

    def place(self, pointer: Pointer) -> Place:
        """Return the root as a place, from which everything below it is found."""
        return Place(pointer.at, self.root(pointer))

    def child(self, parent: Place, position: int) -> Place:
        """Return the page or index object at a position under another.

        Raises:
            MalformedPointerError: it does not match what its parent says.
        """
        return self._children([(parent, position)])[0]

    def _children(self, wanted: Sequence[tuple[Place, int]]) -> list[Place]:
        """Return the places at positions under others, read in parallel."""
        places = [place.node.children[position].at for place, position in wanted]
        below: list[Place] = []
        seen: set[Address] = set()
        for (parent, position), at, node in zip(wanted, places, self.nodes(places), strict=True):
            if at in seen:  # two rows may name the same page
                self._objects.budget.spend(self._facts[at].cost, at.path)
            seen.add(at)
            following = parent.node.children[position + 1 : position + 2]
            stop = following[0].first if following else parent.stop
            require_child(parent.node, position, node, stop, at.path)
            below.append(Place(at, node, stop))
        return below

    def nodes(self, addresses: Sequence[Address]) -> list[Node]:
        """Return the pages and index objects at some addresses, read in parallel."""
        missing = [at for at in dict.fromkeys(addresses) if at not in self._nodes]
        for at, document in self._read(missing) if missing else ():
            self.keep(at, document)
        return [self._nodes[at] for at in addresses]

    def keep(self, at: Address, document: Document) -> Node:
        """Keep a page or index object that was read, and return it.

        Raises:
            MalformedPointerError: it is neither.
        """
        node = parse_node(document.value, at, clean=document.facts.clean)
        self._nodes[at] = node
        self._facts[at] = document.facts
        return node

    def _read(self, addresses: Sequence[Address]) -> Iterator[tuple[Address, Document]]:
        """Yield the documents at some addresses, read in parallel."""
        return zip(addresses, self._objects.documents(addresses), strict=True)

    def _descend(
        self,
        pointer: Pointer,
        targets: Targets,
        partition: Callable[[Node, Targets], Iterable[tuple[int, Targets]]],
    ) -> list[tuple[Place, Targets]]:
        """Return the pages with the targets, each with its own ones, in the order of the tree."""
        return self._descend_all([(pointer, targets)], partition)

    def _descend_all(
        self,
        wanted: Sequence[tuple[Pointer, Targets]],
        partition: Callable[[Node, Targets], Iterable[tuple[int, Targets]]],
    ) -> list[tuple[Place, Targets]]:
        """Return the same for several trees, those of the lower ones first.

        There is one round of requests for each level, however many trees there are.
        """
        self.nodes([pointer.at for pointer, _ in wanted])
        level = [(self.place(pointer), targets) for pointer, targets in wanted]
        pages: list[tuple[Place, Targets]] = []
        while level:
            pages += [(place, own) for place, own in level if not place.node.height]
            parts = [
                (place, position, part)
                for place, own in level
                if place.node.height
                for position, part in partition(place.node, own)
            ]
            below = self._children([(place, position) for place, position, _ in parts])
            level = [(place, part) for place, (_, _, part) in zip(below, parts, strict=True)]
        return pages

    def _pages(self, pointer: Pointer) -> list[Node]:
        """Return all pages of a list or map."""
        return [place.node for place, _ in self._descend(pointer, None, everything)]
