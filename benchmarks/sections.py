"""The sections of the table by name, in the order in which they are measured."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from benchmarks.rows import Row
from benchmarks.scenarios import (
    aged,
    cold_start,
    cost,
    cpu,
    fresh,
    growth,
    loop,
    middy_store,
    throughput,
    waves,
    workers,
)
from benchmarks.session import Session

Section: TypeAlias = Callable[[Session], Iterable[Row]]

SECTIONS: Final[dict[str, Section]] = {
    "small": lambda run: cpu.rows(run.scale.pairs),
    "throughput": lambda run: throughput.rows(run.scale.bytes_at_once, run.scale.pairs),
    "cold-start": lambda run: cold_start.rows(run.scale.pairs),
    "waves": lambda run: waves.rows(run.s3, run.scale.requests),
    "fresh": lambda run: fresh.rows(run.s3, run.scale.values),
    "middy-store": lambda run: middy_store.rows(run.s3, run.scale.pairs, run.scale.requests.fields),
    "large": lambda run: growth.rows(run.worked, run.scale.large),
    "aged": lambda run: aged.rows(run.s3, run.worked, run.scale.pairs),
    "workers": lambda run: workers.rows(run.scale.tasks),
    "loop": lambda run: loop.rows(*run.curves, run.scale.steps),
    "cost": lambda run: cost.rows(*run.bill, run.scale.segments),
}
