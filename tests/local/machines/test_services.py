"""What services answer to a state machine, and what a function is told beside its event."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.local.conftest import Failed

Outcome = Callable[..., Any]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Worker"
CONTEXT = r"States.Base64Encode(States.Format('\{\"custom\":\{\"owner\":\"{}\"\}\}', $.owner))"
EXPRESSION = "{% $base64encode($string({'custom': {'owner': $states.input.owner}})) %}"


def asks(resource: str, **fields: Any) -> dict[str, Any]:
    return {
        "Ask": {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "End": True,
            **fields,
        }
    }


@pytest.mark.parametrize(
    "fields",
    [
        {
            "Parameters": {
                "FunctionName": FUNCTION,
                "Payload": 1,
                "ClientContext": base64.b64encode(b'{"custom": {"owner": "me"}}').decode(),
            },
            "OutputPath": "$.Payload",
        },
        {
            "Parameters": {
                "FunctionName": FUNCTION,
                "Payload": 1,
                "ClientContext.$": CONTEXT.replace('\\"', '"'),
            },
            "OutputPath": "$.Payload",
        },
        {
            "QueryLanguage": "JSONata",
            "Arguments": {"FunctionName": FUNCTION, "Payload": 1, "ClientContext": EXPRESSION},
            "Output": "{% $states.result.Payload %}",
        },
    ],
)
def test_function_is_told_its_client_context(outcome: Outcome, fields: dict[str, Any]) -> None:
    told = outcome(asks("lambda:invoke", **fields), {"owner": "me"})
    assert told == {"worker": "Ada", "event": 1, "custom": {"owner": "me"}}


def test_client_of_lambda_gives_a_client_context(cloud: LocalCloud) -> None:
    context = base64.b64encode(json.dumps({"custom": {"owner": "me"}}).encode()).decode()
    answer = cloud.client("lambda").invoke(
        FunctionName=FUNCTION, Payload=b"1", ClientContext=context
    )
    assert json.load(answer["Payload"])["custom"] == {"owner": "me"}


@pytest.fixture(scope="module")
def places(cloud: LocalCloud) -> dict[str, str]:
    """Give what the services have, by kind."""
    key = {"AttributeName": "k", "KeyType": "HASH"}
    cloud.client("dynamodb").create_table(
        TableName="table",
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    cloud.client("s3").create_bucket(Bucket="bucket")
    child = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
    return {
        "topic": cloud.client("sns").create_topic(Name="topic")["TopicArn"],
        "queue": cloud.client("sqs").create_queue(QueueName="queue")["QueueUrl"],
        "machine": cloud.create_state_machine("child", child),
    }


@pytest.mark.parametrize(
    ("resource", "parameters"),
    [
        ("lambda:invoke", {"FunctionName": FUNCTION, "Payload": 1}),
        ("dynamodb:putItem", {"TableName": "table", "Item": {"k": {"S": "a"}}}),
        ("dynamodb:getItem", {"TableName": "table", "Key": {"k": {"S": "a"}}}),
        ("sns:publish", {"TopicArn.$": "$.topic", "Message": "m"}),
        ("sqs:sendMessage", {"QueueUrl.$": "$.queue", "MessageBody": "m"}),
        ("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"a": 1}}]}),
        ("states:startExecution", {"StateMachineArn.$": "$.machine", "Input": {}}),
    ],
)
def test_optimised_integration_tells_of_its_request(
    outcome: Outcome, places: dict[str, str], resource: str, parameters: Any
) -> None:
    answer = outcome(asks(resource, Parameters=parameters), places)
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert answer["SdkResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("resource", "parameters", "expected"),
    [
        ("aws-sdk:s3:listObjectsV2", {"Bucket": "bucket"}, {"Name": "bucket", "KeyCount": 0}),
        ("aws-sdk:dynamodb:scan", {"TableName": "table", "Select": "COUNT"}, {}),
        ("aws-sdk:cognitoidentityprovider:listUserPools", {"MaxResults": 1}, {"UserPools": []}),
        ("aws-sdk:eventbridge:listEventBuses", {"NamePrefix": "none"}, {"EventBuses": []}),
        ("aws-sdk:sfn:listActivities", {}, {"Activities": []}),
        ("states:startExecution.sync:2", {"StateMachineArn.$": "$.machine", "Input": {"a": 1}},
         {"Output": {"a": 1}}),
        ("aws-sdk:s3:getObject", {"Bucket": "bucket", "Key": "none"},
         Failed("S3.NoSuchKeyException")),
        ("aws-sdk:dynamodb:scan", {"TableName": "none"},
         Failed("DynamoDb.ResourceNotFoundException")),
        ("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "none"},
         Failed("SecretsManager.ResourceNotFoundException")),
    ],
)  # fmt: skip
def test_sdk_integration_answers_what_the_service_does_and_no_more(
    outcome: Outcome, places: dict[str, str], resource: str, parameters: Any, expected: Any
) -> None:
    answer = outcome(asks(resource, Parameters=parameters), places)
    if isinstance(expected, Failed):
        assert answer == expected
    else:
        assert expected.items() <= answer.items()
        assert "SdkHttpMetadata" not in answer
