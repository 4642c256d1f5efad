"""The plot: bytes against the number of steps, and dollars against the size of the state."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import plot
from benchmarks.plot import Axis, Panel
from benchmarks.scenarios import cost
from benchmarks.scenarios.loop import STEP_BYTES, Curve
from universal_sync_core.limits import KIB

STATE_BYTES = tuple(KIB * size for size in (10, 30, 100, 300, 1_000, 3_000))
_SEGMENTS = 10
_MB = KIB * KIB
_OURS = "Universal Sync Core"
_FIRST = "as first designed"


def draw(
    own: Curve,
    first: Curve,
    path: Path,
    sizes: Sequence[int] = STATE_BYTES,
    segments: int = _SEGMENTS,
) -> None:
    """Write the plot.

    Args:
        own: what the product uploads.
        first: what the first design does.
        path: of the SVG file.
        sizes: of the state, in bytes.
        segments: of the workflow that is measured at each size.
    """
    plot.write([_bytes_by_steps(own, first), _dollars_by_size(sizes, segments)], path)


def _bytes_by_steps(own: Curve, first: Curve) -> Panel:
    return Panel(
        title=f"Uploaded by a loop that adds {STEP_BYTES // KIB} KB a step",
        x=Axis(label="steps", logarithmic=True),
        y=Axis(label="MB in all", logarithmic=True),
        curves={
            name: [(steps, sent / _MB) for steps, sent in curve.points if sent]
            for name, curve in ((_OURS, own), (_FIRST, first))
        },
    )


def _dollars_by_size(sizes: Sequence[int], segments: int) -> Panel:
    used = [(size, cost.measure(segments, size)) for size in sizes]
    prices = cost.Prices()
    return Panel(
        title=f"{cost.SEGMENTS:,} segments that add {STEP_BYTES // KIB} KB each",
        x=Axis(label="KB of state before them", logarithmic=True),
        y=Axis(label=f"dollars, prices of {prices.as_of}", logarithmic=True),
        curves={
            name: [(size / KIB, both[of].dollars(prices).total) for size, both in used]
            for of, name in enumerate((_OURS, _FIRST))
        },
    )
