"""Reading long lists and wide maps: only the index path and the pages concerned.

Every reader goes down level by level and asks for all objects of a level at once, so that the
time it takes grows with the height of the tree and not with the number of pages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from universal_sync_core.pages.objects import Objects
from universal_sync_core.pages.page_format import Node, parse_node
from universal_sync_core.pages.trees import (
    Place,
    child_path,
    everything,
    in_order,
    in_sequence,
    keys_by_child,
    positions_by_child,
    require_child,
    require_described,
)
from universal_sync_core.values.budget import Document, Facts
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import Pointer

Targets = TypeVar("Targets")


class TreeReader:
    """Reads lists and maps as they are stored; what it has read it keeps."""

    def __init__(self, objects: Objects) -> None:
        """Read through `objects`."""
        self._objects = objects
        self._nodes: dict[str, Node] = {}
        self._facts: dict[str, Facts] = {}

    def lookup(self, pointer: Pointer, keys: Iterable[str]) -> JsonObject:
        """Return those of `keys` that the map has, with their values as they are stored."""
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

    def entries_apart(self, old: Pointer, new: Pointer) -> tuple[JsonObject, JsonObject]:
        """Return the entries of two maps as they are stored, leaving out pages that both have."""
        trees = [{pointer.path: self.place(pointer)} for pointer in (old, new)]
        while any(place.node.height for tree in trees for place in tree.values()):
            below = [self._paths_below(tree) for tree in trees]
            shared = below[0] & below[1]
            self.nodes(sorted((below[0] | below[1]) - shared))
            trees = [
                {place.path: place for place in self._one_level_down(tree, shared)}
                for tree in trees
            ]
        before, after = (
            in_order([place.node for place in tree.values()], pointer.path, whole=False)
            for tree, pointer in zip(trees, (old, new), strict=True)
        )
        return before, after

    def _paths_below(self, tree: Mapping[str, Place]) -> set[str]:
        """Return the paths under index objects; a page, already at the bottom, stays."""
        below: set[str] = set()
        for path, place in tree.items():
            children = place.node.children
            below |= {child_path(path, child.ref) for child in children} or {path}
        return below

    def _one_level_down(self, tree: Mapping[str, Place], left_out: set[str]) -> list[Place]:
        """Return the places under index objects, a page itself, but for some paths."""
        below: list[Place] = []
        for place in tree.values():
            if not place.node.height and place.path not in left_out:
                below.append(place)
            paths = [child_path(place.path, child.ref) for child in place.node.children]
            wanted = [(place, at) for at, path in enumerate(paths) if path not in left_out]
            below += self._children(wanted)
        return below

    def root(self, pointer: Pointer) -> Node:
        """Return the page or index object that a pointer leads to.

        Raises:
            MalformedPointerError: it is not what the pointer says.
        """
        (node,) = self.nodes([pointer.path])
        require_described(node, pointer, self._facts[pointer.path].cost.size)
        return node

    def place(self, pointer: Pointer) -> Place:
        """Return the same as the place that everything below is found from."""
        return Place(pointer.path, self.root(pointer))

    def child(self, parent: Place, position: int) -> Place:
        """Return the page or index object at a position under another.

        Raises:
            MalformedPointerError: it is not what the other says.
        """
        return self._children([(parent, position)])[0]

    def _children(self, wanted: Sequence[tuple[Place, int]]) -> list[Place]:
        """Return the places at positions under others, read at once."""
        paths = [child_path(place.path, place.node.children[at].ref) for place, at in wanted]
        below: list[Place] = []
        seen: set[str] = set()
        for (parent, at), path, node in zip(wanted, paths, self.nodes(paths), strict=True):
            if path in seen:  # in a list, equal pages are one object
                self._objects.budget.spend(self._facts[path].cost, path)
            seen.add(path)
            following = parent.node.children[at + 1 : at + 2]
            stop = following[0].first if following else parent.stop
            require_child(parent.node, at, node, stop, path)
            below.append(Place(path, node, stop))
        return below

    def nodes(self, paths: Sequence[str]) -> list[Node]:
        """Return the pages and index objects of the paths, read at once."""
        missing = [path for path in dict.fromkeys(paths) if path not in self._nodes]
        for path, document in self._read(missing):
            self.keep(path, document)
        return [self._nodes[path] for path in paths]

    def keep(self, path: str, document: Document) -> Node:
        """Keep a page or index object that was read; return it.

        Raises:
            MalformedPointerError: it is neither.
        """
        node = parse_node(document.value, path, clean=document.facts.clean)
        self._nodes[path] = node
        self._facts[path] = document.facts
        return node

    def _read(self, paths: Sequence[str]) -> Iterator[tuple[str, Document]]:
        """Yield the documents at some paths, read at once."""
        for path, body in zip(paths, self._objects.read_many(paths), strict=True):
            yield path, self._objects.budget.document(body, path)

    def _descend(
        self,
        pointer: Pointer,
        targets: Targets,
        partition: Callable[[Node, Targets], Iterable[tuple[int, Targets]]],
    ) -> list[tuple[Place, Targets]]:
        """Return the pages that hold the targets, each with its own, in the order of the tree."""
        level = [(self.place(pointer), targets)]
        while level and level[0][0].node.height:
            wanted = [
                (place, position, part)
                for place, own in level
                for position, part in partition(place.node, own)
            ]
            below = self._children([(place, position) for place, position, _ in wanted])
            level = [(place, part) for place, (_, _, part) in zip(below, wanted, strict=True)]
        return level

    def _pages(self, pointer: Pointer) -> list[Node]:
        """Return all pages of a list or map."""
        return [place.node for place, _ in self._descend(pointer, None, everything)]
