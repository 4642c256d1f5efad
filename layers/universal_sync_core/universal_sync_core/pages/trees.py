"""Pages and index objects as one tree: which keys are under which child, and checks of each child.

A child must match what its parent says about it: its kind, its count, its keys, and a height one
lower. So a tree cannot lead back to itself, and no memory is taken for a count that is not true.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.pages.page_format import Node, parse_node, render_page
from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Document
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import Pointer

# The bytes around the items of a page that is a whole list or map and has no marks.
_PAGE_BYTES: Final = {
    kind: len(render_page(kind, b"", order=None, marks=None)) - len("[]")
    for kind in ("list", "map")
}


@dataclass(frozen=True, slots=True)
class Place:
    """A page or index object at its place in a tree.

    Attributes:
        at: where it is stored.
        node: the page or index object.
        stop: all keys under it are less than this; None if there is no bound.
    """

    at: Address
    node: Node
    stop: str | None = None


def require_root(document: Document, pointer: Pointer) -> None:
    """Raise MalformedPointerError if a document does not match the pointer to it."""
    node = parse_node(document.value, pointer.at, clean=document.facts.clean)
    require_described(node, pointer, document.facts.cost.size)


def require_sized(document: Document, pointer: Pointer) -> None:
    """Raise MalformedPointerError if a single value does not have the stated size.

    A value with pointers inside is not checked, since they are not read yet.
    """
    sized = not document.facts.clean or pointer.size == document.facts.cost.size
    if not sized and pointer.size != len(encode(document.value)):
        message = "the value does not have the size that its pointer states"
        raise MalformedPointerError(message, path=pointer.path)


def require_described(node: Node, pointer: Pointer, size: int) -> None:
    """Refuse a root that does not match its pointer.

    Args:
        node: the root.
        pointer: the pointer to the list or map.
        size: the bytes of the node as it is stored.

    Raises:
        MalformedPointerError: it is something else.
    """
    is_match = (
        (node.kind, node.count) == (pointer.kind, pointer.count)
        and (not node.height or not node.children[0].first)
        and _is_sized(node, pointer.size, size)
    )
    if not is_match:
        raise MalformedPointerError("the object does not match its pointer", path=pointer.path)


def require_child(parent: Node, position: int, child: Node, stop: str | None, path: str) -> None:
    """Refuse a child that does not match its parent.

    Args:
        parent: an index object.
        position: the position of the child.
        child: the page or index object there.
        stop: all keys under the child must be less than this; None if there is no bound.
        path: the path of the child, for the message.

    Raises:
        MalformedPointerError: it is something else.
    """
    said = parent.children[position]
    is_match = (
        (child.kind, child.height, child.count) == (parent.kind, parent.height - 1, said.count)
        and child.is_marked == parent.is_marked
        and (child.weight == said.weight if child.height else said.marks == (child.marks or b""))
        and (child.kind == "list" or _is_between(child, said.first, stop))
    )
    if not is_match:
        raise MalformedPointerError("a page does not match its index", path=path)


def pointer_to(node: Node, at: Address) -> Pointer:
    """Return the pointer to a root."""
    size = node.weight + 1 if node.height else len(encode(node.items))
    return Pointer(kind=node.kind, at=at, size=size, count=node.count)


def in_order(pages: Sequence[Node], path: str, *, whole: bool = True) -> JsonObject:
    """Return the map in some pages, with its keys in the order in which they were first set.

    Args:
        pages: pages of one map.
        path: the path of one of them, for the message.
        whole: whether these are all its pages.

    Raises:
        MalformedPointerError: two keys have the same position, or a position has no key.
    """
    if len(pages) == 1 and pages[0].order is None:
        items: JsonObject = pages[0].items
        return items
    placed = _placed(pages) if whole else _sorted(pages)
    if placed is None:
        raise MalformedPointerError("the pages do not form one map", path=path)
    return placed


def _placed(pages: Sequence[Node]) -> JsonObject | None:
    """Return the map of all its pages, or None if positions are not one for each key.

    A row for each of a million keys would take more memory than the keys.
    """
    count = sum(len(page.items) for page in pages)
    if any(max(page.order or (), default=0) >= count for page in pages):
        return None
    keys: list[Json] = [None] * count
    values: list[Json] = [None] * count
    for page in pages:
        for position, key, value in _rows(page):
            keys[position], values[position] = key, value
    return None if None in keys else dict(zip(keys, values, strict=True))


def _sorted(pages: Sequence[Node]) -> JsonObject | None:
    """Return the map of some pages, or None if two keys have the same position."""
    rows = sorted((row for page in pages for row in _rows(page)), key=itemgetter(0))
    if len({position for position, _, _ in rows}) < len(rows):
        return None
    return {key: value for _, key, value in rows}


def _rows(page: Node) -> Iterator[tuple[int, str, Json]]:
    return zip(page.order or (), page.items, page.items.values(), strict=True)


def in_sequence(pages: Sequence[Node]) -> list[Json]:
    """Return the list in some pages."""
    return [item for page in pages for item in page.items]


def keys_by_child(node: Node, keys: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the position of each child that may have some of the sorted keys, with those keys."""
    firsts = [child.first for child in node.children]
    start = 0
    while start < len(keys):
        position = max(0, bisect_right(firsts, keys[start]) - 1)
        last = position + 1 == len(firsts)
        stop = len(keys) if last else bisect_left(keys, firsts[position + 1], start)
        yield position, keys[start:stop]
        start = stop


