"""One call of an AWS service: only what is listed, in the form of Step Functions, page by page."""

import io
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError, ResponseStreamingError
from botocore.response import StreamingBody
from botocore.stub import Stubber

import app
from services import integrations
from services.names import boto3_name, pascal_case
from tests.core.documents.oracle import is_pointer
from tests.function.fakes import listing_client
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import hydrate
from universal_sync_core.errors import (
    InvalidRequestError,
    StateTooLargeError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

OWNER = {"execution_id": "catalog-2025-01"}
LISTED = {
    *("dynamodb:listTables", "dynamodb:query", "s3:getObject", "ecs:describeTasks", "no:thing"),
    *("kinesis:putRecord", "machinelearning:predict", "s3control:getBucket"),
}


@pytest.fixture(autouse=True)
def listed(monkeypatch: pytest.MonkeyPatch, store: MemoryStore) -> Iterator[MemoryStore]:
    monkeypatch.setattr(integrations, "OPERATIONS", LISTED)
    return store  # type: ignore[return-value]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes every client one that answers as it is told."""

    def answering(service: str, method: str, answer: Any = None, **error: Any) -> None:
        client: Any = boto3.Session("none", "none", region_name="us-east-1").client(service)  # type: ignore[call-overload]
        stubber = Stubber(client)
        if error:
            stubber.add_client_error(method, **error)
        else:
            stubber.add_response(method, answer)
        stubber.activate()
        monkeypatch.setattr(integrations, "client_of", lambda _: client)

    return answering


def called(operation: str, parameters: Any = None, **more: Any) -> Any:
    event = {"action": "call_service", "operation": operation, **OWNER, **more}
    event["parameters"] = parameters or {}
    return app.lambda_handler(event, FakeLambdaContext())["result"]


def test_all_pages_are_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [[f"table-{page}-{n}" for n in range(3)] for page in range(4)]
    names = [*chain(*pages)]
    monkeypatch.setattr(integrations, "client_of", lambda _: listing_client(*pages))
    assert called("dynamodb:listTables", all_pages=True) == {"TableNames": names}


def test_one_page_names_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrations, "client_of", lambda _: listing_client(["one"], ["two"]))
    result = called("dynamodb:listTables")
    assert result == {"TableNames": ["one"], "LastEvaluatedTableName": "one"}


def test_pages_past_the_budget_of_a_call_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    client = listing_client(["one"], ["two"])
    monkeypatch.setattr(integrations, "client_of", lambda _: client)
    reading = integrations.Reading(client, limit=10)
    with reading, pytest.raises(StateTooLargeError, match="all pages together"):
        reading.count(parsed={"TableNames": ["x" * 11]})


def test_large_answer_leaves_by_the_words(stub: Any) -> None:
    items = [{"id": {"S": str(n)}, "text": {"S": "t" * 9_000}} for n in range(20)]
    stub("dynamodb", "query", {"Items": items, "Count": 20})
    parameters = {"TableName": "orders", "KeyConditionExpression": "id = :i"}
    words = {"plain": ["Count", "Items[*].id"], "at_most": 16_384}
    result = called("dynamodb:query", parameters, **words)
    assert result["Count"] == 20
    assert result["Items"][3]["id"] == {"S": "3"}
    assert is_pointer(result["Items"][3]["text"])
    assert hydrate(result, context=OWNER) == {"Items": items, "Count": 20}


def test_names_are_those_of_step_functions_both_ways(stub: Any) -> None:
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    stub("ecs", "describe_tasks", {"tasks": [{"taskArn": "arn", "startedAt": started}]})
    result = called("ecs:describeTasks", {"Cluster": "main", "Tasks": ["one"]})
    assert result == {"Tasks": [{"TaskArn": "arn", "StartedAt": "2026-01-02T03:04:05Z"}]}


def test_body_is_text_or_refused(stub: Any) -> None:
    def body(text: bytes) -> dict[str, Any]:
        return {"Body": StreamingBody(io.BytesIO(text), len(text)), "ETag": "e"}

    place = {"Bucket": "bucket", "Key": "key"}
    stub("s3", "get_object", body(b"words"))
    assert called("s3:getObject", place) == {"Body": "words", "ETag": "e"}
    stub("s3", "get_object", body(b"\xff"))
    with pytest.raises(InvalidRequestError, match="not text"):
        called("s3:getObject", place)
    stub("s3", "get_object", body(b"x" * 11))
    with (
        runtime.use(settings=Settings(bucket="state-bucket", budget_bytes=10)),
        pytest.raises(StateTooLargeError, match="the body"),
    ):
        called("s3:getObject", place)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        ReadTimeoutError(endpoint_url="url"),
        ResponseStreamingError(error="broken"),
        ssl.SSLError("bad record"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_body_that_breaks_off_is_worth_another_try(stub: Any, error: Exception) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = None) -> bytes:
            raise error

    stub("s3", "get_object", {"Body": StreamingBody(Broken(), 10)})
    with pytest.raises(StoreUnavailableError, match="no answer"):
        called("s3:getObject", {"Bucket": "bucket", "Key": "key"})


