"""A bag, and the objects that its pointers lead to."""

from pathlib import Path
from typing import Final

from docs.pictures.drawing import Box, Drawing

FILE: Final = Path(__file__).with_name("bag.svg")

# Fields of a bag, and what stands in each.
FIELDS: Final = {
    "execution_id": "status, counts",
    "current_state": "small fields in place",
    "distributed_outputs": "ten, and a pointer",
    "state_history": "the newest 50",
    "state_history_archive": "a pointer",
}

_WIDTH: Final = 440
_LEFT: Final = 24
_RIGHT: Final = 252
_FIRST: Final = 48
_PITCH: Final = 60
_POINTER: Final = "#fef3c7"
_PAGE: Final = "#ecfccb"


def draw() -> str:
    """Return the picture as SVG."""
    drawing = Drawing(_WIDTH, 430, "A bag with pointers, and two packs in S3 that they lead to")
    drawing.ground(12, 12, 204, 346, "#f1f5f9")
    drawing.text("the bag, at most 150 KB", 114, 34, bold=True)
    for number, (name, says) in enumerate(FIELDS.items()):
        fill = _POINTER if "pointer" in says else "#ffffff"
        top = _FIRST + number * _PITCH
        drawing.box(Box(name=name, says=says, left=_LEFT, top=top, width=180, fill=fill))
    drawing.ground(240, 12, 188, 216, "#f1f5f9")
    drawing.text("pack of step 12", 334, 34, bold=True)
    drawing.ground(240, 242, 188, 172, "#f1f5f9")
    drawing.text("pack of step 7", 334, 264, bold=True)
    for name, says, top in (
        ("page", "new since step 11", 48),
        ("page", "changed in step 12", 108),
        ("index", "of the long list", 168),
        ("page", "of the history", 288),
        ("page", "of the list, unchanged", 348),
    ):
        drawing.box(_page(name, says, top))
    for row, to in ((2, 191), (4, 311)):
        drawing.line((204, _FIRST + row * _PITCH + 23), (_RIGHT, to))
    drawing.line((404, 191), (420, 191), arrow=False)
    for page in (71, 131, 371):
        drawing.line((420, 191), (420, page), (404, page))
    return drawing.render()


def _page(name: str, says: str, top: int) -> Box:
    return Box(name=name, says=says, left=_RIGHT, top=top, width=152, fill=_PAGE)
