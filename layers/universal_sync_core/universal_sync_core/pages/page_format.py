"""The documents that long lists and wide maps are stored as: leaf pages under index nodes.

docs/formats.md describes the format with an example; parse and render are side by side here.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.values.address import Address, beside, digest_in
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import is_digest, is_range, is_whole

TreeKind: TypeAlias = Literal["list", "map"]

PAGE: Final = "__page"
VERSION: Final = 1
MARK_BYTES: Final = 6
# An index object has at least two children if there is more than one page.
MAX_HEIGHT: Final = 64
# The approximate bytes of a child in an index object, without its least key and its marks.
_ROW_BYTES: Final = 150
# Returns the pack of an address, as the current document names it, and where in it the document
# begins.
Refer: TypeAlias = Callable[[Address], list[Json]]


@dataclass(frozen=True, slots=True)
class Child:
    """What an index object knows about a page or index object under it.

    Attributes:
        at: the place of the child.
        count: the number of elements under it.
        size: the bytes that its own entries take.
        weight: the bytes of those elements as JSON, including values behind pointers, keys and
            commas.
        first: the least key that may be under it, in a map.
        marks: digests of the elements of a page, in a marked list.
    """

    at: Address
    count: int
    size: int
    weight: int
    first: str = ""
    marks: bytes = b""

    @property
    def size_in_parent(self) -> int:
        """The approximate bytes that the child takes in an index object."""
        return _ROW_BYTES + len(self.first) + 2 * len(self.marks)

    def render(self, refer: Refer) -> list[Json]:
        """Return the row of the child in an index object.

        Args:
            refer: returns the pack of an address, and where in it the child begins.
        """
        place = [*refer(self.at), self.at.length, self.at.digest]
        row: list[Json] = [*place, self.count, self.size, self.weight]
        return [*row, self.first, _text(self.marks)] if self.first or self.marks else row

    @classmethod
    def parse(cls, row: list[Json], parent: Address, *, has_marks: bool) -> "Child":
        """Return the child that a row of an index object describes.

        Args:
            row: the row.
            parent: the place of the index object.
            has_marks: whether it must have a mark of each element.

        Raises:
            ValueError, TypeError: it is not such a row.
        """
        pack, start, length, digest, count, size, weight, *rest = row
        first, marks = rest or ("", "")
        if type(pack) is not str or not is_range([start, length]) or not is_digest(digest):
            raise ValueError("the place of a child")
        at = Address(*_pack_of(pack, start, length, parent), length, digest)
        if not all(map(is_whole, (count, size, weight))) or not count or type(first) is not str:
            raise ValueError("the numbers of a child")
        child = cls(at, count, size, weight, first, _marks(marks))
        if len(child.marks) != (MARK_BYTES * count if has_marks else 0):
            raise ValueError("the marks of a child")
        return child


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A page (height 0) or an index object that was read.

    Attributes:
        items: a page's elements; a list, or a dict.
        order: the position of each key of the page among the keys of the whole map; None if the
            page is the whole map, in its own order.
        marks: digests of the elements; None in an unmarked list.
        clean: whether no element contains a pointer or an escaped key.
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
        """The number of elements of the list or map from here down."""
        return sum(child.count for child in self.children) if self.height else len(self.items)

    @property
    def weight(self) -> int:
        """The bytes of the elements below an index object as JSON."""
        return sum(child.weight for child in self.children)

    @property
    def is_marked(self) -> bool:
        """Whether a list from here down has digests of its elements."""
        return self.marks is not None


def render_page(
    kind: TreeKind, items: bytes, *, order: Sequence[int] | None, marks: bytes | None
) -> bytes:
    """Return the body of a page.

    Args:
        kind: of the tree.
        items: the JSON of the elements, separated by commas.
        order: positions of the keys, if they are written down.
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


def render_index(
    kind: TreeKind, height: int, children: list[Child], refer: Refer, *, marked: bool
) -> bytes:
    """Return the body of an index object; `refer` is as in `Child.render`."""
    head: JsonObject = {PAGE: VERSION, "kind": kind, "height": height}
    if marked:
        head["marks"] = ""
    return encode(head | {"children": [child.render(refer) for child in children]})


def is_node(value: Json) -> bool:
    """Tell whether a stored document is a page or an index object."""
    return type(value) is dict and PAGE in value


