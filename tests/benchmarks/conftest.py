"""The benchmarks on little data: that they run, not how fast."""

from collections.abc import Iterator

import pytest

from benchmarks.slow_s3 import SlowS3

DELAY_SECONDS = 0.02


@pytest.fixture(scope="package")
def s3() -> Iterator[SlowS3]:
    with SlowS3.start(DELAY_SECONDS) as server:
        yield server
