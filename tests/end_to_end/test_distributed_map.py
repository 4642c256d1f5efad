"""Distributed maps: every item once, in order, and the failures named."""

import gzip
import importlib
import io
import json
from typing import Any

import pytest

from local.cloud import Execution
from tests.end_to_end.workflow import Json, Workflows, folded


def _items(count: int, failures: set[int]) -> list[Any]:
    """Give items whose recorded results they are themselves."""
    return [
        {"raises": f"no model of {n}"} if n in failures else {"service": n, "words": "w" * (n % 90)}
        for n in range(count)
    ]


def _run(workflows: Workflows, count: int, failures: set[int]) -> None:
    items = _items(count, failures)
    path = "inputs/items.json"
    mapped: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    last = {"status": "COMPLETE", "current_state": {"mapped": count}}
    value = {"segments": [mapped, last], "tolerated_failed_items": len(failures)}
    whole = workflows.put_input(path, value)

    execution = workflows.run({"input_s3_path": whole}, timeout=1_500)

    state = workflows.final_state(execution)
    reports = state.pop("failed_segments", [])
    assert [report["index"] for report in reports] == sorted(failures)
    for report in reports:
        assert report["error"] == "SegmentFailedError"
        assert "the item is recorded as a failure" in report["cause"]
    succeeded = [item for n, item in enumerate(items) if n not in failures]
    expected = folded({"input_s3_path": whole, **value}, mapped, succeeded, last)
    assert state == expected
    for name in ("pre_snapshot_s3_path", "post_snapshot_s3_path"):
        assert workflows.read(execution.output["state_data"][name])["state_data"]


def test_map_of_two_hundred_items(workflows: Workflows) -> None:
    _run(workflows, 200, {0, 7, 199})


@pytest.mark.parametrize("kind", ["a list", "JSONL", "CSV"])
def test_a_thousand_rows_in_batches(workflows: Workflows, kind: str) -> None:
    rows = [{"service": str(n), "words": "w" * (n % 90)} for n in range(1_000)]
    items: Any = rows
    if kind != "a list":
        head = ["service,words"] if kind == "CSV" else []
        lines = [f"{row['service']},{row['words']}" for row in rows]
        lines = [*head, *lines] if kind == "CSV" else [json.dumps(row) for row in rows]
        bucket, key = workflows.cloud.outputs["StateBucketName"], f"inputs/rows.{kind.lower()}"
        body = gzip.compress("\n".join(lines).encode())
        workflows.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        items = {"bucket": bucket, "key": key, "input_type": kind}
    mapped: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    last = {"status": "COMPLETE"}
    value = {"segments": [mapped, last], "items_per_batch": 90}
    whole = workflows.put_input("inputs/batches.json", value)

    execution = workflows.run({"input_s3_path": whole})

    expected = folded({"input_s3_path": whole, **value}, mapped, rows, last)
    assert workflows.final_state(execution) == expected


def test_items_that_are_too_large_for_a_child_run_like_any_other(workflows: Workflows) -> None:
    large = {"service": "x" * 300_000, "__s3_offloaded": "data of the user's"}
    failing = {"raises": "y" * 300_000}
    items = [{"service": 0}, large, failing, {"service": 3}]
    mapped: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    last = {"status": "COMPLETE"}
    value = {"segments": [mapped, last], "tolerated_failed_items": 1}
    path = workflows.put_input("inputs/large_items.json", value)

    state = workflows.final_state(workflows.run({"input_s3_path": path}))

    assert state["distributed_outputs"] == [items[0], large, items[3]]
    (report,) = state["failed_segments"]
    assert (report["index"], report["input"]) == (2, failing)


def test_no_more_children_run_at_once_than_the_workflow_asks_for(workflows: Workflows) -> None:
    items = _items(6, set())
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items, "map_concurrency": 2}
    execution = workflows.run({"segments": [mapped, {"status": "COMPLETE"}]})
    assert workflows.final_state(execution)["distributed_outputs"] == items
    client = workflows.cloud.client("stepfunctions")
    (run,) = client.list_map_runs(executionArn=execution.arn)["mapRuns"]
    assert client.describe_map_run(mapRunArn=run["mapRunArn"])["maxConcurrency"] == 2


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_map_of_ten_thousand_items(workflows: Workflows) -> None:
    _run(workflows, 10_000, set(range(5, 10_000, 277)) | {9_999})