def parse_node(document: Json, at: Address, *, clean: bool = False) -> Node:
    """Return the page or index object in a stored document.

    Args:
        document: the stored JSON; it must have all parts of one, and no others.
        at: the place of the document.
        clean: whether its JSON contains no pointer and no escaped key.

    Raises:
        MalformedPointerError: it is neither, or has a version that this code cannot read.
    """
    if not is_node(document) or type(document[PAGE]) is not int or document[PAGE] != VERSION:
        raise MalformedPointerError("not a page that this version can read", path=at.path)
    try:
        return _parsed(document, at, clean=clean)
    except KeyError as error:
        raise MalformedPointerError("the page lacks some of its parts", path=at.path) from error
    except (TypeError, ValueError) as error:
        raise MalformedPointerError(f"not a page (wrong: {error})", path=at.path) from error


def digest_mark(canonical: bytes) -> bytes:
    """Return the mark of an element: equal elements have equal marks, others hardly ever."""
    return hashlib.sha256(canonical).digest()[:MARK_BYTES]


def split_marks(marks: bytes) -> list[bytes]:
    """Return the marks of single elements."""
    return [marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)]


def _parsed(document: JsonObject, at: Address, *, clean: bool) -> Node:
    kind, height = document["kind"], document["height"]
    if kind not in ("list", "map") or not is_whole(height) or height > MAX_HEIGHT:
        raise ValueError("kind or height")
    if height:
        return _index(document, kind, at, clean=clean)
    return _page(document, kind, clean=clean)


def _pack_of(pack: str, start: int, length: int, parent: Address) -> tuple[str, int]:
    """Return the path of a child's pack, and where the child begins in it."""
    if not pack:  # the parent's own pack: the start counts back from the parent
        if not length <= start <= parent.start:
            raise ValueError("the place of a child")
        return parent.path, parent.start - start
    path = beside(parent.path, pack) if is_digest(pack) else pack
    if digest_in(path) is None:
        raise ValueError("the pack of a child")
    return path, start


def _index(document: JsonObject, kind: TreeKind, at: Address, *, clean: bool) -> Node:
    _require_keys(document, {"children"}, {"marks"} if kind == "list" else set())
    marks = _marks(document["marks"]) if "marks" in document else None
    if marks or type(document["children"]) is not list or not document["children"]:
        raise ValueError("children or marks")
    height: int = document["height"]
    has_marks = marks is not None and height == 1
    children = [Child.parse(row, at, has_marks=has_marks) for row in document["children"]]
    firsts = [child.first for child in children]
    if any(firsts) if kind == "list" else any(a >= b for a, b in pairwise(firsts)):
        raise ValueError("least keys")
    return Node(kind=kind, height=height, marks=marks, children=children, clean=clean)


def _page(document: JsonObject, kind: TreeKind, *, clean: bool) -> Node:
    _require_keys(document, {"items"}, {"marks"} if kind == "list" else {"order"})
    items, order = document["items"], document.get("order")
    marks = _marks(document["marks"]) if "marks" in document else None
    if type(items) is not (list if kind == "list" else dict):
        raise ValueError("items")
    if marks is not None and len(marks) != MARK_BYTES * len(items):
        raise ValueError("marks")
    if "order" in document:
        _require_order(order, items)
    return Node(kind=kind, height=0, items=items, order=order, marks=marks, clean=clean)


def _require_keys(document: JsonObject, own: set[str], optional: set[str]) -> None:
    needed = {PAGE, "kind", "height", *own}
    if not needed <= document.keys() <= needed | optional:
        raise ValueError("keys")


def _require_order(order: Json, items: Json) -> None:
    """Refuse wrong positions, and keys that are not sorted."""
    is_order = (
        type(order) is list
        and len(order) == len(items)
        and set(map(type, order)) <= {int}
        and len(set(order)) == len(order)
        and is_whole(min(order, default=0))
        and is_whole(max(order, default=0))
    )
    if not is_order or list(items) != sorted(items):
        raise ValueError("order")


def _marks(text: Json) -> bytes:
    if type(text) is not str:
        raise ValueError("marks")
    return base64.b64decode(text, validate=True)


def _text(marks: bytes) -> str:
    return base64.b64encode(marks).decode()
