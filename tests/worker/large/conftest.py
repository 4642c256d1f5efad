"""A store in memory, and an event of which all that is large is in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.bags import KIB, fresh
from tests.core.documents.oracle import pointers
from tests.core.fakes import CountingStore
from tests.worker.large.events import DOCUMENT, OWNER
from universal_sync_core import offload


@pytest.fixture
def store() -> Iterator[CountingStore]:
    counting = CountingStore()
    with fresh(counting):
        yield counting


@pytest.fixture
def event(store: CountingStore) -> Any:
    """Give a document of which all that is large is in S3, and nothing in the handler's cache."""
    with fresh(store):
        small = offload(DOCUMENT, OWNER, at_most=2 * KIB, open=["report"])
    assert len(list(pointers(small))) == 3
    store.reset()
    return small
