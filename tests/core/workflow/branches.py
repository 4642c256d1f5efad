"""Branches of one parent, forked, worked on and joined."""

import copy
from typing import Any

from tests.core.bags import BOUND, CONTEXT, EXECUTION, Unchanged, hydrated, synced
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    fork_branch,
    join_branches,
    optimize_and_offload,
)

SYNC = CONTEXT | {"action": "sync_branch"}
JOIN = CONTEXT | {"action": "aggregate_branches"}
PARENT: dict[str, Any] = {
    "execution_id": EXECUTION,
    "current_state": {"left": {"n": 1, "same": "s"}, "right": {"n": 1}, "list": [1]},
    "report": {"title": "t", "pages": 1},
    "state_history": [{"n": 0}],
    "chunk_results": ["from the parent"],
    "segment_to_run": 3,
    "total_segments": 9,
}
# The same, once inline and once with everything that can be in S3.
THRESHOLDS: list[dict[str, Any]] = [
    {},
    {
        "field_offload_bytes": 40,
        "state_offload_bytes": 60,
        "history_max_entries": 1,
        "page_bytes": 160,
        "index_bytes": 200,
    },
]


def parent(**fields: Any) -> dict[str, Any]:
    bag = copy.deepcopy(PARENT) | {"pending_branches": ["a", "b"]} | fields
    return optimize_and_offload(bag, CONTEXT)


def worked(state: dict[str, Any], name: str, *results: Any, **context: Any) -> dict[str, Any]:
    """Return the pointer of a branch that was forked and has merged some results."""
    with Unchanged(state):
        bag = fork_branch(state, {"branch_id": name}, CONTEXT)
    for result in results:
        bag = synced(bag, result, SYNC | context)
    return complete_branch(bag, CONTEXT)


def joined(state: dict[str, Any], *branches: Any, **context: Any) -> dict[str, Any]:
    with Unchanged(state, branches):
        bag = join_branches(state, branches, JOIN | context)
    assert calculate_payload_size(bag) <= BOUND
    return bag


def values(bag: dict[str, Any], *names: str) -> dict[str, Any]:
    whole = hydrated(bag)
    return {name: whole[name] for name in names}
