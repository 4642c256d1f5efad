"""Executions that go on from what a failure left, or from a snapshot."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import (
    RUN,
    catalog_bag,
    decoded,
    key_prefix,
    snapshot_of,
)
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime
from universal_sync_core.workflow.continuation import STARTED_BY


def test_a_branch_of_another_execution_is_not_resumed(run: Run, cloud: FakeCloud) -> None:
    started_by = {"resume_from": "s3://b/k", STARTED_BY: RUN}
    cloud.states.add("own-1", "ABORTED", events=[], input=started_by)
    refused = run("resume", arn_of("own-1"))
    assert (refused.code != 0, f"statebag resume {RUN}" in refused.err) == (True, True)
    assert "StartExecution" not in cloud.states.asked


@pytest.mark.parametrize(
    "parent", [arn_of("whole", f"{MACHINE}-of-mine"), f"{MACHINE}:1", "s3://b/v1/e/packs/0", 5]
)
def test_what_another_machine_started_is_no_branch(
    run: Run, cloud: FakeCloud, failed: str, parent: Any
) -> None:
    """Step Functions' console has every parent put its ARN there."""
    cloud.states.executions[RUN]["input"] = json.dumps({STARTED_BY: parent})

    assert run("resume", RUN).code == 0
    (started,) = cloud.states.started
    assert json.loads(started["input"]) == {"resume_from": failed}


def test_resume_starts_from_the_record(run: Run, cloud: FakeCloud, failed: str) -> None:
    ran = run("resume", RUN, "--set", "loop_limit=2000")

    assert ran.code == 0
    (started,) = cloud.states.started
    assert started["stateMachineArn"] == MACHINE
    assert json.loads(started["input"]) == {"loop_limit": 2000, "resume_from": failed}
    assert started["name"] == f"run-1-resumed-{failed[-64:][:16]}"


@pytest.mark.usefixtures("failed")
def test_changes_are_merged_by_path(run: Run) -> None:
    approval = ("--set", "current_state.approval.approved=true", "--set", 'current_state.by="Ada"')
    label = ("--set", 'current_state.labels["app=web"]="a=b"')

    told = json.loads(
        run("resume", RUN, "--dry-run", *approval, *label, "--set", "loop_limit=9").out
    )

    changed = {name: told["input"][name] for name in ("current_state", "loop_limit")}
    assert changed == {
        "current_state": {
            "approval": {"approved": True},
            "by": "Ada",
            "labels": {"app=web": "a=b"},
        },
        "loop_limit": 9,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["owner=Ada"], "a text needs quotes"),
        (["=1"], "PATH=JSON"),
        (["owner"], "PATH=JSON"),
        (["current_state.lines[0]=1"], "set the whole list"),
        (["totals.sum=1"], "set all of totals"),
        (["current_state.a=1", "current_state.a.b=2"], "a container of it is set"),
        (["current_state.a.b=2", "current_state.a=1"], "set twice"),
        (["a..b=1"], "path"),
    ],
)
def test_change_that_cannot_be_merged_is_named(run: Run, changes: list[str], said: str) -> None:
    ran = run("resume", RUN, *(word for change in changes for word in ("--set", change)))

    assert ran.code == 2
    assert said in ran.err


def test_resume_from_a_snapshot_needs_only_its_path(run: Run, cloud: FakeCloud) -> None:
    _, path = snapshot_of(catalog_bag())

    assert run("resume", path, "--name", "again").code == 0

    assert [each["name"] for each in cloud.states.started] == ["again"]


@pytest.mark.usefixtures("failed")
def test_resume_dry_run_starts_nothing(run: Run, cloud: FakeCloud) -> None:
    ran = run("resume", RUN, "--dry-run")

    assert json.loads(ran.out)["name"].startswith("run-1-resumed-")
    assert cloud.states.started == []


def test_execution_that_was_stopped_goes_on_from_its_newest_state(
    run: Run, cloud: FakeCloud
) -> None:
    made, path = snapshot_of(catalog_bag())
    history = History().visit("SyncSegment", bag(), {"state_data": made})
    cloud.states.add("run-1", "ABORTED", events=history.events)
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path}}

    assert run("resume", RUN).code == 0

    (asked,) = cloud.functions.invoked
    assert (asked["action"], asked["state_data"]) == ("create_snapshot", made)
    assert json.loads(cloud.states.started[0]["input"]) == {"resume_from": path}


@pytest.mark.parametrize(
    ("status", "said"), [("RUNNING", "still runs"), ("SUCCEEDED", "succeeded")]
)
def test_what_has_not_failed_is_not_resumed(
    run: Run, cloud: FakeCloud, status: str, said: str
) -> None:
    cloud.states.add("run-1", status)

    ran = run("resume", RUN)

    assert ran.code == 7
    assert said in ran.err
    assert cloud.states.started == []


