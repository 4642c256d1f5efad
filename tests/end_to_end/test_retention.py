"""Ends are recorded, and what is over is deleted, by functions that may do no more than that."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import Execution
from tests.end_to_end.workflow import Workflows

LARGE = {"current_state": {"text": "x" * 200_000}}
COMPLETE = {"status": "COMPLETE"}


def within(seconds: float, found: Callable[[], Any]) -> Any:
    """Return what is found at last."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return result


def records(workflows: Workflows) -> dict[str, dict[str, Any]]:
    """Return what is recorded of ends, by execution."""
    s3, bucket = workflows.cloud.client("s3"), workflows.cloud.outputs["StateBucketName"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="ended/").get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed]
    return {record["execution_arn"]: record for record in map(json.loads, bodies)}


def record_of(workflows: Workflows, execution: Execution) -> dict[str, Any]:
    found: dict[str, Any] = within(30, lambda: records(workflows).get(execution.arn))
    return found


def daily(workflows: Workflows, **more: Any) -> dict[str, Any]:
    """Run the deletion as the stack's schedule does."""
    function = workflows.cloud.outputs["RetentionFunctionArn"]
    answer: dict[str, Any] = workflows.cloud.invoke({"action": "delete_ended", **more}, function)
    return answer


def keys_of(workflows: Workflows, execution: Execution) -> set[str]:
    s3, bucket = workflows.cloud.client("s3"), workflows.cloud.outputs["StateBucketName"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="v1/")
    found = (each["Key"] for page in pages for each in page.get("Contents", []))
    return {key for key in found if f"%3A{execution.arn.rsplit(':', 1)[-1]}/" in key}


@pytest.mark.parametrize(
    ("last", "status", "next_action"),
    [
        (COMPLETE, "SUCCEEDED", "COMPLETE"),
        ({"status": "HALTED"}, "FAILED", "HALTED"),
        ({"status": "SIGKILL"}, "FAILED", "SIGKILL"),
    ],
)
def test_every_end_is_recorded(
    workflows: Workflows, last: dict[str, Any], status: str, next_action: str
) -> None:
    execution = workflows.run({"segments": [LARGE, last]})
    record = record_of(workflows, execution)
    assert (record["status"], record["next_action"]) == (status, next_action)
    offloaded = {each["field"]: each["bytes"] for each in record["offloaded"]}
    assert offloaded["current_state"] == 200_011
    assert (record["record_s3_path"] is None) == (status == "SUCCEEDED")


def test_each_of_a_chain_is_recorded_with_whose_state_it_worked_on(workflows: Workflows) -> None:
    segments = [LARGE, {"current_state": {"a": 1}}, COMPLETE]
    first = workflows.run({"segments": segments, "segments_per_execution": 1})
    told = record_of(workflows, first)
    following = workflows.cloud.execution(first.arn.rsplit(":", 1)[0] + f":{told['continued_as']}")
    following.wait()
    record = record_of(workflows, following)
    assert record["execution_id"] == first.arn
    assert record["execution_chain"][:2] == [first.arn, following.arn]
    assert any("/executions/" in key for key in keys_of(workflows, first))


def test_the_daily_run_leaves_what_ended_lately(workflows: Workflows) -> None:
    execution = workflows.run({"segments": [LARGE, COMPLETE]})
    record_of(workflows, execution)
    before = keys_of(workflows, execution)
    answer = daily(workflows)
    assert (answer["deleted"]["workflows"], answer["failed"]) == (0, [])
    assert keys_of(workflows, execution) == before


def test_what_would_go_is_told_and_what_step_functions_sees_ended_lately_stays(
    workflows: Workflows,
) -> None:
    execution = workflows.run({"segments": [LARGE, COMPLETE]})
    record_of(workflows, execution)
    answer = daily(workflows, dry_run=True, retention_days=0)
    assert execution.arn in answer["deleted"]["execution_ids"]
    assert answer["failed"] == []


def test_end_that_got_lost_is_recorded_by_the_daily_run(workflows: Workflows) -> None:
    execution = workflows.run({"segments": [LARGE, COMPLETE]})
    record_of(workflows, execution)
    s3, bucket = workflows.cloud.client("s3"), workflows.cloud.outputs["StateBucketName"]
    for each in s3.list_objects_v2(Bucket=bucket, Prefix="ended/")["Contents"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    answer = daily(workflows)
    assert answer["recorded"] >= 1
    assert records(workflows)[execution.arn]["next_action"] == "COMPLETE"
