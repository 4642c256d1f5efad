"""Jobs whose ends EventBridge tells of: Glue, and an execution of another machine."""

import json
import time
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud
from tests.end_to_end.workflow import Json, Workflows
from tests.function.jobs.documented_jobs import batch, glue

pytestmark = pytest.mark.local

LAST: Json = {"status": "COMPLETE", "current_state": {"published": True}}
NESTED = {"StartAt": "Work", "States": {"Work": {"Type": "Pass", "Result": {"n": 5}, "End": True}}}


def run_id(digit: int) -> str:
    return f"jr_{str(digit) * 64}"


def waiting(job: str, **more: Any) -> Json:
    return {"segments": [{"status": "ASYNC", "job": job, **more}, LAST]}


@pytest.fixture
def cloud(workflows: Workflows) -> LocalCloud:
    assert isinstance(workflows.cloud, LocalCloud)
    return workflows.cloud


def objects_of(cloud: LocalCloud, prefix: str) -> int:
    listing = cloud.client("s3").list_objects_v2(
        Bucket=cloud.outputs["StateBucketName"], Prefix=prefix
    )
    return int(listing["KeyCount"])


def until_ended(cloud: LocalCloud, before: int) -> None:
    """Wait until the function has heard of one more end."""
    deadline = time.monotonic() + 60
    while objects_of(cloud, "jobs/ended/") == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_that_ends_later_is_waited_for(workflows: Workflows, cloud: LocalCloud) -> None:
    execution = workflows.start(waiting(run_id(1)))
    assert workflows.request(execution)["job"] == run_id(1)
    cloud.tell(batch("SUCCEEDED"))
    cloud.tell(glue("SUCCEEDED", run_id(9)))
    cloud.tell(glue("SUCCEEDED", run_id(1)))
    state = workflows.final_state(execution.wait())
    result = state["job_result"]
    assert (result["job"], result["state"]) == (run_id(1), "SUCCEEDED")
    assert state["current_state"] == {"published": True}
    assert "awaited_job" not in execution.output["state_data"]
    workflows.require_small(execution)
    assert workflows.states(execution)[4:8] == [
        "RouteNextAction",
        "WaitForJob",
        "MergeAsync",
        "RouteNextAction",
    ]


def test_a_job_that_has_ended_before_is_not_waited_for(
    workflows: Workflows, cloud: LocalCloud
) -> None:
    before = objects_of(cloud, "jobs/ended/")
    cloud.tell(glue("SUCCEEDED", run_id(2)))
    until_ended(cloud, before)
    state = workflows.final_state(workflows.run(waiting(run_id(2))))
    assert state["job_result"]["job"] == run_id(2)


def test_a_job_that_fails_ends_the_workflow_and_another_may_take_its_place(
    workflows: Workflows, cloud: LocalCloud
) -> None:
    failed = workflows.start(waiting(run_id(3)))
    workflows.request(failed)
    cloud.tell(glue("TIMEOUT", run_id(3)))
    failed.wait()
    assert failed.error == "Job.TIMEOUT"
    assert workflows.record(failed)["stage"] == "async"

    cloud.tell(glue("SUCCEEDED", run_id(4)))
    resumed = workflows.resume(failed, job=run_id(4))
    assert workflows.final_state(resumed)["job_result"]["job"] == run_id(4)


def test_a_job_that_is_never_heard_of_ends_the_wait_in_the_time_that_it_says(
    workflows: Workflows,
) -> None:
    execution = workflows.run(waiting(run_id(5), wait_seconds=3))
    assert execution.error == "Timeout"
    assert workflows.record(execution)["stage"] == "async_timeout"


def test_a_branch_waits_for_a_job_and_fails_alone(workflows: Workflows, cloud: LocalCloud) -> None:
    def branch(name: str, digit: int) -> Json:
        asks = {"status": "ASYNC", "job": run_id(digit)}
        return {"branch_id": name, "segments": [asks, {"current_state": {name: True}}]}

    group = {"status": "PARALLEL_GROUP", "pending_branches": [branch("a", 6), branch("b", 7)]}
    execution = workflows.start({"segments": [group, LAST]})
    cloud.tell(glue("FAILED", run_id(6)))
    cloud.tell(glue("SUCCEEDED", run_id(7)))
    state = workflows.final_state(execution.wait(120))
    (report,) = state["failed_segments"]
    assert (report["branch_id"], report["error"]) == ("a", "Job.FAILED")
    assert state["current_state"] == {"b": True, "published": True}


def test_an_execution_of_another_machine_is_a_job(workflows: Workflows, cloud: LocalCloud) -> None:
    machine = cloud.create_state_machine("nested", NESTED)
    nested = f"{machine.replace(':stateMachine:', ':execution:')}:first"
    execution = workflows.start(waiting(nested))
    workflows.request(execution)
    Execution.start(cloud.client("stepfunctions"), machine, {}, "first")
    detail = workflows.final_state(execution.wait())["job_result"]["detail"]
    assert (json.loads(detail["output"]), detail["name"]) == ({"n": 5}, "first")


def test_nobody_says_that_a_job_has_ended_but_its_service(
    workflows: Workflows, cloud: LocalCloud
) -> None:
    execution = workflows.start(waiting(run_id(8)))
    workflows.request(execution)
    before = objects_of(cloud, "jobs/ended/")
    for forged in (glue("SUCCEEDED", run_id(8)), {**glue("SUCCEEDED", run_id(8)), "source": "me"}):
        detail = json.dumps(forged["detail"])
        entry = {"Source": forged["source"], "DetailType": forged["detail-type"], "Detail": detail}
        answer = cloud.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == (1 if forged["source"] == "aws.glue" else 0)
    # From an account that may send to the bus.
    cloud.tell({**glue("SUCCEEDED", run_id(8)), "account": "999999999999"})
    cloud.tell(glue("STOPPED", run_id(8)))
    until_ended(cloud, before)
    assert execution.wait().error == "Job.STOPPED"
