"""The objects that long lists and wide maps are stored as: leaf pages under index objects.

Written down with an example in docs/formats.md; parse and render stand here side by side.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from universal_sync_core.codec import Json, JsonObject, decode, encode
from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.pointer import Pointer, may_hold_marks

TreeKind: TypeAlias = Literal["list", "map"]

PAGE: Final = "__page"
VERSION: Final = 1
MARK_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Child:
    """What an index object knows of a page, or of an index object, under it.

    Attributes:
        ref: digest of the object, or its whole path where that is under another prefix.
        count: elements under it.
        size: bytes that its own entries take.
        weight: bytes of those elements as JSON, what they point to, keys and commas included.
        first: least key that may be under it, in a map.
        marks: digests of the elements of a page, in a marked list.
    """

    ref: str
    count: int
    size: int
    weight: int
    first: str = ""
    marks: bytes = b""

    @property
    def size_in_parent(self) -> int:
        """About the bytes that the child takes in an index object."""
        return len(self.ref) + len(self.first) + 2 * len(self.marks) + 30

    def render(self) -> list[Json]:
        """Return the child as it stands in an index object."""
        row: list[Json] = [self.ref, self.count, self.size, self.weight]
        return [*row, self.first, _text(self.marks)] if self.first or self.marks else row

    @classmethod
    def parse(cls, row: list[Json]) -> "Child":
        """Return the child of a row of an index object."""
        ref, count, size, weight, *rest = row
        first, marks = rest or ("", "")
        kinds = [type(part) for part in (ref, count, size, weight, first)]
        if kinds != [str, int, int, int, str]:
            raise TypeError(kinds)
        return cls(ref, count, size, weight, first, base64.b64decode(marks, validate=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A page (height 0) or an index object, read.

    Attributes:
        items: a page's elements; a list, or a dict.
        order: position of each key of the page among the keys of the whole map; None where
            the page is the whole map and its own order holds.
        marks: digests of the elements; None in an unmarked list.
        clean: no element holds a pointer or an escaped key.
    """

    kind: TreeKind
    height: int
    items: Json = None
    order: list[int] | None = None
    marks: bytes | None = None
    children: list[Child] = field(default_factory=list)
    clean: bool = True

    @property
    def count(self) -> int:
        """Elements of the list or map from here down."""
        return sum(child.count for child in self.children) if self.height else len(self.items)

    @property
    def is_marked(self) -> bool:
        """Whether a list from here down carries digests of its elements."""
        return self.marks is not None


def render_page(
    kind: TreeKind, items: bytes, *, order: Sequence[int] | None, marks: bytes | None
) -> bytes:
    """Return the body of a page.

    Args:
        kind: of the tree.
        items: the JSON of the elements, commas between.
        order: positions of the keys, where they are written down.
        marks: digests of the elements, in a marked list.
    """
    head = encode({PAGE: VERSION, "kind": kind, "height": 0})[:-1]
    parts = [head, b',"items":', b"[" if kind == "list" else b"{", items]
    parts.append(b"]" if kind == "list" else b"}")
    if order is not None:
        parts += [b',"order":', encode(order)]
    if marks is not None:
        parts += [b',"marks":', encode(_text(marks))]
    return b"".join([*parts, b"}"])


def render_index(kind: TreeKind, height: int, children: list[Child], *, marked: bool) -> bytes:
    """Return the body of an index object."""
    head: JsonObject = {PAGE: VERSION, "kind": kind, "height": height}
    if marked:
        head["marks"] = ""
    return encode(head | {"children": [child.render() for child in children]})


def is_node(value: Json) -> bool:
    """Tell whether a stored document is a page or an index object."""
    return type(value) is dict and PAGE in value


def parse_node(body: bytes, path: str) -> Node:
    """Return the page or index object in `body`.

    Raises:
        MalformedPointerError: it is neither, or of a version this code cannot read.
    """
    document = decode(body, path=path)
    if not is_node(document) or document[PAGE] != VERSION:
        raise MalformedPointerError("no page that this version can read", path=path)
    try:
        marks = document.get("marks")
        node = Node(
            kind=document["kind"],
            height=document["height"],
            items=document.get("items"),
            order=document.get("order"),
            marks=None if marks is None else base64.b64decode(marks, validate=True),
            children=[Child.parse(row) for row in document.get("children", ())],
            clean=not may_hold_marks(body),
        )
        complete = _is_complete(node)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPointerError("a page without all its parts", path=path) from error
    if not complete:
        raise MalformedPointerError("a page without all its parts", path=path)
    return node


def in_order(leaves: Sequence[Node]) -> JsonObject:
    """Return the map that pages hold, its keys in the order they were first set."""
    if len(leaves) == 1 and leaves[0].order is None:
        items: JsonObject = leaves[0].items
        return items
    placed = _placed(leaves)
    if placed is not None:
        return placed
    rows = [row for leaf in leaves for row in _rows(leaf)]
    rows.sort(key=lambda row: row[0])
    return {key: value for _, key, value in rows}


def _placed(leaves: Sequence[Node]) -> JsonObject | None:
    """Return the map of all its pages, or None where these are some of them.

    Of a million keys a row each would take more memory than they do.
    """
    count = sum(len(leaf.items) for leaf in leaves)
    if any(max(leaf.order or (), default=0) >= count for leaf in leaves):
        return None
    keys: list[Json] = [None] * count
    values: list[Json] = [None] * count
    for leaf in leaves:
        for position, key, value in _rows(leaf):
            keys[position], values[position] = key, value
    return None if None in keys else dict(zip(keys, values, strict=True))


def _rows(leaf: Node) -> Iterator[tuple[int, str, Json]]:
    for position, (key, value) in zip(leaf.order or (), leaf.items.items(), strict=True):
        yield position, key, value


def in_sequence(leaves: Sequence[Node]) -> list[Json]:
    """Return the list that pages hold."""
    return [item for leaf in leaves for item in leaf.items]


def require_described(node: Node, pointer: Pointer) -> None:
    """Raise MalformedPointerError where a root is not what the pointer to it says."""
    if node.kind != pointer.kind or node.count != pointer.count:
        message = "the object is not what the pointer says"
        raise MalformedPointerError(message, path=pointer.path)


def digest_mark(canonical: bytes) -> bytes:
    """Return the mark of an element: equal elements have equal marks, others hardly ever."""
    return hashlib.sha256(canonical).digest()[:MARK_BYTES]


def split_marks(marks: bytes) -> list[bytes]:
    """Return the marks of single elements."""
    return [marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)]


def _is_complete(node: Node) -> bool:
    """Tell whether an index object has children, and a page what belongs to each element."""
    if type(node.height) is not int or node.kind not in ("list", "map"):
        return False
    if node.height:
        return bool(node.children)
    return (
        type(node.items) is (dict if node.kind == "map" else list)
        and (node.order is None or len(node.order) == len(node.items))
        and (node.marks is None or len(node.marks) == MARK_BYTES * len(node.items))
    )


def _text(marks: bytes) -> str:
    return base64.b64encode(marks).decode()
