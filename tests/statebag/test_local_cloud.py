"""The command against the local cloud: the real template, real histories, real requests."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.deployment import STACK_NAME
from tests.statebag.conftest import Ran, ran
from tests.statebag.local_workflow import (
    SECTIONS,
    SEGMENTS,
    Command,
    Workflow,
    one,
    stored_versions,
    until,
)
from tests.statebag.states import decoded
from universal_sync_core.retention.members import digest_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import items_prefix
from universal_sync_core.storage.store import Location


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start() as started:
        yield started


@pytest.fixture(scope="module")
def workflow(cloud: LocalCloud) -> Workflow:
    run = cloud.start_execution({"segments": SEGMENTS}, name="catalog")
    until(lambda: bool(cloud.events) or run.status != "RUNNING")
    return Workflow(run.arn, cloud.outputs["StateBucketName"])


@pytest.fixture
def command(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run a command line with the environment that `python -m local.serve` tells."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def run(*arguments: str) -> Ran:
        return ran(capsys, *arguments)

    return run


def test_show(command: Command, workflow: Workflow) -> None:
    arguments = ("show", workflow.arn, "--path", "current_state.sections[299]", "--json")

    assert one(command(*arguments)) == SECTIONS[299]


def test_outage_is_one_of_aws(cloud: LocalCloud, command: Command, workflow: Workflow) -> None:
    with cloud.outage("s3"):
        shown = command("show", workflow.arn, "--path", "current_state.sections[299]")

    assert shown.code == 6
    assert "S3 failed: ServiceUnavailable" in shown.err


@pytest.mark.parametrize("name", ["catalog", "latest"])
def test_execution_is_found_by_its_name_in_the_stack(
    command: Command, workflow: Workflow, name: str
) -> None:
    ran = command("callbacks", "list", name, "--stack", STACK_NAME, "--json")

    assert one(ran)["execution_id"] == workflow.arn


def test_history(command: Command, workflow: Workflow) -> None:
    entries = [each["entry"] for each in decoded(command("history", workflow.arn, "--json").out)]

    assert {"timestamp": 1, "did": "list"} in entries


def test_timeline(command: Command, workflow: Workflow) -> None:
    steps = decoded(command("timeline", workflow.arn, "--json").out)

    by_state = {step["state"]: step for step in steps}
    assert by_state["WaitForCallback"]["seconds"] is None
    assert by_state["WaitForCallback"]["next_action"] == "PAUSED_FOR_HITP"
    branches = [step["iteration"] for step in steps if step["state"] == "CompleteBranch"]
    assert sorted(branches) == [0, 1]
    syncs = [step for step in steps if step["state"] == "SyncSegment"]
    assert syncs[0]["offloaded_bytes"] > 150_000
    assert all(step["input_bytes"] < 262_144 for step in steps)


def test_diff_of_two_steps(command: Command, workflow: Workflow) -> None:
    steps = decoded(command("timeline", workflow.arn, "--state", "AggregateBranches", "--json").out)
    number = steps[0]["step"]

    # The step before is the map, whose bag is still the one from before the branches.
    map_step = f"{workflow.arn}#ProcessParallelBranches"
    ran = command("diff", map_step, f"{workflow.arn}#{number}", "--json")

    assert ran.code == 1
    paths = {each["path"] for each in decoded(ran.out)}
    assert {"current_state.left", "current_state.right"} <= paths
    assert not any(path.startswith("current_state.sections") for path in paths)


def test_diff_of_the_snapshots(command: Command, workflow: Workflow) -> None:
    found = decoded(command("snapshots", workflow.arn, "--json").out)
    assert [each["type"] for each in found] == ["pre", "post"]

    ran = command("diff", *(each["s3_path"] for each in found), "--json")

    assert "distributed_outputs" in {each["path"] for each in decoded(ran.out)}


def test_restored_snapshot_is_a_bag(command: Command, workflow: Workflow) -> None:
    (path, *_) = [
        each["s3_path"] for each in decoded(command("snapshots", workflow.arn, "--json").out)
    ]

    bag = one(command("restore", path, "-o", "-"))

    assert bag["execution_id"] == workflow.arn


def test_cost(command: Command, workflow: Workflow) -> None:
    assert one(command("cost", workflow.arn, "--json"))["total"] > 0


def test_gc_finds_nothing_in_what_runs(command: Command, workflow: Workflow) -> None:
    found = decoded(command("gc", "--bucket", workflow.bucket, "--json").out)

    assert [each["unreachable"] for each in found if each["execution_id"] == workflow.arn] == [[]]


def test_verify_finds_what_was_deleted_and_what_was_altered(
    command: Command, cloud: LocalCloud, workflow: Workflow
) -> None:
    assert command("verify", workflow.arn).code == 0
    s3 = cloud.client("s3")
    part = one(command("show", workflow.arn, "--path", "current_state", "--json", "--sizes"))
    (path,) = [each["s3_path"] for each in part["members"] if each["path"].endswith("sections")]
    location = Location.parse(path)
    place = {"Bucket": location.bucket, "Key": location.key}
    body = s3.get_object(**place)["Body"].read()
    try:
        s3.put_object(**place, Body=bytes(255 - byte for byte in body))
        altered = json.loads(command("verify", workflow.arn, "--json").out)
        s3.delete_object(**place)
        missing = json.loads(command("verify", workflow.arn, "--json").out)
    finally:
        s3.put_object(**place, Body=body)

    assert {each["fault"] for each in altered["problems"]} == {"altered"}
    assert {each["fault"] for each in missing["problems"]} == {"missing"}


def test_failure_tells_what_the_function_refused_and_where_its_log_is(
    command: Command, cloud: LocalCloud
) -> None:
    run = cloud.start_execution({"segments": [{"status": "complete"}]}, name="refused")
    until(lambda: run.status != "RUNNING")

    why = one(command("failure", run.arn, "--json"))

    assert why["error"] == ["InvalidRequestError"]
    assert "status is a string, but not one of" in why["cause"][0]
    assert "trace" not in why
    assert "after 1 try" in why["state"][0]
    assert why["logs"][0].startswith("aws logs filter-log-events --region us-east-1 ")
    assert command(*why["given"][1].replace("'", "").split()[1:]).code in {0, 3}


def test_workflow_that_is_held_stops_where_it_is_and_goes_on_when_it_is_released(
    command: Command, cloud: LocalCloud
) -> None:
    asks = {"status": "PAUSED_FOR_HITP", "prompt": "Hold me?"}
    after = [{"current_state": {"step": number}} for number in range(3)]
    run = cloud.start_execution({"segments": [asks, *after]}, name="held")

    def waiting() -> list[Any]:
        return decoded(command("callbacks", "list", run.arn, "--json").out)

    until(lambda: bool(waiting()))
    assert one(command("hold", run.arn, "--json"))["was_held"] is False
    assert "already held" in command("hold", run.arn).out
    command("callbacks", "approve", run.arn, waiting()[0]["callback_id"][:8])
    until(lambda: [each["callback_type"] for each in waiting()] == ["hold"])
    assert one(command("show", run.arn, "--json"))["segment_to_run"] == 1
    assert run.status == "RUNNING"

    assert "goes on from where it stopped, in 1 place" in command("release", run.arn).out
    watched = command("watch", run.arn, "--every", "0.2")
    assert watched.code == 0
    assert "Released" in watched.out
    assert watched.out.splitlines()[-1].startswith("SUCCEEDED after ")
    bag = one(command("show", run.arn, "--json"))
    assert bag["current_state"]["step"] == 2
    assert "held_by_operator" not in bag
    assert command("release", run.arn).out == "held was not held\n"
    assert command("hold", run.arn).code == 7


def test_approval_then_failure_then_resume(
    command: Command, cloud: LocalCloud, workflow: Workflow
) -> None:
    """From here on the workflow does not wait any more."""
    (waiting,) = decoded(command("callbacks", "list", workflow.arn, "--json").out)
    assert waiting["prompt"] == {"question": "Publish?", "password": "***"}
    states = cloud.client("stepfunctions")

    answered = command("callbacks", "approve", workflow.arn, waiting["callback_id"][:8])

    assert answered.out == "success: delivered\n"
    until(lambda: states.describe_execution(executionArn=workflow.arn)["status"] == "FAILED")
    assert decoded(command("callbacks", "list", workflow.arn, "--json").out) == []
    assert decoded(command("snapshots", workflow.arn, "--json").out)[-1]["type"] == "failure"
    why = one(command("failure", workflow.arn, "--json"))
    assert (why["error"], why["cause"]) == (["OutOfStock"], ["none left"])
    assert why["go on"] == [f"statebag resume {workflow.arn}"]
    resumed = one(command("resume", workflow.arn, "--set", "segment_to_run=9", "--json"))
    until(
        lambda: states.describe_execution(executionArn=resumed["execution"])["status"] != "RUNNING"
    )
    assert one(command("failure", workflow.arn, "--json"))["resumed as"] == [resumed["execution"]]
    chain = {
        step["execution"]
        for step in decoded(command("timeline", resumed["execution"], "--json").out)
    }
    assert chain == {workflow.arn, resumed["execution"]}


def test_fork_goes_on_from_an_earlier_step_and_leaves_the_original(
    command: Command, cloud: LocalCloud
) -> None:
    segments = [{"current_state": {f"step_{each}": each, "n": each}} for each in range(3)]
    original = cloud.start_execution({"segments": segments}, name="three").wait()
    shown = command("show", "three", "--stack", STACK_NAME, "--json").out
    steps = decoded(command("timeline", "three", "--state", "SyncSegment", "--json").out)
    source = f"{original.arn}#{steps[0]['step']}"

    changes = ("--set", "current_state.by_hand=true", "--unset", "current_state.step_0")
    fork = one(command("resume", source, *changes, "--json"))["execution"]

    state = cloud.execution(fork).wait().output["state_data"]["current_state"]
    assert state == {"by_hand": True, "step_1": 1, "step_2": 2, "n": 2}
    assert command("show", "three", "--stack", STACK_NAME, "--json").out == shown
    assert cloud.client("stepfunctions").describe_execution(executionArn=fork)["name"] != "three"


def test_executions_are_listed_and_found(command: Command, cloud: LocalCloud) -> None:
    run = cloud.start_execution({"segments": [{"current_state": {"colour": "teal"}}]}, name="teal")
    run.wait()

    listed = decoded(command("list", "--stack", STACK_NAME, "--json").out)
    found = decoded(
        command("find", "--stack", STACK_NAME, "--where", "current_state.colour=teal", "--json").out
    )

    assert run.arn in {each["execution"] for each in listed}
    assert [each["execution"] for each in found] == [run.arn]


@pytest.mark.parametrize("versioned", [True, False])
def test_workflow_is_forgotten_in_every_version(
    cloud: LocalCloud,
    command: Command,
    workflow: Workflow,
    monkeypatch: pytest.MonkeyPatch,
    *,
    versioned: bool,
) -> None:
    s3, name = cloud.client("s3"), f"person-{versioned}"
    status = {"Status": "Enabled" if versioned else "Suspended"}
    s3.put_bucket_versioning(Bucket=workflow.bucket, VersioningConfiguration=status)
    person = {"items": [{"name": "Ada"}] * 3, "text": "x" * 40_000}
    map_ = {"status": "DISTRIBUTED_MAP", "distributed_items": [{"current_state": {"item": 1}}] * 2}
    run = cloud.start_execution({"segments": [{"current_state": person}, map_]}, name=name).wait()
    items = items_prefix(Settings(bucket=workflow.bucket), run.arn)
    record = f"-{digest_of(run.arn)}.json"
    until(lambda: any(each.endswith(record) for each in stored_versions(cloud, workflow.bucket)))
    before = stored_versions(cloud, workflow.bucket)
    own = [
        each for each in before if name in each or each.endswith(record) or each.startswith(items)
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{name}\n"))

    ran = command("forget", name, "--stack", STACK_NAME, "--erase")

    assert ran.code == 0, ran.err
    assert {each.split("/")[0] for each in own} == {"v1", "items", "distributed", "ended"}
    left = set(stored_versions(cloud, workflow.bucket))
    assert left.isdisjoint(own)
    assert set(before) - set(own) <= left
    assert command("show", workflow.arn).code == 0


def test_execution_that_is_not_there(command: Command, workflow: Workflow) -> None:
    ran = command("show", f"{workflow.arn}-never")

    assert ran.code == 3
