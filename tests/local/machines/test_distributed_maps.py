"""Inline and Distributed Maps, with the files that ResultWriter leaves."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]

PASS = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
# Fails for the items that are True, at once; the others take a moment.
CHOOSE: dict[str, Any] = {
    "StartAt": "Choose",
    "States": {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Succeed",
        },
        "Fail": {"Type": "Fail", "Error": "ItemError", "Cause": "it is True"},
        "Succeed": {"Type": "Succeed"},
    },
}


@pytest.fixture
def read(cloud: LocalCloud) -> Callable[[str], Any]:
    """Read JSON from the bucket."""
    s3 = cloud.client("s3")

    def get(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=cloud.outputs["Bucket"], Key=key)["Body"].read())

    return get


@pytest.fixture
def distributed(cloud: LocalCloud) -> Callable[..., dict[str, Any]]:
    """Give a Distributed Map over items in the bucket."""

    def state(items: list[Any] | None, processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
        bucket = cloud.outputs["Bucket"]
        if items is not None:
            cloud.client("s3").put_object(Bucket=bucket, Key="items", Body=json.dumps(items))
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        return {
            "Type": "Map",
            "Label": "Each",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": bucket, "Key": "items" if items is not None else "none"},
            },
            "ItemProcessor": {"ProcessorConfig": config, **processor},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": bucket, "Prefix": "results"},
            },
            "MaxConcurrency": 4,
            "End": True,
            **fields,
        }

    return state


def _items(count: int, *failing: int) -> list[dict[str, Any]]:
    return [{"n": n, "fails": n in failing} for n in range(count)]


def test_results_are_in_files_that_the_manifest_lists(
    run: Run, distributed: Any, read: Any
) -> None:
    state = distributed(_items(5, 3), CHOOSE, ToleratedFailureCount=1)
    result = run({"Map": state}).wait(60).output
    manifest = read(result["ResultWriterDetails"]["Key"])
    assert result["MapRunArn"] == manifest["MapRunArn"]
    run_id = manifest["MapRunArn"].rsplit(":", 1)[-1]
    files = manifest["ResultFiles"]
    assert files["PENDING"] == []
    assert [file["Key"] for file in files["SUCCEEDED"]] == [f"results/{run_id}/SUCCEEDED_0.json"]
    assert [file["Key"] for file in files["FAILED"]] == [f"results/{run_id}/FAILED_0.json"]
    succeeded, failed = (read(files[name][0]["Key"]) for name in ("SUCCEEDED", "FAILED"))
    assert sorted(json.loads(each["Output"])["n"] for each in succeeded) == [0, 1, 2, 4]
    assert [(each["Status"], each["Error"], each["Cause"]) for each in failed] == [
        ("FAILED", "ItemError", "it is True")
    ]
    assert json.loads(failed[0]["Input"]) == {"n": 3, "fails": True}
    assert "Output" not in failed[0]


@pytest.mark.parametrize("manifest", [False, True])
def test_json_lines_and_lists_of_their_files_are_read(
    run: Run, distributed: Any, read: Any, cloud: LocalCloud, *, manifest: bool
) -> None:
    state, bucket = distributed([], CHOOSE), cloud.outputs["Bucket"]
    lines = "\n".join(map(json.dumps, _items(3)))
    cloud.client("s3").put_object(Bucket=bucket, Key="a#b c", Body=f"{lines}\n".encode())
    config, key = {"InputType": "JSONL"}, "a#b c"
    if manifest:
        config, key = config | {"ManifestType": "ATHENA_DATA"}, "items.csv"
        listed = f"s3://{bucket}/a#b c\n" * 2
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=listed.encode())
    state["ItemReader"] |= {"ReaderConfig": config, "Parameters": {"Bucket": bucket, "Key": key}}
    result = run({"Map": state}).wait(60).output
    files = read(result["ResultWriterDetails"]["Key"])["ResultFiles"]
    inputs = [json.loads(each["Input"]) for each in read(files["SUCCEEDED"][0]["Key"])]
    assert sorted(each["n"] for each in inputs) == sorted([0, 1, 2] * (2 if manifest else 1))


def test_a_file_that_is_no_parquet_fails_the_map(run: Run, distributed: Any) -> None:
    state = distributed([], CHOOSE)
    state["ItemReader"]["ReaderConfig"] = {"InputType": "PARQUET"}
    failed = run({"Map": state}).wait(60)
    assert failed.error == "States.ItemReaderFailed"
    place = state["ItemReader"]["Parameters"]
    assert failed.cause == f"s3://{place['Bucket']}/{place['Key']}: this file is not Parquet"


def test_record_has_the_fields_that_aws_writes(run: Run, distributed: Any, read: Any) -> None:
    result = run({"Map": distributed(_items(1), CHOOSE)}).wait(60).output
    manifest = read(result["ResultWriterDetails"]["Key"])
    (record,) = read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"])
    assert record.keys() == {
        "ExecutionArn",
        "Input",
        "InputDetails",
        "Name",
        "Output",
        "OutputDetails",
        "RedriveCount",
        "RedriveStatus",
        "RedriveStatusReason",
        "StartDate",
        "StateMachineArn",
        "Status",
        "StopDate",
    }
    assert record["ExecutionArn"].endswith(f"/Each:{record['Name']}")
    assert record["StateMachineArn"].endswith("/Each")


def test_size_in_the_manifest_is_that_of_the_file(
    run: Run, distributed: Any, read: Any, cloud: LocalCloud
) -> None:
    result = run({"Map": distributed(_items(3), CHOOSE)}).wait(60).output
    (file,) = read(result["ResultWriterDetails"]["Key"])["ResultFiles"]["SUCCEEDED"]
    head = cloud.client("s3").head_object(Bucket=cloud.outputs["Bucket"], Key=file["Key"])
    assert head["ContentLength"] == file["Size"]


def test_records_are_in_the_order_in_which_the_children_ended(
    run: Run, distributed: Any, task: Task, read: Any, cloud: LocalCloud
) -> None:
    machines = cloud.client("stepfunctions")
    write = {"do": "write", "key": "token", "body.$": "States.JsonToString($$.Task.Token)"}
    states = CHOOSE["States"] | {"Fail": task(write, wait=True, ResultPath=None)}
    execution = run({"Map": distributed(_items(2, 0), {**CHOOSE, "States": states})})

    def ended() -> int:
        runs = machines.list_map_runs(executionArn=execution.arn)["mapRuns"]
        counts = [machines.describe_map_run(mapRunArn=run["mapRunArn"]) for run in runs]
        return sum(each["executionCounts"]["succeeded"] for each in counts)

    while not ended():
        time.sleep(0.05)
    written = cloud.client("s3").get_waiter("object_exists")
    written.wait(Bucket=cloud.outputs["Bucket"], Key="token", WaiterConfig={"Delay": 1})
    machines.send_task_success(taskToken=read("token"), output="{}")

    manifest = read(execution.wait(60).output["ResultWriterDetails"]["Key"])
    records = read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"])
    assert [json.loads(record["Output"])["n"] for record in records] == [1, 0]


TRANSFORMED = {"NONE": {"[1]", "[2,3]", "4"}, "COMPACT": [[1], [2, 3], 4], "FLATTEN": [1, 2, 3, 4]}


@pytest.mark.parametrize("transformation", TRANSFORMED)
def test_results_that_are_not_exported_are_formatted(
    run: Run, distributed: Any, transformation: str
) -> None:
    config = {"Transformation": transformation, "OutputType": "JSON"}
    state = distributed([[1], [2, 3], 4], PASS, ResultWriter={"WriterConfig": config})
    output = run({"Map": state}).wait(60).output
    if transformation == "NONE":
        output = {record["Output"] for record in output}
    assert output == TRANSFORMED[transformation]


def test_exported_results_are_formatted_and_those_of_failures_are_not(
    run: Run, distributed: Any, read: Any
) -> None:
    state = distributed(_items(2, 1), CHOOSE, ToleratedFailureCount=1)
    state["ResultWriter"]["WriterConfig"] = {"Transformation": "COMPACT", "OutputType": "JSONL"}
    result = run({"Map": state}).wait(60).output
    files = read(result["ResultWriterDetails"]["Key"])["ResultFiles"]
    assert files["SUCCEEDED"][0]["Key"].endswith("/SUCCEEDED_0.jsonl")
    assert read(files["SUCCEEDED"][0]["Key"]) == {"n": 0, "fails": False}
    assert read(files["FAILED"][0]["Key"])["Error"] == "ItemError"


def test_more_failures_than_tolerated_fail_the_state_and_leave_the_rest_pending(
    run: Run, distributed: Any, read: Any, cloud: LocalCloud
) -> None:
    items = _items(8, 1)
    state = distributed(items, CHOOSE, MaxConcurrency=1)
    state["ResultWriter"]["Parameters"]["Prefix"] = "exceeded"
    execution = run({"Map": state}).wait(60)
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    listed = cloud.client("s3").list_objects_v2(Bucket=cloud.outputs["Bucket"], Prefix="exceeded/")[
        "Contents"
    ]
    by_name = {each["Key"].rsplit("/", 1)[-1]: each["Key"] for each in listed}
    assert by_name.keys() == {
        "FAILED_0.json",
        "PENDING_0.json",
        "SUCCEEDED_0.json",
        "manifest.json",
    }
    pending = read(by_name["PENDING_0.json"])
    assert [json.loads(each["Input"])["n"] for each in pending] == [2, 3, 4, 5, 6, 7]
    assert {each["Status"] for each in pending} == {"PENDING"}
    assert not any("StartDate" in each for each in pending)


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({"ToleratedFailurePercentage": 25}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 20}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 20}, "FAILED"),
    ],
)
def test_tolerance_by_count_and_by_percentage(
    run: Run, distributed: Any, tolerance: dict[str, int], status: str
) -> None:
    state = distributed(_items(8, 2, 5), CHOOSE, **tolerance)
    assert run({"Map": state}).wait(60).status == status


def test_without_a_writer_the_outputs_are_the_result_in_item_order(
    run: Run, distributed: Any
) -> None:
    state = distributed([3, 1, 2], PASS)
    del state["ResultWriter"]
    assert run({"Map": state}).wait(60).output == [3, 1, 2]


def test_place_of_the_results_may_be_an_expression(run: Run, distributed: Any) -> None:
    writer = distributed([1], PASS)["ResultWriter"]
    place = {**writer.pop("Parameters"), "Prefix": "{% 'results/' & $states.input.day %}"}
    state = distributed(None, PASS, Items=[1], ResultWriter={**writer, "Arguments": place})
    del state["ItemReader"]
    ended = run({"Map": state}, {"day": "monday"}, QueryLanguage="JSONata").wait(60)
    assert ended.output["ResultWriterDetails"]["Key"].startswith("results/monday/")


def test_item_selector_sees_item_index_and_input_of_the_state(run: Run, distributed: Any) -> None:
    selector = {
        "index.$": "$$.Map.Item.Index",
        "value.$": "$$.Map.Item.Value",
        "shared.$": "$.shared",
    }
    state = distributed(["a", "b"], PASS, ItemSelector=selector)
    del state["ResultWriter"]
    assert run({"Map": state}, {"shared": 9}).wait(60).output == [
        {"index": 0, "value": "a", "shared": 9},
        {"index": 1, "value": "b", "shared": 9},
    ]


def test_item_selector_that_finds_nothing_fails_the_state(run: Run, distributed: Any) -> None:
    state = distributed(["a", "b"], PASS, ItemSelector={"value.$": "$.missing"})
    assert run({"Map": state}).wait(60).error == "States.Runtime"


def test_child_is_an_execution_of_its_own(run: Run, distributed: Any) -> None:
    show = {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "in.$": "$$.Execution.Input"}
    processor = {
        "StartAt": "Show",
        "States": {"Show": {"Type": "Pass", "Parameters": show, "End": True}},
    }
    state = distributed(["a"], processor)
    del state["ResultWriter"]
    (child,) = run({"Map": state}).wait(60).output
    assert child["id"].endswith(f"/Each:{child['name']}")
    assert child["in"] == "a"


def test_child_over_the_payload_limit_fails_alone(run: Run, distributed: Any, task: Task) -> None:
    processor = {"StartAt": "Fill", "States": {"Fill": task({"do": "fill", "bytes.$": "$"})}}
    state = distributed([300_000, 10], processor, ToleratedFailureCount=1)
    del state["ResultWriter"]
    (output,) = run({"Map": state}).wait(60).output
    assert output["Payload"] == "x" * 8


def test_missing_items_fail_under_the_readers_name(run: Run, distributed: Any) -> None:
    state = distributed(None, PASS)
    execution = run({"Map": state}).wait(60)
    assert execution.error == "States.ItemReaderFailed"
    place = state["ItemReader"]["Parameters"]
    assert (execution.cause or "").startswith(f"s3://{place['Bucket']}/{place['Key']}: ")
    assert "NoSuchKey" in (execution.cause or "")


def test_bucket_that_is_not_there_fails_under_the_writers_name(run: Run, distributed: Any) -> None:
    state = distributed([1], PASS)
    state["ResultWriter"]["Parameters"]["Bucket"] = "nobodys-bucket"
    failed = run({"Map": state}).wait(60)
    assert failed.error == "States.ResultWriterFailed"
    assert (failed.cause or "").startswith("s3://nobodys-bucket/results: ")


def test_no_items_is_a_success_with_a_manifest_of_nothing(
    run: Run, distributed: Any, read: Any
) -> None:
    result = run({"Map": distributed([], PASS)}).wait(60).output
    manifest = read(result["ResultWriterDetails"]["Key"])
    assert manifest["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}


def test_one_worker_takes_more_items_than_pythons_stack_has_frames(
    run: Run, distributed: Any
) -> None:
    state = distributed(list(range(1200)), PASS, MaxConcurrency=1)
    del state["ResultWriter"]
    assert run({"Map": state}).wait(120).output == list(range(1200))


def test_inline_map_is_as_long_as_its_items(run: Run) -> None:
    state = {"Type": "Map", "ItemProcessor": PASS, "MaxConcurrency": 1, "End": True}
    assert run({"Map": state}, list(range(1200))).wait(120).output == list(range(1200))


def test_failing_iteration_fails_an_inline_map_under_its_error(run: Run) -> None:
    state = {"Type": "Map", "ItemProcessor": CHOOSE, "MaxConcurrency": 2, "End": True}
    assert run({"Map": state}, _items(5, 2)).wait(60).error == "ItemError"


def test_children_are_listed_by_their_map_run_and_described(
    run: Run, cloud: LocalCloud, distributed: Callable[..., dict[str, Any]]
) -> None:
    items = [{"fails": False}, {"fails": True}]
    each = distributed(items, CHOOSE, ToleratedFailureCount=1)
    states = cloud.client("stepfunctions")
    parent = run({"Each": each}).wait(30)

    (map_run,) = states.list_map_runs(executionArn=parent.arn)["mapRuns"]
    listed = states.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    failed = states.list_executions(mapRunArn=map_run["mapRunArn"], statusFilter="FAILED")
    described = {
        told["status"]: told
        for each in listed
        for told in [states.describe_execution(executionArn=each["executionArn"])]
    }

    assert {each["status"]: each["itemCount"] for each in listed} == {"SUCCEEDED": 1, "FAILED": 1}
    assert [each["status"] for each in failed["executions"]] == ["FAILED"]
    assert {told["mapRunArn"] for told in described.values()} == {map_run["mapRunArn"]}
    assert json.loads(described["SUCCEEDED"]["output"]) == items[0]
    assert json.loads(described["FAILED"]["input"]) == items[1]
    assert (described["FAILED"]["error"], described["FAILED"]["cause"]) == (
        "ItemError",
        "it is True",
    )
    nobody = f"{described['FAILED']['executionArn']}-nobody"
    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(executionArn=nobody)
