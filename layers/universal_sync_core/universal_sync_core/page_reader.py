"""Reading long lists and wide maps: only the index path and the pages concerned.

Every reader goes down level by level and asks for all objects of a level at once, so that the
time it takes grows with the height of the tree and not with the number of pages.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TypeVar

from universal_sync_core.codec import Json, JsonObject, canonical, decode
from universal_sync_core.compress import is_packed, unpack
from universal_sync_core.objects import Objects
from universal_sync_core.page_format import (
    Node,
    digest_mark,
    in_order,
    in_sequence,
    parse_node,
    require_described,
    split_marks,
)
from universal_sync_core.pointer import Pointer, may_hold_marks, parse, unescape_key

Targets = TypeVar("Targets")

_DIGEST_LENGTH: Final = 64


class PageReader:
    """Reads values of any size; what it has read in this call it keeps."""

    def __init__(self, objects: Objects) -> None:
        """Read through `objects`."""
        self._objects = objects
        self._nodes: dict[str, Node] = {}
        self._values: dict[str, tuple[Json, bool]] = {}

    def lookup(self, pointer: Pointer, keys: Iterable[str]) -> JsonObject:
        """Return those of `keys` that the map has, with their values as they are stored."""
        found: JsonObject = {}
        targets: Sequence[str] = sorted(keys)
        for node, wanted in self._descend(pointer, targets, keys_by_child):
            found.update((key, node.items[key]) for key in wanted if key in node.items)
        return found

    def slice(self, pointer: Pointer, start: int, stop: int) -> list[Json]:
        """Return elements `start` to `stop` of a list as they are stored."""
        return self.slice_at(pointer, range(max(0, start), min(stop, pointer.count or 0)))

    def slice_at(self, pointer: Pointer, positions: Sequence[int]) -> list[Json]:
        """Return the elements at some sorted positions of a list as they are stored."""
        leaves = self._descend(pointer, positions, positions_by_child) if positions else []
        return [node.items[index] for node, indices in leaves for index in indices]

    def elements(self, pointer: Pointer) -> list[Json]:
        """Return all elements of a list as they are stored."""
        return self.slice(pointer, 0, pointer.count or 0)

    def entries(self, pointer: Pointer) -> JsonObject:
        """Return all entries of a map as they are stored, in their order."""
        return in_order([node for node, _ in self._descend(pointer, None, everything)])

    def entries_apart(self, old: Pointer, new: Pointer) -> tuple[JsonObject, JsonObject]:
        """Return the entries of two maps as they are stored, leaving out pages that both have."""
        trees = [{old.path: self.root(old)}, {new.path: self.root(new)}]
        while any(node.height for tree in trees for node in tree.values()):
            below = [self._one_level_down(tree) for tree in trees]
            shared = below[0] & below[1]
            self.nodes([*(below[0] | below[1]) - shared])
            trees = [
                {path: self._nodes[path] for path in sorted(paths - shared)} for paths in below
            ]
        before, after = (in_order(list(tree.values())) for tree in trees)
        return before, after

    def _one_level_down(self, tree: Mapping[str, Node]) -> set[str]:
        """Return the paths under index objects; a page, already at the bottom, stays."""
        below: set[str] = set()
        for path, node in tree.items():
            below |= (
                {child_path(path, child.ref) for child in node.children} if node.height else {path}
            )
        return below

    def root(self, pointer: Pointer) -> Node:
        """Return the page or index object that a pointer leads to.

        Raises:
            MalformedPointerError: it is not what the pointer says.
        """
        (node,) = self.nodes([pointer.path])
        require_described(node, pointer)
        return node

    def nodes(self, paths: Sequence[str]) -> list[Node]:
        """Return the pages and index objects of the paths, read at once."""
        missing = [path for path in dict.fromkeys(paths) if path not in self._nodes]
        for path, body in zip(missing, self._objects.read_many(missing), strict=True):
            self._nodes[path] = parse_node(body, path)
        return [self._nodes[path] for path in paths]

    def resolve(self, value: Json, *, unescape: bool = False) -> Json:
        """Return `value` with everything it points to in its place.

        Args:
            value: any value of a bag or a page.
            unescape: give escaped keys back as they were on the way in.
        """
        self._load(list(pointers_in(value)))
        return self._build(value, unescape=unescape)

    def unpacked(self, value: Json) -> Json:
        """Return what is in a packed value, anything else as it is."""
        return unpack(value) if is_packed(value) else value

    def opened(self, value: Json) -> Json:
        """Return a value in the form that shows whether it is a list, a map, or neither.

        A packed value is unpacked, and a list or map in one object, as other languages store it,
        is read. Pointers to pages, and to texts and numbers, stay.
        """
        value = self.unpacked(value)
        pointer = parse(value)
        if pointer is None or pointer.kind != "value":
            return value
        single = self.resolve(value)
        return single if type(single) in (list, dict) else value

    def canonical(self, value: Json) -> bytes:
        """Return the canonical encoding of a value with everything it points to in its place."""
        encoded = canonical(value)
        return canonical(self.resolve(value)) if may_hold_marks(encoded) else encoded

    def find(self, pointer: Pointer, wanted: Iterable[bytes]) -> set[bytes]:
        """Return those canonical encodings of which the list has an element.

        In a marked list only pages with a mark of something wanted are read.
        """
        wanted = set(wanted)
        if not self.root(pointer).is_marked:
            return self.encodings(self.elements(pointer), wanted)
        marks = {digest_mark(encoded) for encoded in wanted}
        candidates = self.slice_at(pointer, self._marked_positions(pointer, marks))
        return self.encodings(candidates, wanted)

    def encodings(self, items: Iterable[Json], wanted: set[bytes]) -> set[bytes]:
        """Return those canonical encodings that one of the items has."""
        return {encoded for item in items if (encoded := self.canonical(item)) in wanted}

    def _marked_positions(self, pointer: Pointer, wanted: Collection[bytes]) -> list[int]:
        """Return the positions of the elements with a wanted mark, from the index alone."""
        level = [(pointer.path, self.root(pointer))]
        while level[0][1].height > 1:
            paths = [child_path(path, child.ref) for path, node in level for child in node.children]
            level = list(zip(paths, self.nodes(paths), strict=True))
        marks = chain.from_iterable(
            split_marks(part)
            for _, node in level
            for part in (
                [node.marks or b""] if not node.height else (c.marks for c in node.children)
            )
        )
        return [position for position, mark in enumerate(marks) if mark in wanted]

    def _descend(
        self,
        pointer: Pointer,
        targets: Targets,
        partition: Callable[[Node, Targets], Iterable[tuple[int, Targets]]],
    ) -> list[tuple[Node, Targets]]:
        """Return the pages that hold the targets, each with its own, in the order of the tree."""
        level = [(pointer.path, self.root(pointer), targets)]
        while any(node.height for _, node, _ in level):
            below = [
                (child_path(path, node.children[position].ref), part)
                for path, node, own in level
                for position, part in partition(node, own)
            ]
            nodes = self.nodes([path for path, _ in below])
            level = [(path, node, part) for (path, part), node in zip(below, nodes, strict=True)]
        return [(node, own) for _, node, own in level]

    def _load(self, pointers: Iterable[Pointer]) -> None:
        """Read everything reachable, one round of requests for each level."""
        is_tree = {pointer.path: pointer.kind != "value" for pointer in pointers}
        seen: set[str] = set()
        while is_tree:
            seen |= is_tree.keys()
            bodies = self._objects.read_many(list(is_tree))
            below: dict[str, bool] = {}
            for (path, tree), body in zip(is_tree.items(), bodies, strict=True):
                below |= self._keep_tree(path, body) if tree else self._keep_value(path, body)
            is_tree = {path: tree for path, tree in below.items() if path not in seen}

    def _keep_tree(self, path: str, body: bytes) -> dict[str, bool]:
        """Keep a page or index object; return the paths under it and whether each is a tree."""
        node = self._nodes[path] = self._nodes.get(path) or parse_node(body, path)
        below = {child_path(path, child.ref): True for child in node.children}
        inner = () if node.clean else pointers_in(node.items)
        return below | {pointer.path: pointer.kind != "value" for pointer in inner}

    def _keep_value(self, path: str, body: bytes) -> dict[str, bool]:
        """Keep a single value; return the paths inside it and whether each is a tree."""
        value, clean = decode(body, path=path), not may_hold_marks(body)
        self._values[path] = (value, clean)
        inner = () if clean else pointers_in(value)
        return {pointer.path: pointer.kind != "value" for pointer in inner}

    def _build(self, value: Json, *, unescape: bool) -> Json:
        if type(value) is list:
            return [self._build(item, unescape=unescape) for item in value]
        if type(value) is not dict:
            return value
        if is_packed(value):
            return self._build(unpack(value), unescape=unescape)
        pointer = parse(value)
        if pointer is not None:
            return self._build_pointer(pointer, unescape=unescape)
        return {
            unescape_key(key) if unescape else key: self._build(item, unescape=unescape)
            for key, item in value.items()
        }

    def _build_pointer(self, pointer: Pointer, *, unescape: bool) -> Json:
        if pointer.kind == "value":
            value, clean = self._values[pointer.path]
        else:
            self.root(pointer)
            leaves = list(self._leaves(pointer.path))
            value = in_order(leaves) if pointer.kind == "map" else in_sequence(leaves)
            clean = all(leaf.clean for leaf in leaves)
        return value if clean else self._build(value, unescape=unescape)

    def _leaves(self, path: str) -> Iterator[Node]:
        """Yield the pages under a path that `_load` has read."""
        node = self._nodes[path]
        if not node.height:
            yield node
        for child in node.children:
            yield from self._leaves(child_path(path, child.ref))


def child_path(parent: str, ref: str) -> str:
    """Return the path of a child: a bare digest lies beside its parent."""
    return parent[:-_DIGEST_LENGTH] + ref if len(ref) == _DIGEST_LENGTH else ref


def pointers_in(value: Json) -> Iterator[Pointer]:
    """Yield every pointer that stands in a value, packed parts included."""
    if type(value) is list:
        for item in value:
            yield from pointers_in(item)
    elif type(value) is dict:
        pointer = parse(value)
        if pointer is not None:
            yield pointer
        elif is_packed(value):
            yield from pointers_in(unpack(value))
        else:
            for item in value.values():
                yield from pointers_in(item)


def keys_by_child(node: Node, keys: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the position of each child that may hold some of the sorted keys, with those keys."""
    firsts = [child.first for child in node.children]
    start = 0
    while start < len(keys):
        position = max(0, bisect_right(firsts, keys[start]) - 1)
        last = position + 1 == len(firsts)
        stop = len(keys) if last else bisect_left(keys, firsts[position + 1], start)
        yield position, keys[start:stop]
        start = stop


def positions_by_child(node: Node, wanted: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the position of each child that holds some of the sorted indices, counted from it."""
    offset = 0
    for position, child in enumerate(node.children):
        start = bisect_left(wanted, offset)
        stop = bisect_left(wanted, offset + child.count)
        if start < stop:
            yield position, [index - offset for index in wanted[start:stop]]
        offset += child.count


def everything(node: Node, _: None) -> Iterator[tuple[int, None]]:
    """Yield the position of each child."""
    return ((position, None) for position in range(len(node.children)))