def positions_by_child(node: Node, wanted: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the position of each child with some of the sorted indices, counted from its start."""
    offset = 0
    for position, child in enumerate(node.children):
        start = bisect_left(wanted, offset)
        stop = bisect_left(wanted, offset + child.count)
        if start < stop:
            yield position, shifted(wanted[start:stop], -offset)
        offset += child.count


def shifted(positions: Sequence[int], by: int) -> Sequence[int]:
    """Return positions counted from another start; a range stays a range, however long it is."""
    if isinstance(positions, range):
        return range(positions.start + by, positions.stop + by, positions.step)
    return [position + by for position in positions]


def steps_by_child(
    node: Node, steps: Sequence[Any] | None
) -> Iterator[tuple[int, Sequence[Any] | None]]:
    """Yield the same for sorted keys of a map or positions of a list, or for None every child."""
    if steps is None:
        return everything(node, None)
    return keys_by_child(node, steps) if node.kind == "map" else positions_by_child(node, steps)


def everything(node: Node, _: None) -> Iterator[tuple[int, None]]:
    """Yield the position of each child."""
    return ((position, None) for position in range(len(node.children)))


def _is_sized(node: Node, said: int, stored: int) -> bool:
    """Tell whether the JSON of a whole list or map has the stated size.

    A value with pointers inside is not checked, since they are not read yet.
    """
    if node.height:
        return said == node.weight + 1  # brackets, minus the comma that is counted after each
    if not node.clean or said == stored - _PAGE_BYTES[node.kind]:
        return True
    return said in (len(encode(node.items)), _size_by_element(node))


def _size_by_element(node: Node) -> int:
    """Return the size of a page's list or map, counted as it was when it was written.

    One element that only the standard library can encode changes the bytes of everything that is
    encoded together with it.
    """
    keys = [len(encode(key)) + 1 for key in node.items] if node.kind == "map" else [0] * node.count
    values = node.items.values() if node.kind == "map" else node.items
    sizes = (key + len(encode(value)) + 1 for key, value in zip(keys, values, strict=True))
    return max(2, sum(sizes) + 1)


def _is_between(node: Node, first: str, stop: str | None) -> bool:
    """Tell whether all keys under a node of a map are within its bounds; not for the root."""
    if node.height:
        return node.children[0].first == first and (stop is None or node.children[-1].first < stop)
    is_placed = node.order is not None and next(iter(node.items)) >= first
    return is_placed and (stop is None or next(reversed(node.items)) < stop)