@pytest.mark.usefixtures("failed")
def test_resuming_twice_is_refused(run: Run, cloud: FakeCloud) -> None:
    def started_before(**_: Any) -> None:
        raise client_error("ExecutionAlreadyExists", "StartExecution")

    cloud.states.start_execution = started_before  # type: ignore[method-assign, assignment]

    ran = run("resume", RUN)

    assert ran.code == 7
    assert "--name" in ran.err


def path_under(arn: str, bucket: str = BUCKET) -> str:
    return f"s3://{bucket}/{key_prefix(arn)}packs/{'0' * 64}"


PAYROLL = arn_of("x", MACHINE.replace("catalog", "payroll"))


FOREIGN = {
    "of another machine": lambda _: path_under(PAYROLL),
    "of another execution": lambda _: path_under(arn_of("victim")),
    "in another bucket": lambda _: path_under(RUN, "evil-bucket"),
    "under another prefix": lambda own: own.replace("/v1/", "/p/v1/"),
    "gone on": lambda own: f"{own}] [and more",
}


@pytest.mark.parametrize("evil", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("cause", ["oh [record: {evil}]", "[record: {own}] [record: {evil}]"])
def test_text_in_a_cause_starts_nothing(
    run: Run, cloud: FakeCloud, failed: str, evil: Callable[[str], str], cause: str
) -> None:
    cloud.states.executions[RUN]["cause"] = cause.format(evil=evil(failed), own=failed)
    made, path = snapshot_of(catalog_bag())
    cloud.states.events[RUN] = History().visit("SyncSegment", bag(), {"state_data": made}).events
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path}}

    assert run("resume", RUN).code == 0

    (started,) = cloud.states.started
    assert started["stateMachineArn"] == MACHINE
    assert json.loads(started["input"]) == {"resume_from": path}
    assert run("show", RUN).code == 0
    shown = decoded(run("snapshots", RUN, "--json").out)
    assert evil(failed) not in {each["s3_path"] for each in shown}


def test_last_record_of_a_cause_counts(run: Run, cloud: FakeCloud, failed: str) -> None:
    cause = f"worker said [record: {path_under(PAYROLL)}] [record: {failed}]"
    cloud.states.executions[RUN]["cause"] = cause

    assert run("resume", RUN).code == 0

    (started,) = cloud.states.started
    assert (started["stateMachineArn"], json.loads(started["input"])) == (
        MACHINE,
        {"resume_from": failed},
    )


def test_what_is_no_record_starts_nothing(run: Run, cloud: FakeCloud) -> None:
    made, path = snapshot_of(catalog_bag())
    value = made["current_state"]["report"]["__s3_path"]
    cloud.states.add("run-1", "FAILED", input={}, error="E", cause=f"oh [record: {value}]")
    cloud.states.events[RUN] = History().visit("SyncSegment", bag(), {"state_data": made}).events
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path}}

    assert run("resume", RUN).code == 0

    assert json.loads(cloud.states.started[0]["input"]) == {"resume_from": path}


@pytest.mark.parametrize("made_for", [arn_of("victim"), None, 7])
def test_bag_of_another_execution_is_not_resumed(run: Run, cloud: FakeCloud, made_for: Any) -> None:
    made = catalog_bag() | {"execution_id": made_for}
    history = History().visit("SyncSegment", bag(), {"state_data": made})
    cloud.states.add("run-1", "ABORTED", events=history.events)

    assert run("resume", RUN).code == 3
    assert (cloud.functions.invoked, cloud.states.started) == ([], [])


def test_snapshot_that_the_function_made_elsewhere_is_not_resumed(
    run: Run, cloud: FakeCloud
) -> None:
    history = History().visit("SyncSegment", bag(), {"state_data": catalog_bag()})
    cloud.states.add("run-1", "ABORTED", events=history.events)
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path_under(PAYROLL)}}

    assert run("resume", RUN).code == 7
    assert cloud.states.started == []


def test_resumed_execution_may_leave_its_record_under_its_owner(
    run: Run, cloud: FakeCloud, failed: str
) -> None:
    told = cloud.states.executions[RUN]
    cloud.states.add("run-2", "FAILED", input={"resume_from": failed}, cause=told["cause"])
    leave_mark(runtime.current(), RUN, arn_of("run-2"), "began")

    assert run("resume", arn_of("run-2")).code == 0
    assert json.loads(cloud.states.started[0]["input"]) == {"resume_from": failed}
