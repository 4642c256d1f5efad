"""The core on a store in memory that counts what is asked of it."""

from collections.abc import Iterator

import pytest

from tests.core.bags import BUCKET
from tests.core.fakes import CountingStore
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime


@pytest.fixture
def settings() -> Settings:
    return Settings(bucket=BUCKET)


@pytest.fixture
def store(settings: Settings) -> Iterator[CountingStore]:
    counting = CountingStore()
    with runtime.use(settings=settings, store=counting):
        yield counting
