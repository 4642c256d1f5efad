"""What an item asks for that only a segment can have is refused; a branch may ask for all of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, synced
from universal_sync_core import (
    fork_branch,
    merge_answer,
    offload_result,
    open_bag,
    state_task,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")

WAITING = ["PAUSED_FOR_HITP", "PAUSE", "ASYNC"]
FANNING_OUT = ["DISTRIBUTED_MAP", "PARALLEL_GROUP"]
ASKING = [*WAITING, *FANNING_OUT]
SIMPLE = ["CONTINUE", "SKIPPED", "COMPLETE", "SUCCEEDED", "FAILED", "HALTED"]
Result = dict[str, Any]


def branch() -> dict[str, Any]:
    return fork_branch(synced({"execution_id": EXECUTION}, {"x": 1}), "b", CONTEXT)


def by_task(result: Result, *, sync: bool) -> Any:
    return state_task(sync=sync)(lambda _: result)({"state_data": branch()})


def item_by_task(result: Result) -> Any:
    worker = state_task(lambda _: result)
    return worker({"item": 1, "index": 0, "execution_id": EXECUTION})


def merged_in_open_bag(result: Result) -> Any:
    open_bag(branch()).merge(result)


def bag_of_worker(result: Result) -> Any:
    """Merge a bag that a worker made by hand."""
    bag = branch()
    after = universal_sync_core(bag, {}, {"action": "sync_branch"})
    asking = {"next_action": {"PAUSE": "PAUSED_FOR_HITP"}.get(result["status"], result["status"])}
    wanted = {"pending_branches": [1], "distributed_items": [1]}
    return merge_answer(bag, {"state_data": after | asking | wanted})


WAYS: dict[str, Callable[[Result], Any]] = {
    "sync_branch": lambda r: universal_sync_core(branch(), r, {"action": "sync_branch"}),
    "another action": lambda r: universal_sync_core(branch(), r, {"action": "update_and_compress"}),
    "no forked bag": lambda r: universal_sync_core(
        {"execution_id": EXECUTION}, r, {"action": "sync_branch"}
    ),
    "a worker that syncs": lambda r: by_task(r, sync=True),
    "the bag of a worker": bag_of_worker,
    "open_bag": merged_in_open_bag,
    "store_result": lambda r: store_result(r, CONTEXT),
    "store_result of a pointer": lambda r: store_result(
        offload_result(r, CONTEXT, limit=1), CONTEXT
    ),
    "a worker of an item": item_by_task,
}


ITEMS = {"store_result", "store_result of a pointer", "a worker of an item"}
ALL: Result = {"pending_branches": [1], "distributed_items": [1], "prompt": "?"}


@pytest.mark.parametrize("status", ASKING)
@pytest.mark.parametrize("way", sorted(WAYS.keys() - ITEMS))
def test_a_branch_may_wait_and_fork_and_map(way: str, status: str) -> None:
    WAYS[way](ALL | {"status": status})


@pytest.mark.parametrize("status", ASKING)
@pytest.mark.parametrize("way", sorted(ITEMS))
def test_what_an_item_cannot_have_is_refused_by_name(way: str, status: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"cannot ask for {status}") as caught:
        WAYS[way](ALL | {"status": status})
    assert caught.value.field == "execution_result.status"


@pytest.mark.parametrize("missing", [{"status": "PARALLEL_GROUP"}, {"status": "DISTRIBUTED_MAP"}])
@pytest.mark.parametrize("way", ["sync_branch", "a worker that syncs"])
def test_a_branch_that_asks_has_to_say_what_for(way: str, missing: Result) -> None:
    with pytest.raises(InvalidRequestError, match=f"{missing['status']} needs"):
        WAYS[way](missing)


@pytest.mark.parametrize("status", SIMPLE)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_any_other_status_is_taken(way: Callable[[Result], Any], status: str) -> None:
    if way is not bag_of_worker or status not in ("SKIPPED", "SUCCEEDED"):  # no next_action
        way({"status": status, "value": 1})


@pytest.mark.parametrize("status", ASKING)
def test_a_segment_may_ask(status: str) -> None:
    asking = {"status": status, "pending_branches": [1], "distributed_items": [1]}
    bag = synced({"execution_id": EXECUTION}, asking)
    assert bag["next_action"] in {status, "PAUSED_FOR_HITP"}
    assert offload_result(asking | {"large": "x" * 70_000}, CONTEXT)["status"] == status
