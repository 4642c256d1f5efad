"""A function of a user's own."""

import os
from typing import Any


def handler(event: Any, _context: Any) -> Any:
    """Say who was asked."""
    return {"worker": os.environ["NAME"], "event": event}
