"""One execution as a line of a list, and as JSON."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from statebag.executions.executions import RUNNING, Listed
from universal_sync_core.retention.members import machine_of
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.timestamps import rfc3339

# What the record of an end tells besides, by the names it has there.
_TOLD: Final = (
    "stage",
    "bag_bytes",
    "segments_run",
    "total_segments",
    "failed_segments",
    "continued_as",
    "record_s3_path",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An execution, as far as it is known.

    Attributes:
        started: None where that was forgotten.
        stopped: None while it runs.
        error: the name of the error it ended with.
        record: the record of its end; None of one that runs, or whose end was not recorded.
        page: what names the place after it in the list; see `feed`.
    """

    arn: str
    machine_arn: str
    status: str
    started: datetime | None
    stopped: datetime | None
    page: str
    error: str | None = None
    record: JsonObject | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.rsplit(":", 1)[-1]

    @property
    def is_running(self) -> bool:
        """Whether it may still change its state."""
        return self.status in RUNNING

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it runs."""
        if self.started is None or self.stopped is None:
            return None
        return (self.stopped - self.started).total_seconds()

    def told(self, name: str) -> Json:
        """Return a field of the record of its end, or None."""
        return (self.record or {}).get(name)

    @property
    def bag_bytes(self) -> int | None:
        """Bytes of its last bag, if that is known."""
        size = self.told("bag_bytes")
        return size if type(size) is int else None

    @property
    def stage(self) -> str | None:
        """The stage at which it failed, if that is known."""
        stage = self.told("stage")
        return stage if type(stage) is str else None

    def describe(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "execution": self.arn,
            "name": self.name,
            "state_machine": self.machine_arn,
            "status": self.status,
            "started_at": _moment(self.started),
            "ended_at": _moment(self.stopped),
            "seconds": self.seconds,
            "error": self.error,
            **{name: self.told(name) for name in _TOLD},
        }


def row_of(listed: Listed, page: str) -> Row:
    """Return what Step Functions lists."""
    return Row(
        arn=listed.arn,
        machine_arn=listed.machine_arn,
        status=listed.status,
        started=listed.started,
        stopped=listed.stopped,
        page=page,
    )


def row_of_record(record: JsonObject, page: str) -> Row:
    """Return what the record of an end tells."""
    arn, error = str(record["execution_arn"]), record.get("error")
    return Row(
        arn=arn,
        machine_arn=machine_of(arn) or "",
        status=str(record.get("status")),
        started=moment_in(record.get("started_at")),
        stopped=moment_in(record.get("ended_at")),
        page=page,
        error=error if type(error) is str else None,
        record=record,
    )


def moment_in(text: Json) -> datetime | None:
    """Return the time that a record tells, or None where it tells none."""
    try:
        moment = datetime.fromisoformat(text) if type(text) is str else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment.astimezone(UTC)) if moment else None
