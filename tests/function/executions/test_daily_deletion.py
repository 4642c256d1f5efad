"""The daily deletion behind its own handler: real requests of S3, answered by moto."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import app
from actions import retention_app
from contract.models import DeleteEndedEvent
from executions import daily_deletion
from tests.function.fakes import FakeStepFunctions, client_error
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import first_bag, offload
from universal_sync_core.errors import (
    ConfigurationError,
    InvalidRequestError,
    StoreThrottledError,
    UnknownActionError,
)
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.retention.standing import Standing
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

BUCKET = "state-bucket"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:catalog"
ARN = "arn:aws:states:eu-west-1:123456789012:execution:catalog:nightly"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STATE_RETENTION_DAYS": "90",
        "STATE_MACHINES": MACHINE,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        with runtime.use(settings=Settings(bucket=BUCKET), store=S3Store(client=client)):
            yield client


@pytest.fixture
def ended(s3: "S3Client") -> set[str]:
    """A workflow that stored something and ended 91 days before the clock is moved on."""
    bag = first_bag({"current_state": {"text": "x" * 200_000}}, {"execution_id": ARN})
    end = EndedExecution(arn=ARN, status="SUCCEEDED", stopped=datetime.now(UTC))
    write_record(runtime.current(), end, LastState(owner=ARN, bag=bag))
    return keys(s3)


def keys(s3: "S3Client") -> set[str]:
    return {each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def move_clock(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    class Moved(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Moved":
            return cls.fromisoformat((datetime.now(tz) + timedelta(days=days)).isoformat())

    monkeypatch.setattr(daily_deletion, "datetime", Moved)


def run(**more: Any) -> Any:
    return app.retention_handler({"action": "delete_ended", **more}, FakeLambdaContext())


def forgotten(stepfunctions: FakeStepFunctions, times: int = 1) -> None:
    stepfunctions.failures += [client_error("DescribeExecution", "ExecutionDoesNotExist")] * times


def test_what_is_over_is_deleted_and_can_be_brought_back(
    s3: "S3Client",
    stepfunctions: FakeStepFunctions,
    ended: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    move_clock(monkeypatch, 91)
    forgotten(stepfunctions)
    answer = run()
    assert answer["deleted"]["execution_ids"] == [ARN]
    assert (answer["kept"], answer["failed"], answer["is_cut_short"]) == ([], [], False)
    assert keys(s3) == set()
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert ended <= {each["Key"] for each in versions}
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    found = {name: line[name] for line in printed for name in line if name in MEASURED}
    assert found == {
        "WorkflowsDeleted": [1],
        "ObjectsDeleted": [answer["deleted"]["objects"]],
        "BytesDeleted": [answer["deleted"]["bytes"]],
        "RetentionUnfinished": [0],
    }


MEASURED = {"WorkflowsDeleted", "ObjectsDeleted", "BytesDeleted", "RetentionUnfinished"}


def test_dry_run_tells_and_deletes_and_counts_nothing(
    s3: "S3Client",
    stepfunctions: FakeStepFunctions,
    ended: set[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    forgotten(stepfunctions)
    answer = run(dry_run=True, retention_days=0)
    assert (answer["dry_run"], answer["deleted"]["workflows"]) == (True, 1)
    assert keys(s3) == ended
    assert not any(name in capsys.readouterr().out for name in MEASURED)


def test_a_shorter_retention_is_for_a_dry_run_alone(
    s3: "S3Client", stepfunctions: FakeStepFunctions, ended: set[str]
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        run(retention_days=0)
    assert refused.value.field == "retention_days"
    assert keys(s3) == ended
    assert stepfunctions.taken == []


def test_a_retention_beyond_the_calendar_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        run(dry_run=True, retention_days=999_999)
    assert refused.value.field == "retention_days"


def test_what_step_functions_still_sees_running_stays(
    s3: "S3Client",
    stepfunctions: FakeStepFunctions,
    ended: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    move_clock(monkeypatch, 91)
    stepfunctions.ended = {"status": "RUNNING"}
    assert run()["kept"] == [{"execution_id": ARN, "reason": "it runs"}]
    assert keys(s3) == ended


def test_lost_end_is_recorded(s3: "S3Client", stepfunctions: FakeStepFunctions) -> None:
    first_bag({"current_state": {"text": "x" * 200_000}}, {"execution_id": ARN})
    stepfunctions.ended = {"status": "ABORTED"}
    assert run()["recorded"] == 1
    (record,) = (key for key in keys(s3) if key.startswith("ended/2025-11-23/"))
    body = s3.get_object(Bucket=BUCKET, Key=record)["Body"].read()
    assert json.loads(body)["status"] == "ABORTED"
    assert run()["recorded"] == 0


def test_lost_end_is_recorded_where_nobody_may_read_its_data(
    s3: "S3Client", stepfunctions: FakeStepFunctions
) -> None:
    first_bag({"current_state": {"text": "x" * 200_000}}, {"execution_id": ARN})
    stepfunctions.ended = {"status": "ABORTED"}
    stepfunctions.has_another_key = True
    assert run()["recorded"] == 1
    (record,) = (key for key in keys(s3) if key.startswith("ended/2025-11-23/"))
    body = json.loads(s3.get_object(Bucket=BUCKET, Key=record)["Body"].read())
    assert (body["status"], body["execution_id"]) == ("ABORTED", ARN)


def test_lost_end_that_is_forgotten_counts_from_now(
    s3: "S3Client", stepfunctions: FakeStepFunctions
) -> None:
    first_bag({"current_state": {"text": "x" * 200_000}}, {"execution_id": ARN})
    forgotten(stepfunctions, times=2)
    assert run()["recorded"] == 1
    (record,) = (key for key in keys(s3) if key.startswith("ended/"))
    body = json.loads(s3.get_object(Bucket=BUCKET, Key=record)["Body"].read())
    assert (body["status"], body["execution_id"]) == ("UNKNOWN", ARN)
    assert record.startswith(f"ended/{datetime.now(UTC):%Y-%m-%d}/")


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("ExecutionDoesNotExist", Standing.FORGOTTEN),
        ("InvalidArn", Standing.FOREIGN),
        ("AccessDeniedException", Standing.UNSEEN),
    ],
)
def test_execution_of_which_nothing_is_told(
    stepfunctions: FakeStepFunctions, code: str, standing: Standing
) -> None:
    stepfunctions.failures.append(client_error("DescribeExecution", code))
    assert daily_deletion.StepFunctionsExecutions().standing(ARN, NOW) is standing


def test_service_that_does_not_answer_is_no_word_on_an_execution(
    stepfunctions: FakeStepFunctions,
) -> None:
    stepfunctions.failures.append(client_error("DescribeExecution", "ThrottlingException"))
    with pytest.raises(StoreThrottledError):
        daily_deletion.StepFunctionsExecutions().standing(ARN, NOW)


CHILDREN = [ARN.replace("catalog:nightly", f"catalog/Items:{number}") for number in range(3)]
MAP_RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:catalog/Items:run"


def answered_by_children() -> None:
    for child in CHILDREN:
        offload({"answer": "x" * 100_000}, {"execution_id": child})


def test_state_of_children_is_deleted_with_that_of_their_parent(
    s3: "S3Client",
    stepfunctions: FakeStepFunctions,
    ended: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered_by_children()
    stepfunctions.ended = {"status": "SUCCEEDED", "mapRunArn": MAP_RUN}
    stepfunctions.map_runs, stepfunctions.children = {MAP_RUN: ARN}, CHILDREN
    stepfunctions.has_another_key = True
    run()
    asked = [operation for operation, _ in stepfunctions.taken]
    # Whether the last page of children is needed depends on which child is looked at first.
    assert list(dict.fromkeys(asked)) == ["DescribeExecution", "DescribeMapRun", "ListExecutions"]
    run()
    assert len(stepfunctions.taken) == len(asked)
    move_clock(monkeypatch, 91)
    answer = run()
    assert answer["deleted"]["execution_ids"] == [ARN]
    assert answer["deleted"]["objects"] >= 1 + len(CHILDREN)
    assert keys(s3) == set()
    assert ended


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("DescribeExecution", "ExecutionDoesNotExist"),
        ("DescribeExecution", "AccessDeniedException"),
        ("DescribeMapRun", "ResourceNotFound"),
        ("DescribeMapRun", "AccessDeniedException"),
    ],
)
def test_children_of_whom_nothing_is_told_are_kept(
    s3: "S3Client", stepfunctions: FakeStepFunctions, operation: str, code: str
) -> None:
    answered_by_children()
    before = keys(s3)
    stepfunctions.ended = {"status": "SUCCEEDED", "mapRunArn": MAP_RUN}
    method = "describe_map_run" if "Map" in operation else "describe_execution"

    def refused(**_: Any) -> Any:
        raise client_error(operation, code)

    setattr(stepfunctions, method, refused)
    assert run()["recorded"] == 0
    assert keys(s3) == before


GOOD = {"STATE_RETENTION_DAYS": "15", "STATE_MACHINES": f"{MACHINE}, {MACHINE}-2"}
ASKED = DeleteEndedEvent(action="delete_ended")


def test_terms_are_those_of_the_stack() -> None:
    terms = daily_deletion.terms_of(GOOD, now=NOW, event=ASKED)
    assert terms.since == NOW - timedelta(days=15)
    assert terms.machines == {MACHINE, f"{MACHINE}-2"}
    assert not terms.dry_run


@pytest.mark.parametrize(
    "wrong",
    [
        {"STATE_RETENTION_DAYS": ""},
        {"STATE_RETENTION_DAYS": "14"},
        {"STATE_RETENTION_DAYS": "-90"},
        {"STATE_RETENTION_DAYS": "999999"},
        {"STATE_RETENTION_DAYS": "90 days"},
        {"STATE_MACHINES": ""},
        {"STATE_MACHINES": ARN},
        {"STATE_MACHINES": "*"},
    ],
)
def test_without_clear_terms_nothing_is_deleted(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        daily_deletion.terms_of(GOOD | wrong, now=NOW, event=ASKED)


@pytest.mark.parametrize("handler", [app.lambda_handler, app.callback_handler])
def test_no_other_handler_deletes(handler: Any) -> None:
    with pytest.raises(UnknownActionError):
        handler({"action": "delete_ended"}, FakeLambdaContext())


def test_this_handler_does_nothing_else() -> None:
    with pytest.raises(UnknownActionError):
        app.retention_handler({"action": "init", "input": {}}, FakeLambdaContext())


@pytest.fixture
def errors_only() -> "Iterator[None]":
    """The log as it is with `LogLevel=ERROR`."""
    before = app.logger.log_level
    app.logger.setLevel(logging.ERROR)
    yield
    app.logger.setLevel(before)


@pytest.mark.usefixtures("store", "errors_only")
@pytest.mark.parametrize(
    ("answer", "is_told"),
    [
        ({"failed": [], "is_cut_short": False}, False),
        ({"failed": [], "is_cut_short": True}, True),
        ({"failed": [{"execution_id": ARN}], "is_cut_short": False}, True),
    ],
    ids=["done", "cut short", "failed"],
)
def test_what_raises_the_alarm_is_in_the_log_at_every_level(
    output: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    *,
    is_told: bool,
) -> None:
    monkeypatch.setattr(retention_app, "resolve", lambda *_: answer)
    run()
    lines = [json.loads(line) for line in output.readouterr().out.splitlines()]
    assert [each["outcome"] for each in lines if "outcome" in each] == [answer] * is_told
