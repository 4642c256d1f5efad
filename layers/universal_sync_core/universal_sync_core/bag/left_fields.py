"""What a step leaves in the bag for the state machine alone: a wait, an awaited job, a stop.

Each belongs to certain next actions: with any other, the next bag does not have it. No sender
brings one, and a branch does not pass one on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from universal_sync_core.bag.awaited_job import AWAITED_JOB, is_awaited_job
from universal_sync_core.bag.fields import STOPPED_BY
from universal_sync_core.bag.next_action import ASYNC, STOPS, WAIT
from universal_sync_core.bag.waiting import WAIT_STATE, is_wait_state
from universal_sync_core.values.codec import Json, JsonObject

_STOP: Final = {"error": str, "cause": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftField:
    """A field that a step leaves for the state machine.

    Attributes:
        name: its name in the bag.
        actions: the next actions that read it.
        has_form: tells whether a value has the form that they read.
        form: what the field must have or be, for a message.
        is_needed: whether these next actions need it.
    """

    name: str
    actions: frozenset[str]
    has_form: Callable[[Json], bool]
    form: str
    is_needed: bool = False

    def is_right_in(self, bag: JsonObject) -> bool:
        """Tell whether a bag has the field as its next action reads it, or rightly lacks it."""
        is_read = bag["next_action"] in self.actions
        if self.name not in bag:
            return not (is_read and self.is_needed)
        return is_read and self.has_form(bag[self.name])


def is_stop(value: Json) -> bool:
    """Tell whether a value is the error and the cause of a stop."""
    return type(value) is dict and {name: type(item) for name, item in value.items()} == _STOP


LEFT_FIELDS: Final = (
    LeftField(
        name=WAIT_STATE,
        actions=frozenset({WAIT}),
        has_form=is_wait_state,
        form=f"have the form that a result with {WAIT} leaves",
        is_needed=True,
    ),
    LeftField(
        name=AWAITED_JOB,
        actions=frozenset({ASYNC}),
        has_form=is_awaited_job,
        form=f"have the form that a result with {ASYNC} and a job leaves",
    ),
    LeftField(
        name=STOPPED_BY,
        actions=STOPS,
        has_form=is_stop,
        form="be the error and the cause of a stop",
    ),
)
LEFT_NAMES: Final = frozenset(field.name for field in LEFT_FIELDS)
