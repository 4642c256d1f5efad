"""A state as an area, each part as large as its bytes: the squarified treemap.

Bruls, Huizing, van Wijk: Squarified Treemaps (2000), https://www.win.tue.nl/~vanwijk/stm.pdf
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from statebag.report.excerpt import Node

WIDTH: Final = 1120.0
HEIGHT: Final = 420.0
_HEADER: Final = 18.0
_GAP: Final = 2.0
_MAX_DEPTH: Final = 4
# What is smaller cannot be told apart.
_MIN_SIDE: Final = 4.0
_MIN_OPENED: Final = (70.0, 46.0)
# The part of a map or list that the page does not carry is worth a tile from this share on.
_MIN_REST: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def inside(self) -> "Box":
        """What is left below the header."""
        return Box(
            x=self.x + _GAP,
            y=self.y + _HEADER,
            width=self.width - 2 * _GAP,
            height=self.height - _HEADER - _GAP,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part, or what the page does not carry of one, in its place.

    Attributes:
        node: the part; the one it belongs to for a rest.
        is_rest: whether it is what is not carried of the part.
        is_opened: whether tiles of its members lie on it.
    """

    box: Box
    node: Node
    size: int
    depth: int
    is_rest: bool = False
    is_opened: bool = False


def tiles_of(root: Node) -> list[Tile]:
    """Return the tiles, those that lie on others after them."""
    return list(_inside(root, Box(x=0, y=0, width=WIDTH, height=HEIGHT), 0))


def _inside(node: Node, box: Box, depth: int) -> Iterator[Tile]:
    carried = sorted(node.members, key=lambda member: -member.part.size)
    rest = node.part.size - sum(member.part.size for member in carried)
    parts: list[tuple[Node, int, bool]] = [(each, each.part.size, False) for each in carried]
    if node.hidden and rest > _MIN_REST * node.part.size:
        parts.append((node, rest, True))
        parts.sort(key=lambda part: -part[1])
    sizes = [size for _, size, _ in parts]
    for (part, size, is_rest), place in zip(parts, squarified(sizes, box), strict=True):
        if min(place.width, place.height) < _MIN_SIDE:
            continue
        is_opened = not is_rest and bool(part.members) and _is_worth_opening(place, depth)
        yield Tile(
            box=place, node=part, size=size, depth=depth, is_rest=is_rest, is_opened=is_opened
        )
        if is_opened:
            yield from _inside(part, place.inside, depth + 1)


def _is_worth_opening(box: Box, depth: int) -> bool:
    return depth < _MAX_DEPTH and box.width >= _MIN_OPENED[0] and box.height >= _MIN_OPENED[1]


def squarified(sizes: Sequence[int], box: Box) -> list[Box]:
    """Return a box for each size, largest first, that together fill `box`, as square as can be."""
    total = sum(sizes)
    if not total:
        return [Box(x=box.x, y=box.y, width=0, height=0) for _ in sizes]
    areas = [size * box.width * box.height / total for size in sizes]
    boxes: list[Box] = []
    while len(boxes) < len(areas):
        side = min(box.width, box.height)
        row = _row(areas[len(boxes) :], side)
        placed, box = _placed(row, box)
        boxes += placed
    return boxes


def _row(areas: Sequence[float], side: float) -> list[float]:
    """Return as many areas as make the squarest row along a side."""
    row = [areas[0]]
    for area in areas[1:]:
        if _worst([*row, area], side) > _worst(row, side):
            break
        row.append(area)
    return row


def _worst(row: Sequence[float], side: float) -> float:
    """Return the highest ratio of sides among the boxes of a row."""
    total, least = sum(row), min(row)
    if not least or not side:
        return float("inf")
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * least))


def _placed(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Return the boxes of a row along the shorter side, and what is left beside it."""
    is_column = box.width >= box.height
    side = box.height if is_column else box.width
    depth = sum(row) / side if side else 0.0
    at, placed = 0.0, []
    for area in row:
        length = area / depth if depth else 0.0
        if is_column:
            placed.append(Box(x=box.x, y=box.y + at, width=depth, height=length))
        else:
            placed.append(Box(x=box.x + at, y=box.y, width=length, height=depth))
        at += length
    if is_column:
        left = Box(x=box.x + depth, y=box.y, width=box.width - depth, height=box.height)
    else:
        left = Box(x=box.x, y=box.y + depth, width=box.width, height=box.height - depth)
    return placed, left
