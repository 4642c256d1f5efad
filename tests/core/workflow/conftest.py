"""A place where a state is: inline, or with all of it in S3 that can be there."""

from typing import Any

import pytest

from tests.core.bags import fresh
from tests.core.fakes import CountingStore
from tests.core.workflow.branches import THRESHOLDS


@pytest.fixture(params=THRESHOLDS, ids=["inline", "in S3"])
def place(request: pytest.FixtureRequest, store: CountingStore) -> Any:
    with fresh(store, **request.param):
        yield store
