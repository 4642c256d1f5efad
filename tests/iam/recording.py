"""One run of all that the roles of a stack do, on the local cloud, and what they asked for."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from unittest.mock import patch

from local.access.calls import Call
from local.cloud import LocalCloud, UserFunction
from local.deployment import STACK_NAME
from tests.end_to_end.workflow import Json, Workflows
from tests.function.jobs.documented_jobs import glue
from tests.iam.stack import OPERATOR
from universal_sync_core.retention.daily import DailyDeletion
from universal_sync_core.retention.inventory import S3Inventory
from universal_sync_core.retention.standing import Standing
from universal_sync_core.retention.terms import Terms
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store

SECONDS: Final = 60.0
WORKER: Final = UserFunction(
    name="Worker",
    code_dir=Path(__file__).parent / "worker",
    handler="worker.handler",
    with_layer=True,
)
PARAMETERS: Final = {
    "WithCallbackFunction": "true",
    "JobSources": "aws.glue,aws.states",
    "OperatorArns": f"arn:aws:iam::123456789012:role/{OPERATOR}",
}
LAST: Final[Json] = {"status": "COMPLETE"}
LARGE: Final[Json] = {"current_state": {"text": "x" * 200_000}}
FORK: Final[Json] = {
    "status": "PARALLEL_GROUP",
    "pending_branches": [{"branch_id": name, "segments": [LARGE]} for name in ("left", "right")],
}
Command = Callable[..., object]


def recorded(cloud: LocalCloud, command: Command) -> list[Call]:
    """Return what was asked for while everything was done once.

    Args:
        cloud: with the worker and the parameters of this module.
        command: runs a `statebag` command line as an operator.
    """
    workflows = Workflows(cloud)
    _make_operator(cloud)
    _map(workflows)
    _map_of_items_in_s3(workflows)
    _wait(workflows)
    _jobs(workflows, cloud)
    _end(workflows)
    _work(workflows)
    _operate(workflows, command)
    _collect_garbage(cloud, command)
    _forget(workflows, command)
    _delete_daily(cloud)
    return cloud.calls


def _make_operator(cloud: LocalCloud) -> None:
    everything = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = cloud.client("iam")
    iam.create_role(RoleName=OPERATOR, AssumeRolePolicyDocument="{}")
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName=OPERATOR, PolicyName="all", PolicyDocument=document)


def _map(workflows: Workflows) -> None:
    items = ["x" * 300_000, 1, {"raises": "on purpose"}]
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    path = workflows.put_input("inputs/map.json", {"segments": [LARGE, mapped, FORK, LAST]})
    failed = workflows.run({"input_s3_path": path})
    assert failed.status == "FAILED"
    assert workflows.resume(failed, tolerated_failed_items=1).status == "SUCCEEDED"


def _map_of_items_in_s3(workflows: Workflows) -> None:
    """Run a map whose items were staged for it by somebody else; and again what failed."""
    name = "own-items"
    machine = workflows.cloud.outputs["StateMachineArn"]
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    bucket = workflows.cloud.outputs["StateBucketName"]
    key = f"items/{hashlib.sha256(arn.encode()).hexdigest()[:32]}/staged.json"
    body = json.dumps([1, {"raises": "on purpose"}])
    workflows.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    place = {"bucket": bucket, "key": key}
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": place}
    failed = workflows.start({"segments": [mapped, LAST]}, name).wait(SECONDS)
    assert failed.status == "FAILED"
    assert workflows.resume(failed, tolerated_failed_items=1).status == "SUCCEEDED"


def _wait(workflows: Workflows) -> None:
    """Answer as a backend, as a job that sends heartbeats, and with a refusal."""
    asks = {"status": "PAUSED_FOR_HITP", "prompt": {"question": "?", "scan": "x" * 60_000}}
    execution = workflows.start({"segments": [asks, LAST]})
    request = workflows.request(execution)
    backend = workflows.cloud.outputs["CallbackFunctionArn"]
    answer = {"current_state": {"remarks": "r" * 90_000}}
    workflows.submit(request, "heartbeat", function=backend)
    workflows.submit(request, "success", function=backend, output=answer)
    assert execution.wait(SECONDS).status == "SUCCEEDED"
    for outcome, function in (("success", None), ("failure", None), ("failure", backend)):
        execution = workflows.start({"segments": [{"status": "ASYNC"}, LAST]})
        request = workflows.request(execution)
        workflows.submit(request, "heartbeat")
        given = {"output": answer} if outcome == "success" else {"error": "No", "cause": ""}
        workflows.submit(request, outcome, function=function, **given)
        execution.wait(SECONDS)


def _jobs(workflows: Workflows, cloud: LocalCloud) -> None:
    """Wait for a job that ends well, for one that fails, and for one that has ended already."""
    for digit, state in enumerate(("SUCCEEDED", "FAILED")):
        job = f"jr_{str(digit) * 64}"
        asks = {"status": "ASYNC", "job": job}
        execution = workflows.start({"segments": [asks, LAST]})
        waiting = hashlib.sha256(job.encode()).hexdigest()
        _until_there(cloud, f"jobs/waiting/{waiting}/1.json")
        # Twice, as it may come.
        for _ in range(2):
            cloud.tell(glue(state, job))
        execution.wait(SECONDS)
        workflows.run({"segments": [asks, LAST]})
    nested = f"{cloud.outputs['StateMachineArn'].replace(':stateMachine:', ':execution:')}:nested"
    execution = workflows.start({"segments": [{"status": "ASYNC", "job": nested}, LAST]})
    waiting = hashlib.sha256(nested.encode()).hexdigest()
    _until_there(cloud, f"jobs/waiting/{waiting}/1.json")
    # Its output is in the event, and too large for a task.
    many = {f"field{number}": "x" * 5_000 for number in range(18)}
    workflows.start({"segments": [many, LAST]}, "nested").wait(SECONDS)
    assert execution.wait(SECONDS).status == "SUCCEEDED"


def _until_there(cloud: LocalCloud, key: str) -> None:
    waiter = cloud.client("s3").get_waiter("object_exists")
    waiter.config.delay = 1
    waiter.wait(Bucket=cloud.outputs["StateBucketName"], Key=key)


def _end(workflows: Workflows) -> None:
    """Go on as a new execution, fail, and be stopped."""
    segments = [LARGE, {"current_state": {"n": 1}}, {"current_state": {"n": 2}}, LAST]
    chain = workflows.chain({"segments": segments, "segments_per_execution": 2})
    assert len(chain) > 1
    stopped = workflows.start({"segments": [{"status": "ASYNC"}]})
    workflows.request(stopped)
    stopped.stop()
    workflows.recorded(stopped)


def _work(workflows: Workflows) -> None:
    def change(states: dict[str, Json]) -> None:
        for state in states.values():
            for each in [state, *state.get("ItemProcessor", {}).get("States", {}).values()]:
                if each.get("Parameters", {}).get("Payload", {}).get("action") == "run_segment":
                    each["Parameters"]["FunctionName"] = WORKER.arn

    machine = workflows.varied("with-worker", change)
    path = workflows.put_input("inputs/catalog.json", {"services": 300})
    items = {"status": "DISTRIBUTED_MAP", "distributed_items": ["x" * 300_000, 1]}
    whole = workflows.put_input(
        "inputs/work.json", {"segments": [LARGE, {"reads": path}, items, LAST]}
    )
    assert workflows.run({"input_s3_path": whole}, machine).status == "SUCCEEDED"


def _operate(workflows: Workflows, command: Command) -> None:
    """Run every command of `statebag`."""
    failing = [LARGE, {"current_state": {"n": 1}}, {"status": "FAILED", "error": "E", "cause": "c"}]
    failed = workflows.run({"segments": failing})
    record = workflows.record_path(failed)
    for name in ("show", "history", "timeline", "verify", "snapshots", "cost"):
        command(name, failed.arn)
    command("report", failed.arn, "-o", "report.html")
    command("restore", record, "-o", "bag.json", "--hydrate")
    command("diff", f"{failed.arn}#1", record)
    command("resume", failed.arn)
    for name in ("list", "find"):
        command(name, "--stack", STACK_NAME, "--status", "FAILED")
    command("timeline", "latest", "--stack", STACK_NAME)
    stopped = workflows.start({"segments": [LARGE, {"status": "ASYNC"}]})
    workflows.request(stopped)
    stopped.stop()
    command("resume", stopped.arn)
    for answer in ("approve", "reject"):
        waits = workflows.start({"segments": [{"status": "PAUSED_FOR_HITP", "prompt": "?"}, LAST]})
        asked = workflows.request(waits)["callback_id"]
        command("callbacks", "list", waits.arn)
        command("callbacks", "show", waits.arn, asked)
        command("callbacks", answer, waits.arn, asked)
        waits.wait(SECONDS)
    command("callbacks", "list", "--bucket", workflows.cloud.outputs["StateBucketName"])


def _collect_garbage(cloud: LocalCloud, command: Command) -> None:
    """Look for garbage, and delete and undelete: nothing here is old enough for the command to."""
    bucket = cloud.outputs["StateBucketName"]
    command("gc", "--bucket", bucket)
    inventory = S3Inventory(cloud.client("s3", OPERATOR))
    found = [next(inventory.objects(bucket, "v1/")).location]
    assert inventory.keeps_versions(bucket)
    inventory.delete(found)
    inventory.undelete(found)


def _forget(workflows: Workflows, command: Command) -> None:
    """Erase a workflow that had a map, beside the results of another of its name."""
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": [1, 2]}
    run = workflows.run({"segments": [LARGE, mapped, LAST]})
    bucket, key = (
        workflows.cloud.outputs["StateBucketName"],
        f"distributed/{run.arn.split(':')[-1]}",
    )
    workflows.cloud.client("s3").put_object(
        Bucket=bucket, Key=f"{key}/other/manifest.json", Body=b"{}"
    )
    with patch("sys.stdin", io.StringIO(run.arn)):
        command("forget", run.arn, "--erase")


class _AllOver:
    """Says of every execution that it ended long ago."""

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        assert execution_arn.startswith("arn:")
        assert since < datetime.now(UTC) + timedelta(days=11)
        return Standing.OVER

    def map_run_of(self, child_arn: str) -> None:
        raise AssertionError(f"no child keeps state under its own id: {child_arn}")

    def record(self, execution_arn: str, owner: str) -> None:
        assert execution_arn != owner, "the ends of those who began a state are recorded"


def _delete_daily(cloud: LocalCloud) -> None:
    """Run the deletion as it is scheduled, and, with the rights of its role, as in 100 days."""
    function = cloud.outputs["RetentionFunctionArn"]
    s3, bucket = cloud.client("s3"), cloud.outputs["StateBucketName"]
    for each in s3.list_objects_v2(Bucket=bucket, Prefix="ended/")["Contents"]:
        record = json.loads(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read())
        if record["offloaded"] and len(record["execution_chain"]) == 0:
            s3.delete_object(Bucket=bucket, Key=each["Key"])
    assert cloud.run_schedules()[0]["recorded"] >= 1
    described = cloud.client("lambda").get_function_configuration(FunctionName=function)
    client = cloud.client("s3", described["Role"].rpartition("/")[2])
    terms = Terms(
        now=datetime.now(UTC) + timedelta(days=100),
        keep=timedelta(days=90),
        machines={cloud.outputs["StateMachineArn"]},
    )
    settings = Settings(bucket=bucket)
    with runtime.use(settings=settings, store=S3Store(client=client)) as used:
        deletion = DailyDeletion(used, S3Inventory(client), _AllOver(), terms)
        outcome = deletion.run()
    assert outcome.workflows
    assert outcome.failed == {}
