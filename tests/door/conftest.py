"""The core on a store in memory that counts what is asked of it."""

from collections.abc import Iterator

import pytest

from tests.core.bags import BUCKET
from tests.core.fakes import CountingStore
from universal_sync_core import workspace
from universal_sync_core.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(bucket=BUCKET)


@pytest.fixture
def store(settings: Settings) -> Iterator[CountingStore]:
    counting = CountingStore()
    with workspace.use(settings=settings, store=counting):
        yield counting
