"""The handler that the state machine calls for every segment, branch segment and item of a map."""

from collections.abc import Mapping
from typing import Any

from universal_sync_core import state_task

from .branches import run_branch_segment
from .segments import run_segment
from .service_model import describe_service


@state_task
def handler(state: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Run what the state asks for, and return the result, which the state machine merges."""
    if "item" in state:
        return describe_service(state["item"]["service"])
    return run_branch_segment(state) if "branch" in state else run_segment(state)
