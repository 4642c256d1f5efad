"""What a thousand segments cost, by public list prices.

The model counts what AWS charges for: state transitions, invocations of the manager and their
GB-seconds, S3 requests, and storage until it expires. The worker's own cost is the same whatever
keeps the state, and is left out.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.metered import MeteredStore
from benchmarks.payloads import Payloads
from benchmarks.pipelines import GROWING, Opener, first_design, ours
from benchmarks.rows import Row
from benchmarks.scenarios.loop import STEP_BYTES, result
from benchmarks.slow_s3 import DELAY_SECONDS
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import JsonObject

SEGMENTS: Final = 1_000
# Of one workflow; a thousand segments are several of them.
WORKFLOW_SEGMENTS: Final = 100

_DEFINITION: Final = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"
# Route, loop limit, run, sync.
_FIRST_DESIGN_TRANSITIONS: Final = 4
# MemorySize and StateRetentionDays of template.yaml.
_MEMORY_GB: Final = 1.0
_RETENTION_MONTHS: Final = 400 / 30.4
_GB: Final = 1024**3
# Of a segment of the same workflow before there were packs, when each page and index object was an
# object of its own, as plain JSON. Measured with the last commit that stored it so.
_BYTES_OF_PLAIN_PAGES: Final = 37_686
_BYTES_TARGET: Final = 0.45
_DOLLARS_TARGET: Final = 0.085


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Dollars for one of each, in us-east-1, without any free tier.

    Attributes:
        as_of: month of the price lists.
    """

    as_of: str = "2026-03"
    # https://aws.amazon.com/step-functions/pricing/ (Standard)
    transition: float = 0.025 / 1_000
    # https://aws.amazon.com/lambda/pricing/ (arm64, first tier)
    invocation: float = 0.20 / 1_000_000
    gb_second: float = 0.0000133334
    # https://aws.amazon.com/s3/pricing/ (Standard, first tier)
    put: float = 0.005 / 1_000
    get: float = 0.0004 / 1_000
    gb_month: float = 0.023


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one segment uses on average."""

    transition: float
    invocation: float
    gb_second: float
    put: float
    get: float
    gb_month: float

    def dollars(self, prices: Prices, segments: int = SEGMENTS) -> "Use":
        """Return what that costs for so many segments, item by item."""
        items = {
            name: segments * used * getattr(prices, name) for name, used in asdict(self).items()
        }
        return Use(**items)

    @property
    def bytes_stored(self) -> float:
        """Bytes that stay in S3, where the items are what is used."""
        return self.gb_month * _GB / _RETENTION_MONTHS

    @property
    def total(self) -> float:
        """All items together, where they are dollars."""
        return float(sum(asdict(self).values()))


def transitions_of_a_segment(runner: str = "RunSegment") -> int:
    """Count the states from one segment to the next, as the state machine is."""
    states: JsonObject = json.loads(_DEFINITION.read_bytes())["States"]
    name, count = runner, 1
    while name != "RouteNextAction":
        name = states[name]["Next"]
        count += 1
    targets = [choice["Next"] for choice in states[name]["Choices"]]
    return count if runner in targets else count + 1


def use_of(
    opener: Opener, transitions: int, segments: int = WORKFLOW_SEGMENTS, state_bytes: int = 0
) -> Use:
    """Measure a workflow on a store as late as S3, and give what one segment of it uses.

    Args:
        opener: opens the pipeline.
        transitions: of the state machine, for a segment.
        segments: of the workflow.
        state_bytes: that are there before the first segment, and do not count.
    """
    payloads = Payloads()
    store = MeteredStore(DELAY_SECONDS)
    with opener(store) as pipeline:
        # Several fields, one of which each segment adds to.
        bag = pipeline({}, {"current_state": _state(payloads, state_bytes)})
        puts, gets, stored = store.puts, store.gets, store.bytes_stored
        begun = time.perf_counter()
        for step in range(segments):
            bag = pipeline(bag, result(payloads, step))
        spent = time.perf_counter() - begun
    months = _RETENTION_MONTHS
    return Use(
        transition=transitions,
        invocation=1,
        gb_second=_MEMORY_GB * spent / segments,
        put=(store.puts - puts) / segments,
        get=(store.gets - gets) / segments,
        gb_month=(store.bytes_stored - stored) / _GB * months / segments,
    )


def _state(payloads: Payloads, size: int) -> JsonObject:
    return {GROWING: payloads.records(size)} if size else {}


def measure(segments: int = WORKFLOW_SEGMENTS, state_bytes: int = 0) -> tuple[Use, Use]:
    """Return what a segment uses with the product, and as first designed."""
    return (
        use_of(ours, transitions_of_a_segment(), segments, state_bytes),
        use_of(first_design, _FIRST_DESIGN_TRANSITIONS, segments, state_bytes),
    )


def rows(own: Use, first: Use, segments: int, prices: Prices | None = None) -> Iterator[Row]:
    """Yield the rows of this section.

    Args:
        own: what a segment uses.
        first: what it uses as first designed.
        segments: of the workflow that was measured.
        prices: other than those of today.
    """
    prices = prices or Prices()
    # The pipe then runs in the worker, whose invocation is there in any case.
    synced = replace(own, transition=transitions_of_a_segment("RunAndSyncSegment"), invocation=0)
    costs = [use.dollars(prices).total for use in (own, first, synced)]
    yield Row(
        scenario=f"stored by a workflow of {segments} segments of {STEP_BYTES // KIB} KB",
        baseline="a page an object, not compressed",
        measured=own.bytes_stored / _BYTES_OF_PLAIN_PAGES,
        target=_BYTES_TARGET,
        note=f"{own.bytes_stored * segments:,.0f} bytes",
    )
    yield Row(
        scenario=f"{SEGMENTS:,} segments",
        measured=costs[0],
        target=_DOLLARS_TARGET,
        unit="$",
        note=f"prices of {prices.as_of}",
    )
    yield Row(
        scenario="dollars for them",
        baseline="the pipeline as first designed",
        measured=costs[0] / costs[1],
        target=1.0,
        note=f"${costs[0]:.3f} against ${costs[1]:.3f}",
    )
    yield Row(
        scenario=f"dollars for {SEGMENTS:,} segments whose worker syncs",
        baseline="running and then syncing them",
        measured=costs[2] / costs[0],
        target=0.8,
        note=f"${costs[2]:.3f} against ${costs[0]:.3f}",
    )


def table(own: Use, first: Use, prices: Prices | None = None) -> Table:
    """Return the bill, item by item."""
    prices = prices or Prices()
    bill = Table(title=f"Dollars for {SEGMENTS:,} segments, us-east-1, prices of {prices.as_of}")
    for heading in ("item", "used by ours", "dollars", "used as first designed", "dollars"):
        bill.add_column(heading, justify="left" if heading == "item" else "right")
    ours_cost, first_cost = own.dollars(prices), first.dollars(prices)
    for item in fields(Use):
        used = (SEGMENTS * getattr(use, item.name) for use in (own, first))
        dollars = (getattr(cost, item.name) for cost in (ours_cost, first_cost))
        (own_used, first_used), (own_cost, first_dollars) = used, dollars
        bill.add_row(
            item.name.replace("_", " "),
            f"{own_used:,.2f}",
            f"{own_cost:.5f}",
            f"{first_used:,.2f}",
            f"{first_dollars:.5f}",
        )
    bill.add_row("total", "", f"{ours_cost.total:.5f}", "", f"{first_cost.total:.5f}")
    return bill
