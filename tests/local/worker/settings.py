"""A function that tells with which settings its package works."""

from dataclasses import asdict
from typing import Any

from universal_sync_core.storage import runtime


def handler(_event: Any, _context: Any) -> Any:
    """Give the settings."""
    return asdict(runtime.current().settings)
