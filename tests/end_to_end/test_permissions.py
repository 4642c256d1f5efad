"""The state bucket as its policies leave it: objects stay, and workers reach state alone."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.workflow import Workflows, local_cloud

pytestmark = pytest.mark.local

WORKER = "Worker-role"
OPERATOR = "ops"
ADMINISTRATOR = "administrator"
DIGEST = "0" * 64
EXECUTION = f"v1/{quote('arn:aws:states:us-east-1:123456789012:execution:m:e', safe='')}/"
STATE = f"{EXECUTION}packs/{DIGEST}"
RECORD = f"{EXECUTION}callbacks/{DIGEST}.json"
ITEMS = f"items/{DIGEST[:32]}/{DIGEST}.json"
RESULTS = "distributed/e/manifest.json"
INPUT = "inputs/catalog.json"
EVERY = (STATE, RECORD, ITEMS, RESULTS, INPUT)


@pytest.fixture(scope="module")
def bucket(workflows: Workflows) -> str:
    """The bucket with an object of each kind, and two roles that may do everything in it."""
    name = workflows.cloud.outputs["StateBucketName"]
    for key in EVERY:
        workflows.cloud.client("s3").put_object(Bucket=name, Key=key, Body=b"{}")
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam = workflows.cloud.client("iam")
    for role in (OPERATOR, ADMINISTRATOR):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=document)
    return name


@pytest.fixture(scope="module")
def manager(workflows: Workflows) -> str:
    """The role of the function."""
    arn = workflows.cloud.outputs["StateDataManagerFunctionArn"]
    described = workflows.cloud.client("lambda").get_function_configuration(FunctionName=arn)
    return str(described["Role"]).rpartition("/")[2]


def refusal(workflows: Workflows, role: str, operation: str, **request: Any) -> str | None:
    """Return the code with which S3 refuses a request of a role, or None."""
    try:
        getattr(local_cloud(workflows).client("s3", role), operation)(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@pytest.mark.parametrize("role", [WORKER, OPERATOR, ADMINISTRATOR, "manager"])
@pytest.mark.parametrize("key", [STATE, RECORD, ITEMS])
def test_nobody_puts_an_object_where_one_may_be_already(
    workflows: Workflows, bucket: str, manager: str, role: str, key: str
) -> None:
    asks = manager if role == "manager" else role
    assert refusal(workflows, asks, "put_object", Bucket=bucket, Key=key) == "AccessDenied"


def test_what_is_created_once_is_not_overwritten(workflows: Workflows, bucket: str) -> None:
    new = {"Bucket": bucket, "Key": STATE.replace("0", "1"), "IfNoneMatch": "*"}
    assert refusal(workflows, WORKER, "put_object", **new) is None
    assert refusal(workflows, WORKER, "put_object", **new) == "PreconditionFailed"


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (WORKER, {STATE, INPUT}),
        ("manager", set(EVERY)),
        (ADMINISTRATOR, set(EVERY) - {RECORD}),
        (OPERATOR, set(EVERY)),
        ("nobody", set()),
    ],
)
def test_each_role_reads_what_it_needs_and_no_more(
    workflows: Workflows, bucket: str, manager: str, role: str, reads: set[str]
) -> None:
    asks = manager if role == "manager" else role
    refused = {key: refusal(workflows, asks, "get_object", Bucket=bucket, Key=key) for key in EVERY}
    assert refused == {key: None if key in reads else "AccessDenied" for key in EVERY}


@pytest.mark.parametrize("key", [STATE, RECORD, ITEMS, RESULTS])
def test_operators_alone_delete(workflows: Workflows, bucket: str, manager: str, key: str) -> None:
    for role in (WORKER, ADMINISTRATOR, manager):
        assert refusal(workflows, role, "delete_object", Bucket=bucket, Key=key) == "AccessDenied"
        batch = {"Objects": [{"Key": key}]}
        assert (
            refusal(workflows, role, "delete_objects", Bucket=bucket, Delete=batch)
            == "AccessDenied"
        )
    unused = f"{key}.not-there"
    assert refusal(workflows, OPERATOR, "delete_object", Bucket=bucket, Key=unused) is None


def test_a_worker_may_not_know_what_is_not_there(
    workflows: Workflows, bucket: str, manager: str
) -> None:
    missing = {"Bucket": bucket, "Key": STATE.replace("0", "f")}
    assert refusal(workflows, WORKER, "get_object", **missing) == "AccessDenied"
    assert refusal(workflows, manager, "get_object", **missing) == "NoSuchKey"
    assert refusal(workflows, WORKER, "list_objects_v2", Bucket=bucket) == "AccessDenied"


def test_every_call_is_noted_with_who_made_it(workflows: Workflows, manager: str) -> None:
    before = len(local_cloud(workflows).calls)
    large = {"current_state": {"text": "x" * 200_000}}
    assert workflows.run({"segments": [large, {"status": "COMPLETE"}]}).status == "SUCCEEDED"
    made = local_cloud(workflows).calls[before:]
    assert {call.role for call in made} == {manager}
    (put,) = {call.action for call in made if call.context.get("s3:if-none-match") == "*"}
    assert put == "s3:PutObject"
