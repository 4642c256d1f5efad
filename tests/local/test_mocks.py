"""A cloud and moto's mocks in one process: neither sees the other, and the cloud outlives them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.bridges import mocks
from local.cloud import Execution, LocalCloud
from local.errors import LocalCloudError

Run = Callable[..., Execution]
Task = Callable[..., dict[str, Any]]


def kept(cloud: LocalCloud, name: str) -> bytes:
    body: bytes = cloud.client("s3").get_object(Bucket=name, Key="kept")["Body"].read()
    return body


def machines(cloud: LocalCloud) -> set[str]:
    listed = cloud.client("stepfunctions").list_state_machines()["stateMachines"]
    return {machine["stateMachineArn"] for machine in listed}


@pytest.fixture
def bucket(cloud: LocalCloud) -> Iterator[str]:
    name, s3 = "of-the-cloud", cloud.client("s3")
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    s3.put_object(Bucket=name, Key="kept", Body=b"1")
    yield name
    s3.delete_object(Bucket=name, Key="kept")
    s3.delete_bucket(Bucket=name)


def in_mock() -> Any:
    client = boto3.client("s3", region_name="us-east-1")
    assert client.list_buckets()["Buckets"] == []
    client.create_bucket(Bucket="of-the-mock")
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["of-the-mock"]
    return client


def with_context() -> None:
    with mock_aws():
        in_mock()


@mock_aws
def decorated() -> None:
    in_mock()


def nested() -> None:
    with mock_aws():
        client = in_mock()
        with mock_aws():
            assert len(client.list_buckets()["Buckets"]) == 1


def started_and_stopped() -> None:
    mock = mock_aws()
    mock.start()
    in_mock()
    mock.stop()


def ended_by_an_error() -> None:
    with suppress(ZeroDivisionError), mock_aws():
        in_mock()
        raise ZeroDivisionError


@mock_aws
class Suite:
    """As a decorated test class."""

    def setup_method(self) -> None:
        in_mock()

    def test_it(self) -> None:
        client = boto3.client("s3", region_name="us-east-1")
        assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["of-the-mock"]


def in_a_class() -> None:
    suite = Suite()
    suite.setup_method()
    suite.test_it()


WAYS = [with_context, decorated, nested, started_and_stopped, ended_by_an_error, in_a_class]


@pytest.mark.parametrize("way", WAYS)
def test_a_cloud_is_unharmed_by_a_mock_in_its_process(
    way: Callable[[], None], cloud: LocalCloud, run: Run, task: Task, bucket: str
) -> None:
    before = machines(cloud)
    way()
    assert machines(cloud) == before
    assert kept(cloud, bucket) == b"1"
    work = {"Work": task({"do": "echo", "value": 1})}
    assert run(work).wait(30).output["Payload"] == 1


def test_a_cloud_that_a_mock_would_take_with_it_is_refused() -> None:
    with (
        mock_aws(),
        ExitStack() as stack,
        pytest.raises(LocalCloudError, match="Start the cloud first"),
    ):
        mocks.install(stack)
