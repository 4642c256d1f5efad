"""A workflow that an operator holds: it stops at its next routing, until it is released.

Who is held stands in the function's environment, so that asking costs no request.
"""

from typing import Final

from universal_sync_core.bag.next_action import COMPLETE, STOPS
from universal_sync_core.settings import Settings
from universal_sync_core.values.codec import Json, JsonObject

# The state machine waits where it is true. It goes with the step that finds the workflow released.
HELD: Final = "held_by_operator"
_ENDS: Final = STOPS | {COMPLETE}


def is_held(execution_id: Json, settings: Settings) -> bool:
    """Tell whether an operator holds the workflow that an execution began."""
    return type(execution_id) is str and execution_id.rpartition(":")[2] in settings.held_workflows


def hold_mark(bag: JsonObject, settings: Settings) -> JsonObject:
    """Return the field that stops a workflow at its next routing, where somebody holds it.

    Args:
        bag: with the `next_action` to come; what ends anyway is not held.
        settings: of this process.
    """
    ends = bag.get("next_action") in _ENDS
    return {HELD: True} if not ends and is_held(bag.get("execution_id"), settings) else {}
