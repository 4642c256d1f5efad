"""One worker, decorated twice: as one that runs and is synced, and as one that syncs itself."""

from collections.abc import Iterator
from typing import Any

from universal_sync_core import State, state_task


def work(state: State[Any], _context: Any) -> Any:
    """Run what the state machine asks for."""
    if state.kind == "item":
        return {"square": state["item"] ** 2}
    if state.kind == "branch":
        return ranks(state)
    return SEGMENTS[state["segment_to_run"]](state)


def lists(state: State[Any]) -> Any:
    """Bring a list that is made as it is stored."""
    rows = ({"n": n, "words": f"{n:08} " * 100} for n in range(state["rows"]))
    return {"current_state": {"rows": rows}, "state_history": [{"step": "lists"}]}


def counts(state: State[Any]) -> Any:
    """Read some of it, and pass on all of it under another name."""
    rows = state["current_state"]["rows"]
    found = {"rows": len(rows), "last": rows[-1]["n"], "some": rows[10:12]}
    return {"current_state": {"found": found, "copy": rows}, "state_history": [{"step": "counts"}]}


def yields(state: State[Any]) -> Iterator[Any]:
    """Bring a list result."""
    for row in state["current_state"]["rows"][:40]:
        yield {"twice": 2 * row["n"], "words": row["words"]}


def grows(state: State[Any]) -> Any:
    """Bring texts of 40 KB."""
    return {"current_state": {"large": [f"{n:07} " * 5_000 for n in range(state["texts"])]}}


def asks_for_branches(_state: State[Any]) -> Any:
    """Ask for branches of two and three segments."""
    branches = [{"branch_id": "a", "total_segments": 2}, {"branch_id": "b", "total_segments": 3}]
    return {"status": "PARALLEL_GROUP", "pending_branches": branches}


def ranks(state: State[Any]) -> Any:
    """Bring what a branch has found, more than fits beside its bag."""
    name, step = state["branch"]["branch_id"], state["segment_to_run"]
    return {"current_state": {"ranks": {name: {f"step {step}": f"{name}{step}" * 40_000}}}}


def asks_for_items(_state: State[Any]) -> Any:
    """Ask for a distributed map."""
    return {"status": "DISTRIBUTED_MAP", "distributed_items": list(range(5))}


def ends(state: State[Any]) -> Any:
    """End the workflow with what the map gave."""
    squares = [row["square"] for row in state["distributed_outputs"]]
    return {"status": "COMPLETE", "current_state": {"sum": sum(squares)}}


SEGMENTS = (lists, counts, yields, grows, asks_for_branches, asks_for_items, ends)

run = state_task(work)
run_and_sync = state_task(sync=True)(work)
