"""Holding a workflow: it stops at its next routing until an operator releases it.

The held workflows are listed in the function's environment, so that checking needs no request.
"""

from typing import Final

from universal_sync_core.bag.next_action import COMPLETE, STOPS
from universal_sync_core.settings import Settings
from universal_sync_core.values.codec import Json, JsonObject

# The state machine waits while it is true. The first step after the release removes it.
HELD: Final = "held_by_operator"
_ENDS: Final = STOPS | {COMPLETE}


def held_as(execution_id: str) -> str:
    """Return the name by which a workflow is held: the end of the ARN that began it.

    It has the name of the state machine too, since executions of several may have one name.
    """
    return ":".join(execution_id.rsplit(":", 2)[-2:])


def is_held(execution_id: Json, settings: Settings) -> bool:
    """Tell whether an operator holds the workflow that this execution began."""
    held = settings.held_workflows
    return bool(held) and type(execution_id) is str and held_as(execution_id) in held


def hold_mark(bag: JsonObject, settings: Settings) -> JsonObject:
    """Return the field that stops a workflow at its next routing, if an operator holds it.

    Args:
        bag: the bag, with its next `next_action`; a workflow that ends anyway is not held.
        settings: the settings of this process.
    """
    ends = bag.get("next_action") in _ENDS
    return {HELD: True} if not ends and is_held(bag.get("execution_id"), settings) else {}
