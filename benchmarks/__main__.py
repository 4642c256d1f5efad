"""All benchmarks: one table of ratios, the bill, and a plot in `benchmarks/out/`.

python -m benchmarks            everything, which takes some minutes
python -m benchmarks --quick    the same on little data, to see that it works
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest import mock

from rich.console import Console
from rich.table import Table

from benchmarks import (
    aged,
    charts,
    cold_start,
    cost,
    cpu,
    fresh,
    growth,
    loop,
    middy_store,
    waves,
    workers,
)
from benchmarks.rows import PAIRS, Row
from benchmarks.slow_s3 import SlowS3
from universal_sync_core.limits import KIB

OUT: Final = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        pairs: measured in turns.
        steps: of the loop whose state grows.
        segments: of the workflow that is billed.
        state_sizes: in bytes, of the plot.
        requests: of the page on waves.
        values: of the page on fresh values.
        large: of the page on large states.
        tasks: of the page on workers.
    """

    pairs: int = PAIRS
    steps: int = loop.STEPS
    segments: int = cost.WORKFLOW_SEGMENTS
    state_sizes: tuple[int, ...] = charts.STATE_BYTES
    requests: waves.Scale = field(default_factory=waves.Scale)
    values: fresh.Scale = field(default_factory=fresh.Scale)
    large: growth.Scale = field(default_factory=growth.Scale)
    tasks: workers.Scale = field(default_factory=workers.Scale)


QUICK: Final = Scale(
    pairs=1,
    steps=20,
    segments=3,
    state_sizes=charts.STATE_BYTES[:2],
    requests=waves.Scale(pairs=1, fields=4, branches=8),
    values=fresh.Scale(pairs=1, sizes=(60 * KIB, KIB * KIB)),
    large=growth.Scale(sections=1, steps=10, entries=500),
    tasks=workers.Scale(pairs=1, state_bytes=5_000_000, result_bytes=200_000),
)


def sections(scale: Scale, console: Console) -> Iterator[tuple[str, list[Row]]]:
    """Give the rows page by page, as they are measured; print the bill, write the plot."""
    yield "processor time", cpu.rows(scale.pairs)
    with SlowS3.start() as s3, mock.patch.dict(os.environ, s3.environment()):
        yield "waves of requests", waves.rows(s3, scale.requests)
        yield "fresh values", list(fresh.rows(s3, scale.values))
        yield "a value that was changed", aged.rows(s3, scale.large, scale.pairs)
        yield "another library", middy_store.rows(s3, scale.pairs, scale.requests.fields)
    yield "large states", growth.rows(scale.large)
    yield "workers", workers.rows(scale.tasks)
    own, first = loop.curves(scale.steps)
    yield "growing state", loop.rows(own, first, scale.steps)
    yield "cold start", cold_start.rows(scale.pairs)
    used = cost.measure(scale.segments)
    yield "cost", cost.rows(*used)
    console.print(cost.table(*used))
    charts.draw(own, first, OUT / "growth.svg", scale.state_sizes)


def print_all(scale: Scale, console: Console) -> None:
    """Measure everything, print it as one table."""
    table = Table(title="Ratios, each measured in one run", show_lines=False)
    for heading in ("", "measured", "against", "ratio", "target", "note"):
        table.add_column(heading, justify="right" if heading in ("ratio", "target") else "left")
    for section, rows in sections(scale, console):
        console.log(section)
        for number, row in enumerate(rows):
            table.add_row(section if number == 0 else "", *cells(row))
        table.add_section()
    console.print(table)


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Give a row as it is printed."""
    sign = ">=" if row.at_least else "<="
    target = "" if row.target is None else f"{sign} {row.target:g}"
    colour = "green" if row.is_met else "red"
    return row.scenario, row.baseline, f"[{colour}]{row.ratio:.2f}[/]", target, row.note


def main() -> None:
    """Run from the command line. Ratios vary with the machine: no ratio makes this fail."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure little, in seconds")
    scale = QUICK if parser.parse_args().quick else Scale()
    console = Console(width=max(Console().width, 150), log_path=False)
    print_all(scale, console)
    console.print(f"The plot is in {OUT / 'growth.svg'}")


if __name__ == "__main__":
    main()
