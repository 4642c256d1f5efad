"""The function on a memory store."""

from collections.abc import Iterator

import pytest

from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import workspace
from universal_sync_core.memory_store import MemoryStore
from universal_sync_core.settings import Settings

BUCKET = "state-bucket"


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    memory = MemoryStore()
    with workspace.use(settings=Settings(bucket=BUCKET), store=memory):
        yield memory


@pytest.fixture
def lambda_context() -> FakeLambdaContext:
    return FakeLambdaContext()
