"""What a run of the daily deletion may do, whom it asks, and what came of it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from universal_sync_core.retention.standing import Standing

MOST_RECORDS: Final = 10_000
# Executions of one kind that one run asks Step Functions about.
MOST_ASKED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRun:
    """A run of a Distributed Map.

    Attributes:
        parent: ARN of the execution whose map it is.
        children: gives the ARNs of the executions that it started.
    """

    parent: str
    children: Callable[[], Iterable[str]]


class Executions(Protocol):
    """Tells how executions stand, and records their ends."""

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        """Return how an execution stands; one that ended before `since` is over."""

    def map_run_of(self, child_arn: str) -> MapRun | None:
        """Return the run that started a child, or None where nobody can tell."""

    def record(self, execution_arn: str, owner: str) -> None:
        """Record the end of an execution that does not run, and that worked on `owner`'s state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run may do.

    Attributes:
        now: the time.
        keep: for how long after its end everything of a workflow is kept.
        machines: ARNs of the state machines whose executions these are.
        dry_run: whether it is only told what would be deleted.
        most: records that are looked at.
    """

    now: datetime
    keep: timedelta
    machines: Collection[str]
    dry_run: bool = False
    most: int = MOST_RECORDS

    @property
    def since(self) -> datetime:
        """What ended before that is over."""
        return self.now - self.keep


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run has done, or would do.

    Attributes:
        workflows: ids of the executions all of whose state is gone.
        objects: how many objects these had.
        size: bytes of them.
        kept: workflows that are kept though an execution ended so long ago, with the reason.
        failed: errors by the key of the record that they came up with.
        is_cut_short: whether records were left that nobody came to.
        recorded: executions whose end had not been recorded.
    """

    workflows: list[str] = field(default_factory=list)
    objects: int = 0
    size: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    is_cut_short: bool = False
    recorded: list[str] = field(default_factory=list)
