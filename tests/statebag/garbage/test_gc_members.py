"""`statebag gc` goes by the same marks and records as the daily deletion."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import decoded
from universal_sync_core import universal_sync_core
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime

GC = ("gc", "--bucket", BUCKET, "--json")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    class Today(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Today":
            assert tz is not None
            return cls.fromisoformat(NOW.isoformat())

    monkeypatch.setattr("statebag.commands.gc.datetime", Today)


def left_over(name: str) -> str:
    """Store state that nothing refers to, and return whose it is."""
    owner = arn_of(name)
    universal_sync_core({"execution_id": owner}, {"current_state": {"text": "x" * 200_000}})
    return owner


def ended(owner: str, *, days_ago: float) -> None:
    end = EndedExecution(arn=owner, status="SUCCEEDED", stopped=NOW - timedelta(days=days_ago))
    write_record(runtime.current(), end, LastState(owner=owner, bag={}))


def reason(run: Run, owner: str) -> str | None:
    told = decoded(run(*GC).out)
    (found,) = [each["kept_because"] for each in told if each["execution_id"] == owner]
    return None if found is None else str(found)


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("days_ago", "kept_because"), [(91, None), (89, "Step Functions has forgotten it")]
)
def test_record_tells_when_a_forgotten_execution_ended(
    run: Run, days_ago: float, kept_because: str | None
) -> None:
    owner = left_over("old")
    assert reason(run, owner) == "Step Functions has forgotten it"
    ended(owner, days_ago=days_ago)
    assert reason(run, owner) == kept_because


def test_execution_that_left_a_mark_belongs_to_the_workflow(run: Run, cloud: FakeCloud) -> None:
    owner = left_over("old")
    ended(owner, days_ago=200)
    # Its input names neither the state nor who began it.
    second = cloud.states.add("second", "RUNNING", input={"given": 1})
    assert reason(run, owner) is None
    leave_mark(runtime.current(), owner, second, "began")
    assert reason(run, owner) == "it runs"


@pytest.mark.usefixtures("cloud")
def test_member_of_which_nothing_is_known_keeps_the_workflow(run: Run) -> None:
    owner, second = left_over("old"), arn_of("second")
    ended(owner, days_ago=200)
    leave_mark(runtime.current(), owner, second, "began")
    assert reason(run, owner) == "Step Functions has forgotten it"
    ended(second, days_ago=100)
    assert reason(run, owner) is None
