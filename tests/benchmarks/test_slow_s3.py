"""The server that is late: every request by the same time, and none because of another."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from benchmarks.slow_s3 import BUCKET, SlowS3
from tests.benchmarks.conftest import DELAY_SECONDS


def test_each_request_is_late_and_brings_what_was_sent(s3: SlowS3) -> None:
    client = s3.client()
    body = bytes(range(256)) * 4_000
    begun = time.perf_counter()
    client.put_object(Bucket=BUCKET, Key="a", Body=body)
    assert client.get_object(Bucket=BUCKET, Key="a")["Body"].read() == body
    assert client.head_object(Bucket=BUCKET, Key="a")["ContentLength"] == len(body)
    assert time.perf_counter() - begun >= 3 * DELAY_SECONDS


def test_requests_at_once_are_late_together() -> None:
    count, delay_seconds = 60, 1.0
    with SlowS3.start(delay_seconds) as late, ThreadPoolExecutor(30) as threads:
        client = late.client()
        begun = time.perf_counter()
        list(
            threads.map(
                lambda number: client.put_object(Bucket=BUCKET, Key=f"many/{number}", Body=b"x"),
                range(count),
            )
        )
        assert time.perf_counter() - begun < count * delay_seconds / 2


def test_refusals_come_through(s3: SlowS3) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.client().get_object(Bucket=BUCKET, Key="missing")
