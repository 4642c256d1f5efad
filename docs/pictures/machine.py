"""The state machine: what it does after each result."""

from pathlib import Path
from typing import Final

from docs.pictures.drawing import Box, Drawing

FILE: Final = Path(__file__).with_name("machine.svg")

FIRST: Final = "InitializeState"
ROUTE: Final = "RouteNextAction"
# What a bag says, the state that begins it, and the state that ends it.
ROWS: Final = (
    ("CONTINUE", "RunSegment", "SyncSegment"),
    ("PARALLEL_GROUP", "ProcessParallelBranches", "AggregateBranches"),
    ("DISTRIBUTED_MAP", "CreatePreSnapshot", "CreatePostSnapshot"),
    ("PAUSED_FOR_HITP", "WaitForCallback", "MergeCallback"),
    ("ASYNC", "WaitForAsync", "MergeAsync"),
    ("awaited_job", "WaitForJob", "MergeAsync"),
    ("WAIT", "Wait", "WaitOver"),
    ("held_by_operator", "Held", "Released"),
)
ENDS: Final = (
    ("COMPLETE", "Complete"),
    ("a branch of its own ends", "EndBranchExecution"),
    ("the history is full", "HandOver"),
    ("something failed", "RecordFailure"),
)

_WIDTH: Final = 488
_LEFT: Final = 44
_RIGHT: Final = 268
_WIDE: Final = 200
_BUS: Final = 24
_BACK: Final = 478
_TOP: Final = 92
_PITCH: Final = 56
_ROUTE: Final = "#e0f2fe"
_END: Final = "#ecfccb"


def draw() -> str:
    """Return the picture as SVG."""
    last = _TOP + _PITCH * (len(ROWS) + len(ENDS) - 1)
    drawing = Drawing(_WIDTH, last + 62, "What the state machine does after each result")
    first = Box(name=FIRST, says="makes the bag", left=_RIGHT, top=16, width=_WIDE)
    route = Box(
        name=ROUTE, says="reads next_action", left=_BUS - 8, top=16, width=_WIDE, fill=_ROUTE
    )
    drawing.box(first)
    drawing.box(route)
    drawing.line((first.left, first.middle[1]), (route.right, route.middle[1]))
    for number, (action, begins, ends) in enumerate(ROWS):
        _row(drawing, _TOP + number * _PITCH, action, begins, ends)
    for number, (why, state) in enumerate(ENDS, len(ROWS)):
        top = _TOP + number * _PITCH
        drawing.box(Box(name=state, says=why, left=_LEFT, top=top, width=_WIDE, fill=_END))
        drawing.line((_BUS, top + 23), (_LEFT, top + 23))
    drawing.line((_BUS, route.bottom), (_BUS, last + 23), arrow=False)
    middle = _TOP + (len(ROWS) - 1) * _PITCH + 23
    drawing.line((_BACK, middle), (_BACK, 78), (120, 78), (120, route.bottom))
    return drawing.render()


def _row(drawing: Drawing, top: int, action: str, begins: str, ends: str) -> None:
    one = Box(name=begins, says=action, left=_LEFT, top=top, width=_WIDE)
    two = Box(name=ends, says="and route again", left=_RIGHT, top=top, width=_WIDE)
    drawing.box(one)
    drawing.box(two)
    drawing.line((_BUS, one.middle[1]), (one.left, one.middle[1]))
    drawing.line((one.right, one.middle[1]), (two.left, two.middle[1]))
    drawing.line((two.right, two.middle[1]), (_BACK, two.middle[1]), arrow=False)
