"""A world whose objects have dates."""

from collections.abc import Iterator

import pytest

from tests.core.retention.world import World
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    at_once = ExponentialBackoffRetry(sleep=lambda _: made.while_waiting())
    with runtime.use(settings=made.settings, store=made.store, retry=at_once):
        yield made
