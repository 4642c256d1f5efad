"""The terms of a run of the daily deletion, the port to Step Functions, and the outcome."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from universal_sync_core.retention.standing import Standing

MOST_RECORDS: Final = 10_000
# A hundred years: further back, Python's calendar may end.
MOST_DAYS: Final = 36_500
# How many executions of one kind a run asks Step Functions about.
MOST_ASKED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRun:
    """A run of a Distributed Map.

    Attributes:
        parent: ARN of the execution that ran the map.
        children: returns the ARNs of the executions that it started.
    """

    parent: str
    children: Callable[[], Iterable[str]]


class Executions(Protocol):
    """Tells how executions stand, and records their ends."""

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        """Return how an execution stands; one that ended before `since` is over."""

    def map_run_of(self, child_arn: str) -> MapRun | None:
        """Return the run that started a child, or None if it cannot be found."""

    def record(self, execution_arn: str, owner: str) -> None:
        """Record the end of an execution that no longer runs and worked on `owner`'s state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run may do.

    Attributes:
        now: the current time.
        keep: how long everything of a workflow is kept after its end.
        machines: ARNs of the state machines whose executions are handled.
        dry_run: whether to report only what would be deleted.
        most: the most records to look at.
    """

    now: datetime
    keep: timedelta
    machines: Collection[str]
    dry_run: bool = False
    most: int = MOST_RECORDS

    @property
    def since(self) -> datetime:
        """Executions that ended before this are over."""
        return self.now - self.keep


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run has done, or would do.

    Attributes:
        workflows: ids of the executions whose whole state is deleted.
        objects: how many objects they had.
        size: bytes of these objects.
        kept: workflows that are kept although an execution ended so long ago, with the reason.
        failed: errors, by the key of the record that caused them, or by the execution whose end
            could not be recorded.
        is_cut_short: whether the run did not get to all records.
        is_put_off: whether another run was under way, so that this one did nothing.
        recorded: executions whose end had not been recorded before.
    """

    workflows: list[str] = field(default_factory=list)
    objects: int = 0
    size: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    is_cut_short: bool = False
    is_put_off: bool = False
    recorded: list[str] = field(default_factory=list)

    def note_failure(self, about: str, error: Exception) -> None:
        """Note an error of one record or execution."""
        self.failed[about] = f"{type(error).__name__}: {error}"
