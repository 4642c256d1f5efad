"""A local cloud for all tests that run machines before and after."""

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from local.outcomes.same_outcome import SameOutcome


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCloud]:
    with LocalCloud.start() as started:
        yield started


@pytest.fixture(scope="module")
def compare(local: LocalCloud) -> SameOutcome:
    return SameOutcome(local)
