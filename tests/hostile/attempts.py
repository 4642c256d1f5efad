"""Ways of sending a hostile value: what one is, and the list of all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.hostile.ground import Ground
from tests.hostile.pieces import Piece

Bag = dict[str, Any]
Event = dict[str, Any]
Act = Callable[[Event], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way of sending a value.

    Attributes:
        name: the action and the place.
        send: sends it: `(act, bag, piece, ground)`; returns the next bag, or None where the
            action answers none.
        found: where in the hydrated bag the value has to stand, None where it is not looked at.
        looks_up: whether pointers are looked up there; of a map's items they are not.
    """

    name: str
    send: Callable[[Act, Bag, Piece, Ground], Bag | None]
    found: Callable[[Bag], Any] | None = None
    looks_up: bool = True


ATTEMPTS: Final[list[Attempt]] = []


def attempt(
    name: str, found: Callable[[Bag], Any] | None = None, *, looks_up: bool = True
) -> Callable[[Any], Any]:
    """Register a way of sending a value."""

    def register(send: Callable[[Act, Bag, Piece, Ground], Bag | None]) -> Any:
        ATTEMPTS.append(Attempt(name=name, send=send, found=found, looks_up=looks_up))
        return send

    return register
