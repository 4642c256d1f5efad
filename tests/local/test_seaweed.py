"""The data of a run on an S3 server of other authors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import LocalCloud
from local.servers.seaweed import Seaweed

TEMPLATE = Path(__file__).parent / "stack" / "template.yaml"


@pytest.fixture(scope="module")
def seaweed() -> Iterator[Seaweed]:
    with Seaweed.start() as started:
        yield started


def test_functions_and_clients_use_the_other_server(seaweed: Seaweed) -> None:
    with LocalCloud.start(template=TEMPLATE, s3_endpoint=seaweed.endpoint) as cloud:
        cloud.invoke({"do": "write", "key": "there", "body": "yes"})
        s3, bucket = cloud.client("s3"), cloud.outputs["Bucket"]
        assert s3.meta.endpoint_url == seaweed.endpoint
        assert s3.get_object(Bucket=bucket, Key="there")["Body"].read() == b"yes"


@pytest.mark.slow
def test_data_outlasts_a_pause(seaweed: Seaweed) -> None:
    with LocalCloud.start(template=TEMPLATE, s3_endpoint=seaweed.endpoint) as cloud:
        cloud.invoke({"do": "write", "key": "there", "body": "still"})
        seaweed.pause()
        seaweed.resume()
        stored = cloud.client("s3").get_object(Bucket=cloud.outputs["Bucket"], Key="there")
        assert stored["Body"].read() == b"still"
