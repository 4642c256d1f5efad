"""A worker that answers the bag it was given asks for nothing again."""

import pytest

from tests.door.ways import Bag, first, synced_by
from universal_sync_core import (
    state_task,
    universal_sync_core,
)

pytestmark = pytest.mark.usefixtures("store")


REQUESTS: dict[str, tuple[Bag, str]] = {
    "PAUSED_FOR_HITP": ({}, "merge_callback"),
    "PAUSE": ({}, "merge_callback"),
    "ASYNC": ({}, "merge_async"),
    "DISTRIBUTED_MAP": ({"distributed_items": [1, 2]}, "aggregate_distributed"),
    "PARALLEL_GROUP": ({"pending_branches": ["a"]}, "aggregate_branches"),
    "WAIT": ({"wait_seconds": 5}, "sync"),
}


def asked_and_answered(status: str) -> Bag:
    beside, answering = REQUESTS[status]
    asked = synced_by("sync")(first(), {"status": status, **beside})
    return synced_by(answering)(asked, None)


@pytest.mark.parametrize("status", REQUESTS)
def test_an_echoed_status_asks_for_nothing(status: str) -> None:
    bag = asked_and_answered(status)
    echo = bag | {"current_state": {"done": True}}
    after = synced_by("sync")(bag, echo)
    assert (after["next_action"], after["current_state"]) == ("CONTINUE", {"done": True})
    assert after["segment_to_run"] == bag["segment_to_run"] + 1
    assert state_echoed_by_worker(bag)["next_action"] == "CONTINUE"


def state_echoed_by_worker(bag: Bag) -> Bag:
    worker = state_task(sync=True)(lambda state, _: {**state, "current_state": {"done": True}})
    return dict(worker({"state_data": bag}, None)["state_data"])


@pytest.mark.parametrize("status", REQUESTS)
def test_a_fresh_result_asks_again(status: str) -> None:
    bag = asked_and_answered(status)
    again = {"wait_seconds": 5} if status == "WAIT" else {}
    after = synced_by("sync")(bag, {"status": status, **again})
    assert after["next_action"] == ("PAUSED_FOR_HITP" if status == "PAUSE" else status)


@pytest.mark.parametrize("status", REQUESTS)
def test_an_echo_with_a_new_status_asks(status: str) -> None:
    beside, _ = REQUESTS[status]
    after = synced_by("sync")(first(), first() | beside | {"status": status})
    assert after["next_action"] == ("PAUSED_FOR_HITP" if status == "PAUSE" else status)


def test_a_worker_that_echoes_its_bag_ends_at_the_loop_limit() -> None:
    bag = first(total_segments=100)
    for turn in range(1, 6):
        bag = synced_by("sync")(bag, bag | {"current_state": {"turn": turn}})
        assert (bag["loop_counter"], bag["execution_segments"]) == (turn, turn)
    assert bag["loop_counter"] >= bag["loop_limit"]


def test_an_echo_does_not_jump_again() -> None:
    bag = synced_by("sync")(first(), {"next_segment_to_run": 4})
    assert synced_by("sync")(bag, dict(bag))["segment_to_run"] == 5


def test_an_echoed_list_adds_nothing_at_any_depth() -> None:
    strategies = {"current_state.notes": "append", "tags": "append"}
    context = {"action": "sync", "merge_strategy": strategies}
    state = {"notes": ["n"], "plan": 1}
    bag = universal_sync_core(first(), {"current_state": state, "tags": ["t"]}, context)
    after = universal_sync_core(bag, bag | {"current_state": {**state, "plan": 2}}, context)
    assert (after["current_state"], after["tags"]) == ({"notes": ["n"], "plan": 2}, ["t"])
    again = universal_sync_core(after, {"tags": ["t"]}, context)
    assert again["tags"] == ["t", "t"]
