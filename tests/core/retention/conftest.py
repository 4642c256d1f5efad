"""A world whose objects have dates."""

from collections.abc import Iterator

import pytest

from tests.core.retention.world import World
from universal_sync_core.storage import runtime


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with runtime.use(settings=made.settings, store=made.store):
        yield made
