"""The ways on which a result comes into a bag, and what it is called in a message there."""

from collections.abc import Callable
from typing import Any

from tests.core.bags import CONTEXT
from universal_sync_core import (
    first_bag,
    fork_branch,
    join_branches,
    merge_answer,
    open_bag,
    state_task,
    store_to_s3,
    universal_sync_core,
)

Bag = dict[str, Any]
Way = Callable[[Bag, Any], Bag]

INPUT: Bag = {"loop_limit": 5, "total_segments": 9}


def first(**given: Any) -> Bag:
    return first_bag(INPUT | given, CONTEXT)


def synced_by(action: str) -> Way:
    return lambda bag, result: universal_sync_core(bag, result, {"action": action})


def in_worker(bag: Bag, result: Any) -> Bag:
    answer = state_task(sync=True)(lambda *_: result)({"state_data": bag}, None)
    return dict(answer["state_data"])


def opened(bag: Bag, result: Any) -> Bag:
    state = open_bag(bag)
    state.merge(result)
    return state.commit()


def in_branch(bag: Bag, result: Any) -> Bag:
    return synced_by("sync_branch")(fork_branch(bag, {"branch_id": "b"}), result)


def offloaded(bag: Bag, result: Any) -> Bag:
    return synced_by("sync")(bag, store_to_s3(result | {"text": "x" * 40_000}, CONTEXT))


WAYS: dict[str, tuple[Way, str]] = {
    "sync": (synced_by("sync"), "execution_result"),
    "update_and_compress": (synced_by("update_and_compress"), "execution_result"),
    "merge_callback": (synced_by("merge_callback"), "callback_result"),
    "merge_async": (synced_by("merge_async"), "async_result"),
    "merge_answer": (merge_answer, "execution_result"),
    "a worker that syncs": (in_worker, "execution_result"),
    "open_bag": (opened, "execution_result"),
    "a branch": (in_branch, "execution_result"),
    "a result in S3": (offloaded, "execution_result"),
    "no action": (universal_sync_core, "execution_result"),
    "branches": (lambda bag, result: join_branches(bag, [result]), "branches"),
}