@pytest.mark.parametrize(
    ("operation", "parameters", "more", "field"),
    [
        ("dynamodb:deleteTable", {}, {}, "operation"),
        ("dynamodb:Query", {}, {}, "operation"),
        ("no:thing", {}, {}, "operation"),
        ("machinelearning:predict", {"PredictEndpoint": "http://127.0.0.1/"}, {}, "operation"),
        ("dynamodb:listTables", {"Most": 1}, {}, "parameters.Most"),
        ("dynamodb:listTables", {"Limit": 1, "limit": 2}, {}, "parameters.limit"),
        ("s3:getObject", {"Bucket": "photos", "Key": "cut \ud83d"}, {}, "parameters"),
        ("s3:getObject", {"Bucket": {"Name": "photos"}, "Key": "k"}, {}, "parameters.Bucket"),
        ("dynamodb:query", {"TableName": ["orders"]}, {}, "parameters.TableName"),
        ("ecs:describeTasks", {"Tasks": ["one"]}, {"all_pages": True}, "all_pages"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, operation: str, parameters: Any, more: Any, field: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    integrations.client_of.cache_clear()
    with pytest.raises(InvalidRequestError) as refused:
        called(operation, parameters, **more)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("dynamodb:query", {}),
        ("kinesis:putRecord", {"StreamARN": "orders", "Data": "1", "PartitionKey": "1"}),
        ("s3control:getBucket", {"Bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/x"}),
    ],
)
def test_parameters_with_which_no_request_can_be_made_are_refused(
    monkeypatch: pytest.MonkeyPatch, operation: str, parameters: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    integrations.client_of.cache_clear()
    with pytest.raises(InvalidRequestError, match="does not accept such a request"):
        called(operation, parameters)


def test_nothing_is_listed_where_the_stack_lists_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrations, "OPERATIONS", frozenset())
    with pytest.raises(InvalidRequestError, match="does not list it; none"):
        called("dynamodb:query")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", StoreAccessDeniedError),
        ("ThrottlingException", StoreThrottledError),
        ("ProvisionedThroughputExceededException", StoreThrottledError),
        ("SlowDown", StoreThrottledError),
        ("RequestTimeout", StoreUnavailableError),
        ("ExpiredTokenException", StoreUnavailableError),
        ("InvalidSignatureException", StoreUnavailableError),
        ("ResourceNotFoundException", InvalidRequestError),
    ],
)
def test_failure_of_the_service_is_told_by_what_a_workflow_may_do(
    stub: Any, code: str, error: type[Exception]
) -> None:
    stub("dynamodb", "list_tables", service_error_code=code)
    with pytest.raises(error, match=code):
        called("dynamodb:listTables")


def test_refusal_names_the_action_that_was_denied(stub: Any) -> None:
    said = (
        "User: u is not authorized to perform: kms:Decrypt on resource: k because no resource-based"
    )
    message = f"{said} policy allows the kms:Decrypt action"
    error = {"service_error_code": "AccessDeniedException", "service_message": message}
    stub("dynamodb", "list_tables", **error)
    with pytest.raises(StoreAccessDeniedError) as refused:
        called("dynamodb:listTables")
    told = "kms:Decrypt, because no resource-based policy allows"
    assert str(refused.value) == f"ListTables: AccessDeniedException for {told}"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("TableName", "TableName"),
        ("taskArn", "TaskArn"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("ETag", "ETag"),
        ("KMSMasterKeyId", "KmsMasterKeyId"),
        ("S", "S"),
    ],
)
def test_name_is_written_as_step_functions_writes_it(name: str, written: str) -> None:
    assert pascal_case(name) == written


def test_services_of_another_name_are_known() -> None:
    assert [boto3_name(each) for each in ("sfn", "cloudwatchlogs", "dynamodb")] == [
        "stepfunctions",
        "logs",
        "dynamodb",
    ]


@pytest.mark.parametrize(
    "service",
    ["rdsdata", "redshiftdata", "bedrockruntime", "servicequotas", "iotdataplane", "rds-data"],
)
def test_service_is_known_by_the_name_of_step_functions_and_by_its_own(service: str) -> None:
    assert boto3_name(service) in boto3.Session().get_available_services()
