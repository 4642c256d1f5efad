"""Resuming many executions at once: told first, then started, and what fails is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from statebag.account.stacks import Stack
from tests.statebag.cloud import BUCKET, DEFINITION, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.endings import ended, stop_clock
from tests.statebag.resuming.test_time_travel import OWN_STATES, answer_snapshots
from tests.statebag.states import decoded
from universal_sync_core import record_failure, universal_sync_core

Golden = Callable[[str], None]


@pytest.fixture
def failures(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """A stack in which four failed: one of a machine with own states, one without any state."""
    stop_clock(monkeypatch)
    answer_snapshots(cloud)
    other = MACHINE.replace("catalog", "orders")
    cloud.states.machines |= {MACHINE: DEFINITION, other: OWN_STATES}
    cloud.stacks["shop"] = Stack(name="shop", bucket=BUCKET, machines=(MACHINE, other))
    for days, (name, machine) in enumerate(
        {"a": MACHINE, "b": MACHINE, "own": other}.items(), start=1
    ):
        arn = arn_of(name, machine)
        context = {"execution_id": arn}
        state = {"execution_id": arn, "current_state": {"region": "eu", "n": days}}
        bag = universal_sync_core(None, state, context)
        told = record_failure(bag, {"Error": "OutOfStock", "Cause": "none left"}, context)
        paths = {"record_s3_path": told["record_s3_path"], "cause": told["cause"], "input": {}}
        ended(cloud, name, "FAILED", days_ago=days, machine=machine, error="OutOfStock", **paths)
    ended(cloud, "unbegun", "ABORTED", days_ago=9, input={})
    cloud.states.add("good", output={"current_state": {"region": "eu"}})
    return cloud


def test_many_are_only_told_of_unless_they_are_to_be_started(run: Run, failures: FakeCloud) -> None:
    ran = run("resume", "--stack", "shop", "--where", "current_state.region=eu", "--json")

    told = {each["execution"].rsplit(":", 1)[-1]: each for each in decoded(ran.out)}
    assert list(told) == ["a", "b", "own"]
    assert told["a"]["resumed_as"].startswith(arn_of("a-resumed-"))
    assert "has states of its own" in told["own"]["failed"]
    assert "redrive-execution" in told["own"]["cure"]
    assert failures.states.started == []
    assert ran.code == 1
    assert "--start" in ran.err


def test_many_are_started_with_their_changes_and_what_fails_is_told(
    run: Run, failures: FakeCloud
) -> None:
    start = failures.states.start_execution

    def once_refused(**asked: Any) -> dict[str, Any]:
        if asked["name"].startswith("b-"):
            raise client_error("ThrottlingException", "StartExecution")
        return start(**asked)

    failures.states.start_execution = once_refused  # type: ignore[method-assign]
    options = ("--since", "30d", "--set", "current_state.n=7", "--start", "--json")

    ran = run("resume", "--stack", "shop", *options)

    failed = {each["execution"]: each["failed"] for each in decoded(ran.out) if each["failed"]}
    assert [arn.rsplit(":", 1)[-1] for arn in failed] == ["b", "own", "unbegun"]
    assert "ThrottlingException" in failed[arn_of("b")]
    (started,) = failures.states.started
    assert json.loads(started["input"])["current_state"] == {"n": 7}
    assert ran.code == 1


def test_what_was_resumed_before_is_not_resumed_again(run: Run, failures: FakeCloud) -> None:
    options = ("resume", "--stack", "shop", "--where", "current_state.n=1", "--start", "--json")
    assert run(*options).code == 0
    (started,) = failures.states.started
    failures.states.add(started["name"], "RUNNING", input=json.loads(started["input"]))

    ran = run(*options)

    (told,) = decoded(ran.out)
    assert "resumed before" in told["failed"]
    assert len(failures.states.started) == 1


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.usefixtures("failures")
def test_resume_of_many(run: Run, golden: Golden, terminal: Any, columns: int) -> None:
    terminal(columns)

    ran = run("resume", "--stack", "shop", "--error", "OutOfStock")

    assert max(map(len, ran.out.splitlines())) <= columns
    golden(ran.out)
    assert "own: Let Step Functions go on" in ran.err
