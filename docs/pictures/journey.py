"""The parts, and one result on its way through them: from a worker to the bag and to S3."""

from itertools import pairwise
from pathlib import Path
from typing import Final

from docs.pictures.drawing import Box, Drawing

FILE: Final = Path(__file__).with_name("journey.svg")

# What `sync.py` calls, in this order.
STEPS: Final = {
    "pipe/flatten": "one delta of any result",
    "ingestion/ingest": "JSON, checked",
    "merge/merge": "field by field",
    "pipe/bookkeeping": "counts, next action",
    "pipe/offload": "until the bag fits",
}
# What the unit of work sends through, each room using the one after it.
ROOMS: Final = {
    "bag/": "the unit of work",
    "pages/": "values of any size",
    "packs/": "one object for a call",
    "storage/": "retry, cache, keys",
}

_WIDTH: Final = 440
_LEFT: Final = 24
_RIGHT: Final = 240
_BUS: Final = 220
_FIRST: Final = 176
_PITCH: Final = 64
_STEP: Final = "#e0f2fe"
_ROOM: Final = "#ecfccb"


def draw() -> str:
    """Return the picture as SVG."""
    drawing = Drawing(_WIDTH, 580, "A result on its way from a worker to the bag and to S3")
    drawing.ground(10, 86, _WIDTH - 20, 408, "#f1f5f9")
    worker = Box(name="worker", says="answers a result", left=_LEFT, top=16)
    machine = Box(name="state machine", says="calls the action sync", left=_RIGHT, top=16)
    routing = Box(name="routing", says="validates the event", left=_RIGHT, top=104)
    sync = Box(name="sync", says="the one pipe", left=_LEFT, top=104)
    steps = _column(STEPS, _LEFT, _FIRST, _STEP)
    rooms = _column(ROOMS, _RIGHT, _FIRST + _PITCH, _ROOM)
    bag = Box(name="bag, at most 150 KB", says="to the state machine", left=_LEFT, top=518)
    objects = Box(name="objects in S3", says="written once", left=_RIGHT, top=518)
    for box in (worker, machine, routing, sync, *steps, *rooms, bag, objects):
        drawing.box(box)
    drawing.line((worker.right, worker.middle[1]), (machine.left, machine.middle[1]))
    drawing.line((routing.left, routing.middle[1]), (sync.right, sync.middle[1]))
    for chain in ((machine, routing), (sync, *steps, bag), (*rooms, objects)):
        for above, below in pairwise(chain):
            drawing.line((above.middle[0], above.bottom), (below.middle[0], below.top))
    _bus(drawing, steps, rooms[0])
    drawing.text("in the function", routing.middle[0] + 45, 194)
    return drawing.render()


def _column(parts: dict[str, str], left: int, top: int, fill: str) -> list[Box]:
    return [
        Box(name=name, says=says, left=left, top=top + number * _PITCH, fill=fill)
        for number, (name, says) in enumerate(parts.items())
    ]


def _bus(drawing: Drawing, steps: list[Box], unit: Box) -> None:
    """Lead from each step to the unit of work that they share."""
    for step in steps:
        drawing.line((step.right, step.middle[1]), (_BUS, step.middle[1]), arrow=False)
    drawing.line((_BUS, steps[0].middle[1]), (_BUS, steps[-1].middle[1]), arrow=False)
    drawing.line((_BUS, unit.middle[1]), (unit.left, unit.middle[1]))
