"""A worker that reads large state and an input, and answers a large result."""

from typing import Any

from universal_sync_core import load_from_s3, state_task


@state_task
def handler(state: Any, _context: Any) -> Any:
    """Run a segment or an item."""
    if state.kind == "item":
        return {"length": len(str(state["item"]))}
    segment = state["segments"][state["segment_to_run"]]
    if "reads" not in segment:
        return segment.plain()
    return {"current_state": {"found": load_from_s3(segment["reads"]), "more": "x" * 200_000}}
