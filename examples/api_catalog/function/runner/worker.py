"""The handler the state machine calls for every segment, branch segment and item of a map."""

from typing import Any

from .branches import run_branch_segment
from .segments import run_segment
from .service_model import describe_service


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run what the event asks for and give its result, which the state machine merges."""
    if "item" in event:
        return describe_service(event["item"]["service"])
    bag = event["state_data"]
    return run_branch_segment(bag) if "branch" in bag else run_segment(bag)
