"""What a workflow's data does: any size goes in, little stays in the state, the rest is in S3."""

from pathlib import Path
from typing import Final

from docs.pictures.drawing import Box, Drawing

FILE: Final = Path(__file__).with_name("overview.svg")

_WIDTH: Final = 440
_LEFT: Final = 16
_RIGHT: Final = 236
_WIDE: Final = 188
_BELOW: Final = 176
_PIPE: Final = "#e0f2fe"
_STORE: Final = "#ecfccb"


def draw() -> str:
    """Return the picture as SVG."""
    drawing = Drawing(_WIDTH, 246, "Your code, the one pipe, the state, and the objects in S3")
    code = _box("your code", "answers 30 MB", _LEFT, 24)
    pipe = _box("one pipe", "flatten, merge, offload", _RIGHT, 24, _PIPE)
    state = _box("state, at most 150 KB", "small values and pointers", _LEFT, _BELOW)
    objects = _box("objects in S3", "large values, each once", _RIGHT, _BELOW, _STORE)
    for box in (code, pipe, state, objects):
        drawing.box(box)
    drawing.line((code.right, code.middle[1]), (pipe.left, pipe.middle[1]))
    drawing.line((390, pipe.bottom), (390, objects.top))
    drawing.line((270, pipe.bottom), (270, 100), (160, 100), (160, state.top))
    drawing.line((50, state.top), (50, code.bottom))
    drawing.text("the next step", 96, 128)
    drawing.text("the rest", 190, 128)
    drawing.text("large values", 345, 128)
    return drawing.render()


def _box(name: str, says: str, left: int, top: int, fill: str = "#ffffff") -> Box:
    return Box(name=name, says=says, left=left, top=top, width=_WIDE, fill=fill)
