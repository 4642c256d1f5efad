"""A worker whose results follow from a seed: each is large, and another than the one before."""

from random import Random
from typing import Any

from universal_sync_core import State, state_task


def result_of(seed: int, segment: int) -> Any:
    """Return what a segment brings: a table of many pages, a part of a map, entries, a list."""
    draw = Random(f"{seed} {segment}")  # noqa: S311 - the same for the worker and for the test
    row = f"{draw.randrange(10**9):09} " * 90
    result: dict[str, Any] = {
        "current_state": {
            "rows": [f"row {number} {row}" for number in range(draw.randrange(50, 300))],
            "parts": {f"part {segment}": {"of": row * draw.randrange(1, 40), "by": segment}},
            "last": segment,
        },
        "state_history": [{"segment": segment, "note": row}],
    }
    if draw.random() < 0.5:
        result["chunk_results"] = [{"chunk": segment, "text": row} for _ in range(3)]
    return result


def work(state: State[Any], _context: Any) -> Any:
    """Read a part of the state, and bring the result of the segment."""
    segment = state["segment_to_run"]
    if segment:
        assert state["current_state"]["last"] == segment - 1
    return result_of(state["seed"], segment)


run = state_task(work)
run_and_sync = state_task(sync=True)(work)
