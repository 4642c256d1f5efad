"""Line plots as SVG: enough for a few curves on logarithmic or plain axes, and no more."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

Point = tuple[float, float]

_WIDTH: Final = 520
_HEIGHT: Final = 360
_LEFT: Final = 80
_BOTTOM: Final = 60
_TOP: Final = 50
_RIGHT: Final = 20
_COLOURS: Final = ("#0b6e99", "#c0392b", "#6b7280", "#2e7d32")
_TICKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis.

    Attributes:
        label: what it shows, with its unit.
        logarithmic: each tick ten times the one before; values must be over zero.
    """

    label: str
    logarithmic: bool = False

    def ticks(self, values: Sequence[float]) -> list[float]:
        """Return round values that enclose these."""
        top = max(values)
        if self.logarithmic:
            first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(top))
            return [10.0**power for power in range(first, max(last, first + 1) + 1)]
        magnitude: float = 10.0 ** math.floor(math.log10(top / _TICKS))
        steps = (magnitude * factor for factor in (1, 2, 5, 10))
        step = next(step for step in steps if step * _TICKS >= top)
        return [step * count for count in range(math.ceil(top / step) + 1)]

    def scale(self, ticks: Sequence[float], start: float, end: float) -> Callable[[float], float]:
        """Return the function from a value to its place between `start` and `end`."""

        def position(value: float) -> float:
            return math.log10(value) if self.logarithmic else value

        low, high = position(ticks[0]), position(ticks[-1])
        return lambda value: start + (end - start) * (position(value) - low) / (high - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One plot.

    Attributes:
        title: above it.
        x: the axis to the right.
        y: the axis upwards.
        curves: points by the name of each curve.
    """

    title: str
    x: Axis
    y: Axis
    curves: dict[str, list[Point]]


def write(panels: Sequence[Panel], path: Path) -> None:
    """Write the panels side by side."""
    size = {"width": str(_WIDTH * len(panels)), "height": str(_HEIGHT)}
    style = {"font-family": "sans-serif", "font-size": "12", "fill": "#222"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **style})
    ET.SubElement(svg, "rect", {**size, "fill": "white"})
    for number, panel in enumerate(panels):
        group = ET.SubElement(svg, "g", {"transform": f"translate({number * _WIDTH} 0)"})
        _draw(panel, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.indent(svg)
    path.write_text(ET.tostring(svg, encoding="unicode") + "\n", encoding="utf-8")


def _draw(panel: Panel, group: ET.Element) -> None:
    points = [point for curve in panel.curves.values() for point in curve]
    x_ticks = panel.x.ticks([x for x, _ in points])
    y_ticks = panel.y.ticks([y for _, y in points])
    place_x = panel.x.scale(x_ticks, _LEFT, _WIDTH - _RIGHT)
    place_y = panel.y.scale(y_ticks, _HEIGHT - _BOTTOM, _TOP)
    _text(group, panel.title, _WIDTH / 2, 22, **{"font-weight": "bold", "text-anchor": "middle"})
    for tick in x_ticks:
        _line(group, (place_x(tick), _TOP), (place_x(tick), _HEIGHT - _BOTTOM))
        _text(group, f"{tick:,g}", place_x(tick), _HEIGHT - 42, **{"text-anchor": "middle"})
    for tick in y_ticks:
        _line(group, (_LEFT, place_y(tick)), (_WIDTH - _RIGHT, place_y(tick)))
        _text(group, f"{tick:,g}", _LEFT - 6, place_y(tick) + 4, **{"text-anchor": "end"})
    _text(group, panel.x.label, _WIDTH / 2, _HEIGHT - 18, **{"text-anchor": "middle"})
    turned = {"transform": f"rotate(-90 18 {_HEIGHT / 2})", "text-anchor": "middle"}
    _text(group, panel.y.label, 18, _HEIGHT / 2, **turned)
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(place_x(x), place_y(y)) for x, y in curve]
        for start, end in pairwise(places):
            _line(group, start, end, stroke=colour, **{"stroke-width": "2.5"})
        _text(group, name, _LEFT + 12, _TOP + 18 + 17 * number, fill=colour)


def _line(group: ET.Element, start: Point, end: Point, **style: str) -> None:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    places = {name: f"{value:.1f}" for name, value in ends.items()}
    ET.SubElement(group, "line", {**places, "stroke": "#ddd", **style})


def _text(group: ET.Element, text: str, x: float, y: float, **style: str) -> None:
    ET.SubElement(group, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **style}).text = text
