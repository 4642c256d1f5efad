from pathlib import Path

import pytest
from worker import handler

ORDER = {"lines": [{"price": price, "count": 2} for price in range(5_000)]}
COST = 2 * sum(range(5_000))


@pytest.fixture(scope="session")
def segment_runner(worker_function):
    return worker_function(Path(__file__).parent, handler="worker.handler")


def test_cost_of_an_order_that_is_in_s3(state_bag):
    bag = state_bag({"current_state": {"order": ORDER}})
    synced = state_bag.sync(bag, handler(state_bag.event(bag), None))
    assert state_bag.hydrate(synced)["current_state"]["cost"] == COST


def test_workflow(local_cloud):
    run = local_cloud.start_execution({"current_state": {"order": ORDER}}).wait()
    assert run.status == "SUCCEEDED", run.cause
    state = local_cloud.hydrate(run.output["state_data"])["current_state"]
    assert (state["cost"], len(state["priced"])) == (COST, 5_000)
