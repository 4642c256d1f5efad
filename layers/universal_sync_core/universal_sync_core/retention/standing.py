"""How the executions of a workflow stand, and whether anything of it may be deleted."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """How an execution or a workflow stands."""

    RUNNING = "running"
    RECENT = "ended lately"
    OVER = "over"
    FORGOTTEN = "forgotten"
    UNSEEN = "unseen"
    FOREIGN = "unknown"


# A workflow has the first of these that one of its executions has.
_ORDER: Final = (
    Standing.FOREIGN,
    Standing.RUNNING,
    Standing.UNSEEN,
    Standing.RECENT,
    Standing.FORGOTTEN,
    Standing.OVER,
)
_REASONS: Final = {
    Standing.RUNNING: "it runs",
    Standing.RECENT: "it ended lately",
    Standing.FORGOTTEN: "Step Functions has forgotten it",
    Standing.UNSEEN: "its state machine is not seen here",
    Standing.FOREIGN: "it is not an execution of Step Functions",
}


def standing_at(stopped: datetime | None, since: datetime) -> Standing:
    """Return how an execution stands that stopped at a time, or runs.

    Args:
        stopped: when it ended; None while it runs.
        since: executions that ended before this are over.
    """
    if stopped is None:
        return Standing.RUNNING
    return Standing.RECENT if stopped >= since else Standing.OVER


def standing_of_all(standings: Iterable[Standing]) -> Standing:
    """Return how a workflow stands, from its executions."""
    return min(standings, key=_ORDER.index)


def reason_to_keep(standing: Standing) -> str | None:
    """Return why nothing of a workflow may be deleted, or None if something may be."""
    return _REASONS.get(standing)
