"""The parts of the stack, and who uses the state bucket."""

from itertools import pairwise
from pathlib import Path
from typing import Final

from docs.pictures.drawing import Box, Drawing

FILE: Final = Path(__file__).with_name("parts.svg")

# What each part is to a reader, and its name in the template.
PARTS: Final = {
    "state machine": "StateDataStateMachine",
    "function": "StateDataManagerFunction",
    "layer": "UniversalSyncCoreLayer",
    "state bucket": "StateBucket",
    "retention": "RetentionFunction",
}

_WIDTH: Final = 440
_LEFT: Final = 16
_RIGHT: Final = 236
_WIDE: Final = 188
_ROWS: Final = (16, 104, 192, 280)
_OURS: Final = "#e0f2fe"
_STORE: Final = "#ecfccb"


def draw() -> str:
    """Return the picture as SVG."""
    drawing = Drawing(_WIDTH, 342, "The parts of the stack round the state bucket")
    machine = _part("state machine", _LEFT, 0)
    worker = Box(name="your worker", says="does the work", left=_RIGHT, top=_ROWS[0], width=_WIDE)
    function = _part("function", _LEFT, 1)
    layer = _part("layer", _RIGHT, 1)
    bucket = _part("state bucket", _LEFT, 2, _STORE, _WIDTH - 2 * _LEFT)
    retention = _part("retention", _LEFT, 3)
    statebag = Box(name="statebag", says="for you, on call", left=_RIGHT, top=_ROWS[3], width=_WIDE)
    for box in (machine, worker, function, layer, bucket, retention, statebag):
        drawing.box(box)
    for left, right in ((machine, worker), (function, layer)):
        drawing.line((left.right, left.middle[1]), (right.left, right.middle[1]))
    for above, below in pairwise((machine, function, bucket)):
        drawing.line((above.middle[0], above.bottom), (above.middle[0], below.top))
    for above, below in pairwise((worker, layer, bucket)):
        drawing.line((above.middle[0], above.bottom), (above.middle[0], below.top))
    for below in (retention, statebag):
        drawing.line((below.middle[0], below.top), (below.middle[0], bucket.bottom))
    return drawing.render()


def _part(name: str, left: int, row: int, fill: str = _OURS, width: int = _WIDE) -> Box:
    return Box(name=name, says=PARTS[name], left=left, top=_ROWS[row], width=width, fill=fill)
