"""The payload of each step against the limit, as it was and as it would be without offloading."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from statebag.output.rendering import bytes_text
from statebag.report.visits import Visit
from universal_sync_core.limits import KIB, STEP_FUNCTIONS_PAYLOAD_BYTES

WIDTH: Final = 1120
HEIGHT: Final = 320
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 16, 36
LIMIT: Final = STEP_FUNCTIONS_PAYLOAD_BYTES
# The scale is logarithmic: without offloading a state is soon a hundred times what it is with it.
_LEAST: Final = 256
_MOST: Final = 4 * LIMIT
_TICK_FACTOR: Final = 4
# More points than that would not be seen, and the page has to open quickly.
_MAX_POINTS: Final = 1_000
_TICKS_ACROSS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One visit, or the largest of some that follow each other, where it stands."""

    x: float
    y: float
    y_without: float
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn.

    Attributes:
        limit: the height of the limit.
        levels: heights and their labels.
        numbers: places and the positions of the visits that stand there.
        breaks: places at which the next execution of the chain begins.
        visits_of_point: how many visits a point stands for.
    """

    points: Sequence[Point]
    limit: float
    levels: Sequence[tuple[float, str]]
    numbers: Sequence[tuple[float, int]]
    breaks: Sequence[float]
    visits_of_point: int

    @property
    def line(self) -> str:
        """The payloads, as the `d` of a path."""
        return _stairs([(point.x, point.y) for point in self.points], self._step)

    @property
    def area(self) -> str:
        """The same, closed at the bottom."""
        floor, end = HEIGHT - BOTTOM, self.points[-1].x + self._step
        return f"{self.line} L{end:.1f} {floor} L{self.points[0].x:.1f} {floor} Z"

    @property
    def line_without(self) -> str:
        """The payloads without offloading."""
        return _stairs([(point.x, point.y_without) for point in self.points], self._step)

    @property
    def _step(self) -> float:
        return (WIDTH - LEFT - RIGHT) / len(self.points)


def chart_of(visits: Sequence[Visit]) -> Chart:
    """Return the chart of one visit or more."""
    together = math.ceil(len(visits) / _MAX_POINTS)
    groups = [visits[at : at + together] for at in range(0, len(visits), together)]
    most = max(_MOST, *(2 * visit.without_offload for visit in visits))
    across = (WIDTH - LEFT - RIGHT) / len(groups)
    points = [
        Point(
            x=LEFT + across * at,
            y=_height(max(visit.payload for visit in group), most),
            y_without=_height(max(visit.without_offload for visit in group), most),
            visit=max(group, key=lambda visit: visit.payload),
        )
        for at, group in enumerate(groups)
    ]
    every = max(1, math.ceil(len(groups) / _TICKS_ACROSS))
    return Chart(
        points=points,
        limit=_height(LIMIT, most),
        levels=list(_levels(most)),
        numbers=[(points[at].x, groups[at][0].index + 1) for at in range(0, len(groups), every)],
        breaks=[
            points[at].x
            for at in range(1, len(groups))
            if groups[at][0].execution != groups[at - 1][0].execution
        ],
        visits_of_point=together,
    )


def _height(size: int, most: int) -> float:
    share = math.log(max(size, _LEAST) / _LEAST) / math.log(most / _LEAST)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _levels(most: int) -> Iterator[tuple[float, str]]:
    level = KIB
    while level < most:
        if level != LIMIT:
            yield _height(level, most), bytes_text(level).replace(".0 ", " ")
        level *= _TICK_FACTOR


def _stairs(points: Sequence[tuple[float, float]], step: float) -> str:
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    parts += [f"V{y:.1f} H{x + step:.1f}" for x, y in points]
    return " ".join(parts)
