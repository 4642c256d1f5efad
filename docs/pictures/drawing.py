"""Boxes with two lines of text and arrows between them, as SVG."""

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

_INK: Final = "#1f2937"
_QUIET: Final = "#4b5563"
_CORNER: Final = 6
_HEAD: Final = "M0,0 L8,4 L0,8 z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A part of the picture.

    Attributes:
        name: its first line, in bold.
        says: its second line.
        fill: colour of its ground.
    """

    name: str
    says: str
    left: int
    top: int
    width: int = 176
    height: int = 46
    fill: str = "#ffffff"

    @property
    def right(self) -> int:
        """Where it ends to the right."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """Where it ends below."""
        return self.top + self.height

    @property
    def middle(self) -> tuple[int, int]:
        """Its middle, from the left and from the top."""
        return self.left + self.width // 2, self.top + self.height // 2


class Drawing:
    """A picture on a ground of its own, so that it reads on a dark page as on a light one."""

    def __init__(self, width: int, height: int, title: str) -> None:
        """Begin with an empty ground; `title` is what a screen reader says."""
        view = f"0 0 {width} {height}"
        svg = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": view, "role": "img"}
        font = {"font-family": "system-ui, sans-serif", "width": str(width), "height": str(height)}
        self._root = ET.Element("svg", svg | font)
        ET.SubElement(self._root, "title").text = title
        marker = ET.SubElement(
            ET.SubElement(self._root, "defs"),
            "marker",
            {"id": "head", "markerWidth": "8", "markerHeight": "8", "refX": "8", "refY": "4"}
            | {"orient": "auto"},
        )
        ET.SubElement(marker, "path", {"d": _HEAD, "fill": _INK})
        self.ground(0, 0, width, height, "#f8fafc")

    def ground(self, left: int, top: int, width: int, height: int, fill: str) -> None:
        """Draw a rounded rectangle."""
        place = {"x": left, "y": top, "width": width, "height": height, "rx": _CORNER}
        colours = {"fill": fill, "stroke": "#94a3b8"}
        ET.SubElement(self._root, "rect", {name: str(at) for name, at in place.items()} | colours)

    def box(self, box: Box) -> None:
        """Draw a box with its two lines."""
        self.ground(box.left, box.top, box.width, box.height, box.fill)
        across, _ = box.middle
        self.text(box.name, across, box.top + 19, bold=True)
        self.text(box.says, across, box.top + 36)

    def text(self, text: str, across: int, down: int, *, bold: bool = False) -> None:
        """Write a line about the middle `across`."""
        look = {"font-size": "14" if bold else "12", "fill": _INK if bold else _QUIET}
        look |= {"font-weight": "600"} if bold else {}
        place = {"x": str(across), "y": str(down), "text-anchor": "middle"}
        ET.SubElement(self._root, "text", place | look).text = text

    def line(self, *points: tuple[int, int], arrow: bool = True) -> None:
        """Draw a line through points, with a head at its end."""
        through = " ".join(f"{across},{down}" for across, down in points)
        look = {"fill": "none", "stroke": _INK, "stroke-width": "1.5"}
        look |= {"marker-end": "url(#head)"} if arrow else {}
        ET.SubElement(self._root, "polyline", {"points": through} | look)

    def render(self) -> str:
        """Return the SVG."""
        ET.indent(self._root)
        return ET.tostring(self._root, encoding="unicode") + "\n"
