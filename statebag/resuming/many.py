"""Resuming many executions: each is planned by itself, and what cannot be resumed is told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.errors import RefusedError, StatebagError, explained
from statebag.executions.executions import Executions
from statebag.listing.rows import Row
from statebag.resuming.bases import of_execution, snapshot_of
from statebag.resuming.rehearsal import started_from
from statebag.resuming.restarts import require_restartable
from statebag.resuming.starts import begin, resumed_as
from universal_sync_core.values.codec import JsonObject

# What may be resumed at all.
RESUMABLE: Final = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one execution, or would.

    Attributes:
        started: ARN of the execution that goes on with it.
        failed: why there is none.
        cure: what to do about that.
    """

    row: Row
    started: str | None = None
    failed: str | None = None
    cure: str | None = None

    def describe(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "execution": self.row.arn,
            "status": self.row.status,
            "error": self.row.error,
            "resumed_as": self.started,
            "failed": self.failed,
            "cure": self.cure,
        }


class Resumer:
    """Resumes executions one after another.

    Attributes:
        dry: whether nothing is started, nor a snapshot made.
    """

    def __init__(
        self, cloud: Cloud, changes: JsonObject, function: str | None, *, dry: bool
    ) -> None:
        """Go on with `changes` in each bag; `function` makes snapshots where there are none."""
        self._cloud = cloud
        self._changes = changes
        self._function = function
        self.dry = dry
        self._seen: set[str] = set()

    def resume(self, rows: Iterable[Row]) -> Iterator[Attempt]:
        """Yield what became of each."""
        for row in rows:
            if row.arn not in self._seen:  # one that was redriven ended more than once
                self._seen.add(row.arn)
                yield self._attempt(row)

    def _attempt(self, row: Row) -> Attempt:
        try:
            return Attempt(row=row, started=self._started(self._cloud.renewed(), row))
        except Exception as error:
            told = explained(error) if not isinstance(error, StatebagError) else error
            if told is None:
                raise
            return Attempt(row=row, failed=told.message, cure=told.hint)

    def _started(self, cloud: Cloud, row: Row) -> str:
        execution = Executions(cloud.states).describe(row.arn)
        require_restartable(cloud, execution.machine_arn, execution.arn)
        base = of_execution(cloud, execution)
        successor = resumed_as(cloud, base.path) if base.path else None
        if successor is not None:
            hint = "`statebag failure` on that execution shows how it went."
            raise RefusedError(f"it was resumed before, as {successor}", hint=hint)
        if self.dry and base.path is None:
            return f"a new execution of {base.machine_arn}, from a snapshot of its newest state"
        path = snapshot_of(cloud, base, self._function)
        start = started_from(base, path, self._changes, None)
        return start.arn if self.dry else begin(cloud, start)
