"""Places in what a caller sent, and the refusal of the value at one."""

import builtins
from typing import Final, NamedTuple

from universal_sync_core.errors import InvalidRequestError

# A path in a message: how many outer and inner steps it shows, and characters of each.
_STEPS_SHOWN: Final = 8
_STEP_CHARS: Final = 60


class Place(NamedTuple):
    """The place of a value in what a caller sent.

    Attributes:
        step: the step from the parent, as it is written in a path.
        parent: None for the whole value.
        depth: the number of containers around it.
    """

    step: str
    parent: "Place | None" = None
    depth: int = 0

    def at(self, step: str | int) -> "Place":
        """Return the place of a member: the value at a key, or the element at a position."""
        if isinstance(step, int):
            return Place(f"[{step}]", self, self.depth + 1)
        return Place(f".{step[:_STEP_CHARS]}", self, self.depth + 1)

    @property
    def inside(self) -> "Place":
        """The same place, for the converted form of its value."""
        return Place("", self, self.depth + 1)

    def __str__(self) -> str:
        """Return the place as a path; a long one leaves out its middle."""
        steps = []
        place: Place | None = self
        while place is not None:
            steps.append(place.step)
            place = place.parent
        if len(steps) > 2 * _STEPS_SHOWN:
            steps[_STEPS_SHOWN:-_STEPS_SHOWN] = ["..."]
        return "".join(reversed(steps))


def kind_of(value: object) -> str:
    """Return the name of the type of a value, with the module if Python has a type of that name."""
    kind = type(value)
    is_namesake = hasattr(builtins, kind.__name__) and kind.__module__ != builtins.__name__
    return f"{kind.__module__}.{kind.__name__}" if is_namesake else kind.__name__


def refusal(message: str, place: Place) -> InvalidRequestError:
    """Return the error for the value at a place."""
    path = str(place)
    return InvalidRequestError(f"{path}: {message}", field=path)
