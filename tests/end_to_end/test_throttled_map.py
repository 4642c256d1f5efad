"""A Distributed Map in a new account, where few functions run at once."""

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from tests.end_to_end.workflow import Json, Workflows

ITEMS = 1_000
CONCURRENCY = 10

pytestmark = [pytest.mark.slow, pytest.mark.local, pytest.mark.timeout(1_200)]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start(concurrency=CONCURRENCY) as started:
        yield started


def test_no_item_fails_for_want_of_concurrency(cloud: LocalCloud) -> None:
    workflows = Workflows(cloud)
    mapped: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": list(range(ITEMS))}
    value = {"segments": [mapped, {"status": "COMPLETE"}]}

    execution = workflows.run(value, timeout=1_100)

    state = workflows.final_state(execution)
    assert state["distributed_outputs"] == list(range(ITEMS))
    assert "failed_segments" not in state
    assert cloud.throttles > ITEMS // 10