def test_map_in_which_every_item_fails_ends_the_workflow(workflows: Workflows) -> None:
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": _items(3, {0, 1, 2})}
    failed = workflows.run({"segments": [mapped, {"status": "COMPLETE"}]})
    assert (failed.status, failed.error) == ("FAILED", "Workflow.FAILED")
    record = workflows.record(failed)
    assert (record["stage"], record["segment_to_run"]) == ("workflow", 0)
    assert [report["index"] for report in record["failed_segments"]] == [0, 1, 2]


def test_resuming_a_map_runs_the_items_that_failed_and_no_other(workflows: Workflows) -> None:
    failures = {1, 4, 11}
    items = _items(12, failures)
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    last = {"status": "COMPLETE", "current_state": {"mapped": True}}
    failed = workflows.run({"segments": [mapped, last], "tolerated_failed_items": 2})
    assert (failed.status, failed.error) == ("FAILED", "Workflow.FAILED")
    assert len(workflows.record(failed)["failed_segments"]) == 3

    execution = workflows.resume(failed, tolerated_failed_items=3)

    assert _items_run(workflows, failed) == 12
    assert _items_run(workflows, execution) == 3
    state = workflows.final_state(execution)
    succeeded = [item for n, item in enumerate(items) if n not in failures]
    assert state["distributed_outputs"] == succeeded
    assert [report["index"] for report in state["failed_segments"]] == sorted(failures)
    assert [report["input"] for report in state["failed_segments"]] == [
        items[n] for n in sorted(failures)
    ]
    assert state["current_state"] == {"mapped": True}
    assert "unfinished_map" not in state


def _items_run(workflows: Workflows, execution: Execution) -> int:
    client = workflows.cloud.client("stepfunctions")
    (run,) = client.list_map_runs(executionArn=execution.arn)["mapRuns"]
    count: int = client.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]["total"]
    return count


def parquet_of(rows: list[dict[str, Any]]) -> bytes:
    """Give rows of texts as a file of Parquet."""
    core, files = importlib.import_module("arro3.core"), importlib.import_module("arro3.io")
    columns = {
        name: core.Array([row[name] for row in rows], core.DataType.utf8()) for name in rows[0]
    }
    written = io.BytesIO()
    files.write_parquet(core.Table.from_pydict(columns), written)
    return written.getvalue()


@pytest.mark.local
@pytest.mark.parametrize("size", [1, 9])
def test_rows_of_parquet_are_read_by_the_machine_and_those_that_failed_run_again(
    workflows: Workflows, size: int
) -> None:
    pytest.importorskip("arro3.io", reason="reads Parquet; requirements-dev.txt has it")
    rows = [{"service": str(n), "status": "FAILED" if n == 3 else "SUCCEEDED"} for n in range(20)]
    cloud, bucket = workflows.cloud, workflows.cloud.outputs["StateBucketName"]
    for name, part in (("a", rows[:12]), ("b", rows[12:])):
        key = f"inputs/{name}.parquet"
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=parquet_of(part))
    listed = "\n".join(f"s3://{bucket}/inputs/{name}.parquet" for name in "ab")
    cloud.client("s3").put_object(Bucket=bucket, Key="inputs/rows.csv", Body=listed.encode())
    items = {"bucket": bucket, "key": "inputs/rows.csv", "input_type": "PARQUET"}
    mapped = {
        "status": "DISTRIBUTED_MAP",
        "distributed_items": items | {"manifest_type": "ATHENA_DATA"},
    }
    value = {"segments": [mapped, {"status": "COMPLETE"}], "items_per_batch": size}

    failed = workflows.run(value)
    assert failed.error == "Workflow.FAILED"
    assert _items_run(workflows, failed) == 20
    assert "DistributedMapOfFiles" in workflows.states(failed)

    execution = workflows.resume(failed, tolerated_failed_items=1)
    assert _items_run(workflows, execution) == 1
    state = workflows.final_state(execution)
    assert state["distributed_outputs"] == rows
    assert [report["index"] for report in state["failed_segments"]] == [3]
