import pytest
from worker import handler

ORDER = {"order_id": "A-1", "lines": [{"sku": "tea", "price": 4, "count": 3}]}


@pytest.fixture(scope="session")
def segment_runner(worker_function):
    return worker_function("worker", handler="worker.handler")


def test_cost_is_the_sum_of_the_lines(state_bag):
    bag = state_bag({"current_state": {"order": ORDER}})
    answer = handler(state_bag.event(bag), None)
    state = state_bag.hydrate(state_bag.sync(bag, answer))
    assert state["current_state"] == {"order": ORDER, "cost": 12}


def test_order_in_s3_is_read_when_it_is_touched(state_bag):
    lines = [{"sku": f"tea {n}", "price": 1, "count": 1} for n in range(5_000)]
    bag = state_bag({"current_state": {"order": {"lines": lines}}})
    assert handler(state_bag.event(bag), None)["current_state"]["cost"] == 5_000
    assert state_bag.usage.bytes_read > 0


def test_workflow_ends_with_the_cost(local_cloud):
    run = local_cloud.start_execution({"current_state": {"order": ORDER}}).wait()
    assert run.status == "SUCCEEDED", run.cause
    assert local_cloud.hydrate(run.output["state_data"])["current_state"]["cost"] == 12
