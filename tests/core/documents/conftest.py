"""Documents on a store in memory that counts what is asked of it."""

from collections.abc import Iterator

import pytest

from tests.core.bags import fresh
from tests.core.fakes import CountingStore


@pytest.fixture
def store() -> Iterator[CountingStore]:
    counting = CountingStore()
    with fresh(counting):
        yield counting
