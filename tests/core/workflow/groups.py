"""Groups of branches whose values may have any form."""

from typing import Any

from tests.core.bags import CONTEXT, EXECUTION, hydrated, synced
from tests.core.workflow.branches import JOIN, SYNC
from universal_sync_core import complete_branch, fork_branch, join_branches

PACKING = CONTEXT | {"action": "update_and_compress"}
# What makes large of everything, and nothing of anything.
TINY: dict[str, Any] = {
    "field_offload_bytes": 20,
    "state_offload_bytes": 30,
    "history_max_entries": 1,
    "page_bytes": 120,
    "index_bytes": 200,
}


def group(how: str = "latest", **fields: Any) -> dict[str, Any]:
    ask = {"status": "PARALLEL_GROUP", "pending_branches": ["a", "b"]}
    return synced({"execution_id": EXECUTION}, ask | {"branch_conflict_strategy": how} | fields)


def branch(
    parent: dict[str, Any], name: str, *results: Any, context: dict[str, Any] = SYNC
) -> dict[str, Any]:
    bag = fork_branch(parent, {"branch_id": name}, CONTEXT)
    for result in results:
        bag = synced(bag, result, context)
    return bag


def joined(parent: dict[str, Any], *bags: dict[str, Any]) -> dict[str, Any]:
    ends = [complete_branch(bag, CONTEXT) for bag in bags]
    return hydrated(join_branches(parent, ends, JOIN))
