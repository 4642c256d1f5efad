"""The results of a run, as numbers and as a page for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.visits import StateVisit
from universal_sync_core.limits import STEP_FUNCTIONS_PAYLOAD_BYTES
from universal_sync_core.settings import Settings

STATE_LIMIT_BYTES = STEP_FUNCTIONS_PAYLOAD_BYTES
BAG_LIMIT_BYTES = Settings().bound_bytes

ASYNCHRONOUS_JOB = "asynchronous job"
KINDS: Mapping[str, tuple[str, ...]] = {
    "first bag": ("InitializeState",),
    "routing": ("RouteNextAction", "RouteBranch"),
    "segment": ("RunSegment", "SyncSegment"),
    "snapshot": ("CreatePreSnapshot", "CreatePostSnapshot"),
    "distributed map": ("StageItems", "DistributedMapState", "AggregateDistributed"),
    "map item": ("RunItem", "StoreItemResult"),
    "parallel branches": ("ProcessParallelBranches", "AggregateBranches"),
    "branch segment": ("ForkBranch", "RunBranchSegment", "SyncBranch", "CompleteBranch"),
    "human approval": ("WaitForCallback", "MergeCallback"),
    ASYNCHRONOUS_JOB: ("WaitForAsync", "MergeAsync"),
    "end": ("Complete",),
}

# States whose whole input is {"state_data": <the bag>}.
_BAG_STATES = ("RouteNextAction", "RouteBranch")
_AROUND_BAG_BYTES = len('{"state_data":}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The visits to one kind of state; `missing` are its states that were not visited."""

    name: str
    visits: int
    largest_bytes: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The contents of the bucket, and the requests that the function made to it."""

    objects: int
    object_bytes: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the run has to show."""

    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in numbers."""

    kinds: Sequence[Kind]
    executions: int
    storage: Storage
    checks: Sequence[Check]

    @property
    def holds(self) -> bool:
        """Whether the run has shown everything that it has to."""
        return all(check.holds for check in self.checks)


def visits_by_kind(visits: Iterable[StateVisit]) -> list[Kind]:
    """Sort the visits into kinds of state, in the order in which a workflow meets them."""
    largest: dict[str, int] = {}
    counts: dict[str, int] = {}
    for visit in visits:
        counts[visit.state] = counts.get(visit.state, 0) + 1
        payload = max(visit.input_bytes, visit.output_bytes)
        largest[visit.state] = max(largest.get(visit.state, 0), payload)
    return [
        Kind(
            name=name,
            visits=sum(counts.get(state, 0) for state in states),
            largest_bytes=max(largest.get(state, 0) for state in states),
            missing=tuple(state for state in states if state not in counts),
        )
        for name, states in KINDS.items()
    ]


def largest_bag_bytes(visits: Iterable[StateVisit]) -> int:
    """Return the size of the largest bag that a routing state received."""
    sizes = [visit.input_bytes for visit in visits if visit.state in _BAG_STATES]
    return max(sizes, default=_AROUND_BAG_BYTES) - _AROUND_BAG_BYTES


def check_kinds(kinds: Sequence[Kind]) -> Check:
    """Check that every state of the happy path was visited."""
    missing = [state for kind in kinds for state in kind.missing]
    return Check(
        claim="every kind of state was visited",
        holds=not missing,
        detail=f"missing: {', '.join(missing)}" if missing else f"{len(kinds)} kinds",
    )


def check_payload(kinds: Iterable[Kind]) -> Check:
    """Check the largest input or output of a state against the limit of Step Functions."""
    largest = max(kind.largest_bytes for kind in kinds)
    return _within("no state's payload passed its limit", largest, STATE_LIMIT_BYTES)


def check_bag(visits: Iterable[StateVisit]) -> Check:
    """Check the largest bag against its bound."""
    return _within("no bag passed its bound", largest_bag_bytes(visits), BAG_LIMIT_BYTES)


def _within(claim: str, largest: int, limit: int) -> Check:
    return Check(claim=claim, holds=0 < largest <= limit, detail=f"{largest:,} of {limit:,} bytes")


def show(summary: Summary, console: Console) -> None:
    """Print the summary."""
    table = Table("kind of state", header_style="", box=None, pad_edge=False)
    for title in ("visits", "largest payload", f"of {STATE_LIMIT_BYTES:,} bytes"):
        table.add_column(title, justify="right")
    for kind in summary.kinds:
        share = f"{kind.largest_bytes / STATE_LIMIT_BYTES:.1%}"
        table.add_row(kind.name, f"{kind.visits:,}", f"{kind.largest_bytes:,}", share)
    storage = summary.storage
    console.print()
    console.print(table)
    console.print(
        f"\n{summary.executions:,} executions; in S3 {storage.objects:,} objects of"
        f" {storage.object_bytes:,} bytes; {storage.requests:,} requests to S3 by the function",
        highlight=False,
        soft_wrap=True,
    )
    console.print()
    for check in summary.checks:
        mark = "[green]holds[/]" if check.holds else "[red]FAILS[/]"
        console.print(
            f"{mark}  {check.claim}: {escape(check.detail)}", highlight=False, soft_wrap=True
        )
