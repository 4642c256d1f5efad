"""Workflows that an operator holds: what stops, and how it goes on."""

from typing import TYPE_CHECKING, Final

from universal_sync_core.bag.holding import HELD

if TYPE_CHECKING:
    from tests.simulation.comparing import Plain
    from universal_sync_core.settings import Settings

_ENDS: Final = ("COMPLETE", "FAILED", "HALTED", "SIGKILL")


def is_held_rightly(bag: "Plain", settings: "Settings") -> bool:
    """Tell whether a bag stops where the container that made it is told so, and nowhere else."""
    name = bag["execution_id"].split("execution:")[1]
    is_held = name in settings.held_workflows and bag["next_action"] not in _ENDS
    return bag.get(HELD, False) is is_held


def released(bag: "Plain") -> "Plain":
    """Return a bag once its operator has released it, if one has held it."""
    return bag | {HELD: False} if HELD in bag else bag
