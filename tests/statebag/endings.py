"""Executions that ended, with the records that the function writes of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.statebag.bucket import NOW
from tests.statebag.cloud import MACHINE, FakeCloud
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.storage import runtime


class _Clock(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:  # noqa: ARG003 - the real one's
        return NOW


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lists take the time of the tests for the present."""
    for module in ("feed", "options", "following"):
        monkeypatch.setattr(f"statebag.listing.{module}.datetime", _Clock)


def ended(  # noqa: PLR0913 - what is told of an end
    cloud: FakeCloud,
    name: str,
    status: str = "SUCCEEDED",
    *,
    days_ago: float = 1,
    machine: str = MACHINE,
    known: bool = True,
    error: str | None = None,
    stage: str | None = None,
    bag: dict[str, Any] | None = None,
    record_s3_path: str | None = None,
    owner: str | None = None,
    **told: Any,
) -> str:
    """Put an execution there with its record; `known` is whether Step Functions still knows it."""
    told |= {"error": error} if error else {}
    arn = cloud.states.add(name, status, days_ago=days_ago, machine=machine, **told)
    stopped = NOW - timedelta(days=days_ago)
    end = EndedExecution(
        arn=arn,
        status=status,
        stopped=stopped,
        started=stopped - timedelta(minutes=2),
        error=error,
    )
    state = LastState(owner=owner or arn, bag=bag or {}, stage=stage, record_s3_path=record_s3_path)
    write_record(runtime.current(), end, state)
    if not known:
        del cloud.states.executions[arn]
    return arn
