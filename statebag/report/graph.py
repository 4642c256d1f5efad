"""The states an execution visited as a graph, set as a tree: each way back is named, not drawn.

A workflow that routes from one state, as ours does, is a few chains that all lead back there. Drawn
as lines, the ways back would hide the rest.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from statebag.report.visits import Visit

_LETTER: Final = 7.1
_SMALL_LETTER: Final = 6.2
_STATE_HEIGHT: Final = 48.0
_WAY_BACK_HEIGHT: Final = 22.0
_HEADER: Final = 44.0
_PADDING: Final = 14.0
_LEAST_WIDTH: Final = 112.0
_ACROSS: Final = 22.0
_DOWN: Final = 34.0
_CORNER: Final = 6.0


@dataclass(slots=True, kw_only=True)
class State:
    """A state, and all visits of it in one place of the graph.

    Attributes:
        after: states that were first reached from here, with how often they were.
        back: states that were reached from elsewhere before, with how often from here.
        inner: the first state inside of a map or parallel, and all that follow.
    """

    name: str
    visits: list[Visit] = field(default_factory=list)
    after: dict[str, int] = field(default_factory=dict)
    back: Counter[str] = field(default_factory=Counter)
    inner: "Graph | None" = None

    @property
    def kind(self) -> str:
        """Its type."""
        return self.visits[0].kind

    @property
    def largest(self) -> int:
        """Bytes of its largest payload."""
        return max(visit.payload for visit in self.visits)

    @property
    def errors(self) -> Sequence[str]:
        """Names of the errors its visits met."""
        return sorted({visit.error for visit in self.visits if visit.error})

    @property
    def tone(self) -> str:
        """`failed` where an error ended a visit, `troubled` where one did not, else empty."""
        if any(visit.has_failed for visit in self.visits):
            return "failed"
        return "troubled" if self.errors else ""


@dataclass(slots=True, kw_only=True)
class Graph:
    """States that follow each other, by name; those of `starts` follow none."""

    states: dict[str, State] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A state or a way back in its place; x is of the left side, y of the top."""

    x: float
    y: float
    width: float
    height: float
    state: State | None = None
    back_to: str = ""
    count: int = 0

    def moved(self, x: float, y: float) -> "Placed":
        """Return it elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A line from a state down to the next."""

    x: float
    y: float
    to_x: float
    to_y: float
    count: int = 0

    def moved(self, x: float, y: float) -> "Move":
        """Return it elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y, to_x=self.to_x + x, to_y=self.to_y + y)

    @property
    def line(self) -> str:
        """The `d` of its path."""
        middle, across = (self.y + self.to_y) / 2, self.to_x - self.x
        if abs(across) < 2 * _CORNER:
            return f"M{self.x:.1f} {self.y:.1f} L{self.to_x:.1f} {self.to_y:.1f}"
        corner = math.copysign(_CORNER, across)
        return (
            f"M{self.x:.1f} {self.y:.1f} V{middle - _CORNER:.1f} q0 {_CORNER} {corner} {_CORNER} "
            f"H{self.to_x - corner:.1f} q{corner} 0 {corner} {_CORNER} V{self.to_y:.1f}"
        )


@dataclass(slots=True, kw_only=True)
class Drawing:
    """Part of the graph, set; its origin is its upper left corner.

    Attributes:
        entry: where a line comes in, on the upper side.
    """

    width: float = 0.0
    height: float = 0.0
    entry: float = 0.0
    placed: list[Placed] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def take(self, other: "Drawing", x: float, y: float) -> None:
        """Take over what is in another drawing, at a place of this one."""
        self.placed += [each.moved(x, y) for each in other.placed]
        self.moves += [each.moved(x, y) for each in other.moves]


def graph_of(visits: Sequence[Visit]) -> Graph:
    """Return the states of the visits, each map or parallel with those inside of it."""
    names = {(visit.execution, visit.number): visit for visit in visits}
    whole, before = Graph(), dict[tuple[int, int | None, int | None], str]()
    for visit in visits:
        graph = whole
        for parent in _parents(visit, names):
            state = graph.states[parent.state]
            state.inner = state.inner or Graph()
            graph = state.inner
        place = (visit.execution, visit.parent, visit.iteration)
        _add(graph, visit, before.get(place))
        before[place] = visit.state
    return whole


def _parents(visit: Visit, names: dict[tuple[int, int], Visit]) -> list[Visit]:
    """Return the visits that this one is inside of, the outermost first."""
    parents: list[Visit] = []
    while visit.parent is not None:
        visit = names[visit.execution, visit.parent]
        parents.append(visit)
    return parents[::-1]


def _add(graph: Graph, visit: Visit, before: str | None) -> None:
    name = visit.state
    is_new = name not in graph.states
    graph.states.setdefault(name, State(name=name)).visits.append(visit)
    if before is None:
        if is_new:
            graph.starts.append(name)
        return
    previous = graph.states[before]
    if is_new or name in previous.after:
        previous.after[name] = previous.after.get(name, 0) + 1
    else:
        previous.back[name] += 1


def drawing_of(graph: Graph) -> Drawing:
    """Return the graph, set from top to bottom."""
    blocks = [_set(graph, name) for name in graph.starts]
    return _beside(blocks)[0]


def _beside(blocks: Sequence[Drawing]) -> tuple[Drawing, list[float]]:
    """Return drawings set side by side, and where a line comes into each."""
    row, entries = Drawing(), list[float]()
    for block in blocks:
        x = row.width + _ACROSS if entries else 0.0
        row.take(block, x, 0)
        entries.append(x + block.entry)
        row.width = x + block.width
        row.height = max(row.height, block.height)
    row.entry = (entries[0] + entries[-1]) / 2 if entries else 0.0
    return row, entries


def _set(graph: Graph, name: str) -> Drawing:
    """Return a state with all that was first reached from it below."""
    state = graph.states[name]
    own, counts = _state_drawing(state), list(_counts(state))
    below = [_set(graph, after) for after in state.after]
    below += [_way_back(target, count) for target, count in state.back.items()]
    row, entries = _beside(below)
    shift = max(0.0, own.width / 2 - row.entry) if below else 0.0
    at = max(0.0, row.entry + shift - own.width / 2) if below else 0.0
    whole = Drawing(
        width=max(at + own.width, shift + row.width),
        height=own.height + (_DOWN + row.height if below else 0.0),
        entry=at + own.width / 2,
    )
    whole.take(own, at, 0)
    whole.take(row, shift, own.height + _DOWN)
    for entry, count in zip(entries, counts, strict=True):
        whole.moves.append(
            Move(
                x=whole.entry,
                y=own.height,
                to_x=shift + entry,
                to_y=own.height + _DOWN,
                count=count,
            )
        )
    return whole


def _counts(state: State) -> Iterator[int]:
    yield from state.after.values()
    yield from state.back.values()


def _state_drawing(state: State) -> Drawing:
    width = max(_LEAST_WIDTH, _LETTER * len(state.name) + 2 * _PADDING)
    if state.inner is None:
        drawing = Drawing(width=width, height=_STATE_HEIGHT)
    else:
        inner = drawing_of(state.inner)
        drawing = Drawing(
            width=max(width, inner.width + 2 * _PADDING),
            height=_HEADER + inner.height + _PADDING,
        )
        drawing.take(inner, (drawing.width - inner.width) / 2, _HEADER)
    box = Placed(x=0, y=0, width=drawing.width, height=drawing.height, state=state)
    drawing.placed.insert(0, box)
    drawing.entry = drawing.width / 2
    return drawing


def _way_back(target: str, count: int) -> Drawing:
    width = _SMALL_LETTER * len(target) + 2 * _PADDING + 10
    pill = Placed(x=0, y=0, width=width, height=_WAY_BACK_HEIGHT, back_to=target, count=count)
    return Drawing(width=width, height=_WAY_BACK_HEIGHT, entry=width / 2, placed=[pill])
