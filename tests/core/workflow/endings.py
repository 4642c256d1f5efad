"""Branches that ended in one way or another, and their join."""

from typing import Any

from tests.core.bags import CONTEXT, EXECUTION, hydrated, synced
from tests.core.workflow.branches import JOIN
from universal_sync_core import fork_branch, join_branches

SYNC = CONTEXT | {"action": "sync"}
CAUGHT = {"Error": "States.TaskFailed", "Cause": "boom"}
Bag = dict[str, Any]


def parent(**fields: Any) -> Bag:
    return synced({"execution_id": EXECUTION}, {"current_state": {"n": 0}, **fields}, SYNC)


def forked(state: Bag, **result: Any) -> Bag:
    bag = fork_branch(state, {"branch_id": "b"}, CONTEXT)
    return synced(bag, result, CONTEXT | {"action": "sync_branch"}) if result else bag


def joined(state: Bag, *branches: Any) -> Bag:
    return hydrated(join_branches(state, branches, JOIN))


def wrapped(bag: Bag) -> Bag:
    return {"state_data": bag}
