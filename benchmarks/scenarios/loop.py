"""A workflow whose state grows with every step: what it uploads, against the first design."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.metered import MeteredStore
from benchmarks.payloads import Payloads
from benchmarks.pipelines import GROWING, OPENERS, Opener
from benchmarks.rows import Row
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import JsonObject

STEP_BYTES: Final = 10 * KIB
STEPS: Final = 250
_MARKS: Final = 20
# How much dearer the last fifth of the steps may be than the second fifth: of a quadratic curve it
# is 3, of a line 1; an index over pages adds its logarithm.
_LINEAR: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What has been uploaded.

    Attributes:
        points: steps, and bytes uploaded until then.
    """

    points: list[tuple[int, int]]

    @property
    def total(self) -> int:
        """Bytes uploaded in all."""
        return self.points[-1][1]

    @property
    def bend(self) -> float:
        """Bytes of the last fifth of the steps by those of the second fifth."""
        fifth = len(self.points) // 5
        sent = [after[1] - before[1] for before, after in pairwise([(0, 0), *self.points])]
        return sum(sent[-fifth:]) / sum(sent[fifth : 2 * fifth])


def result(payloads: Payloads, step: int, size: int = STEP_BYTES) -> JsonObject:
    """Return what a worker answers to one step: more of a list, and an entry for the history."""
    return {
        "current_state": {GROWING: payloads.records(size), "last_step": step},
        "state_history": [payloads.history_entry()],
        "status": "CONTINUE",
    }


def curve(opener: Opener, steps: int) -> Curve:
    """Return what a pipeline uploads in a loop of that many steps."""
    payloads, store = Payloads(), MeteredStore()
    points: list[tuple[int, int]] = []
    with opener(store) as pipeline:
        bag: JsonObject = {}
        for step in range(1, steps + 1):
            bag = pipeline(bag, result(payloads, step))
            if step % max(1, steps // _MARKS) == 0:
                points.append((step, store.bytes_sent))
    return Curve(points=points)


def curves(steps: int = STEPS) -> tuple[Curve, Curve]:
    """Return what the product uploads in a loop, and what the first design does."""
    own, first = (curve(opener, steps) for opener in OPENERS)
    return own, first


def rows(own: Curve, first: Curve, steps: int) -> Iterator[Row]:
    """Yield the rows of this section."""
    loop = f"a loop of {steps} steps of {STEP_BYTES // KIB} KB each"
    yield Row(
        scenario=f"bytes uploaded in {loop}",
        baseline="the pipeline as first designed",
        measured=first.total / own.total,
        target=50,
        at_least=True,
    )
    yield Row(
        scenario=f"bytes of the last {steps // 5} of {steps} steps",
        baseline=f"of steps {steps // 5 + 1} to {2 * steps // 5}",
        measured=own.bend,
        target=_LINEAR,
        note=f"the first design {first.bend:.1f}",
    )
