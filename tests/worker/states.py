"""The state that a worker is given, made of a bag."""

from typing import Any

from tests.core.bags import EXECUTION
from universal_sync_core import (
    State,
)
from universal_sync_core.lazy.needs import parse_needs
from universal_sync_core.worker.state import bag_state

KIB = 1024


def state_of(bag: dict[str, Any], *needs: str) -> State[Any]:
    return bag_state(bag, parse_needs(needs) if needs else None, EXECUTION)
