"""A function of a user's own."""

import os
from typing import Any


def handler(event: Any, context: Any) -> Any:
    """Say who was asked, and what came beside the event."""
    beside = context.client_context
    told = {"worker": os.environ["NAME"], "event": event}
    return {**told, "custom": beside.custom} if beside else told
