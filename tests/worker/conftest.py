"""A store in memory that counts, and the bag that most of these tests read."""

from typing import Any

import pytest

from tests.core.bags import EXECUTION, fresh, synced
from tests.core.fakes import CountingStore

DOCUMENTS = [{"id": n, "title": f"document {n}", "text": f"{n:04} " * 4_000} for n in range(90)]
HISTORY = [{"n": n, "did": "parse"} for n in range(300)]
STATE = {
    "documents": DOCUMENTS,
    "order": {"customer": "Ada", "lines": [{"sku": "a", "quantity": 2}], "notes": "n" * 50_000},
    "approved": True,
    "odd": {"__s3_offloaded": "the user's", "inner": [1, 2.5, None]},
}


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def bag(store: CountingStore) -> dict[str, Any]:
    """A bag of which most is in S3; nothing of it is in any cache."""
    result = {
        "current_state": STATE,
        "state_history": HISTORY,
        "chunk_results": [{"n": n} for n in range(40)],
        "status": "CONTINUE",
    }
    with fresh(store):
        made = synced({"execution_id": EXECUTION}, result)
    store.reset()
    return made
