"""What the sections of one run share, made when the first of them needs it."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from benchmarks import charts
from benchmarks.rows import PAIRS
from benchmarks.scenarios import cost, fresh, growth, loop, throughput, waves, workers
from benchmarks.slow_s3 import SlowS3
from universal_sync_core.limits import KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        pairs: measured in turns.
        steps: of the loop whose state grows.
        segments: of the workflow that is billed.
        state_sizes: in bytes, of the plot.
        requests: of the section on waves.
        values: of the section on fresh values.
        large: of the sections on a large state that changes.
        tasks: of the section on workers.
        bytes_at_once: of the value whose processor time is measured.
    """

    pairs: int = PAIRS
    steps: int = loop.STEPS
    segments: int = cost.WORKFLOW_SEGMENTS
    state_sizes: tuple[int, ...] = charts.STATE_BYTES
    requests: waves.Scale = field(default_factory=waves.Scale)
    values: fresh.Scale = field(default_factory=fresh.Scale)
    large: growth.Scale = field(default_factory=growth.Scale)
    tasks: workers.Scale = field(default_factory=workers.Scale)
    bytes_at_once: int = throughput.VALUE_BYTES


QUICK: Final = Scale(
    pairs=1,
    steps=20,
    segments=3,
    state_sizes=charts.STATE_BYTES[:2],
    requests=waves.Scale(pairs=1, fields=4, branches=8),
    values=fresh.Scale(pairs=1, sizes=(60 * KIB, KIB * KIB)),
    large=growth.Scale(sections=1, steps=10, entries=500),
    tasks=workers.Scale(pairs=1, state_bytes=5_000_000, result_bytes=200_000),
    bytes_at_once=KIB * KIB,
)


class Session:
    """One run.

    Attributes:
        scale: how much is measured.
    """

    def __init__(self, scale: Scale) -> None:
        """Begin; nothing is started or measured yet."""
        self.scale = scale
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop what was started."""
        self._closing.__exit__(kind, error, traceback)

    @cached_property
    def s3(self) -> SlowS3:
        """An S3 server that is late."""
        return self._closing.enter_context(SlowS3.start())

    @cached_property
    def worked(self) -> growth.Worked:
        """A large state after thousands of steps."""
        return growth.worked(self.scale.large)

    @cached_property
    def curves(self) -> tuple[loop.Curve, loop.Curve]:
        """What a loop uploads, and what it does as first designed."""
        return loop.curves(self.scale.steps)

    @cached_property
    def bill(self) -> tuple[cost.Use, cost.Use]:
        """What a segment of a workflow uses, and what it does as first designed."""
        return cost.measure(self.scale.segments)
