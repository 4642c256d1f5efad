"""Work on maps that is done once, however many paths lead to them.

A few pointers to maps of pointers can stand for more values than any call could go through.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import parse

Result = TypeVar("Result")


class Once(Generic[Result]):
    """Keeps what came of maps, by their places in S3 or, of inline ones, by their identity."""

    def __init__(self) -> None:
        """Nothing has been done yet."""
        self._known: dict[tuple[object, ...], tuple[Sequence[Json], Result]] = {}

    def of(self, maps: Sequence[Json], work: Callable[[], Result], *given: object) -> Result:
        """Return the result of `work` on some maps, from the first time with the same ones.

        Args:
            maps: the maps. They must not change, and none is let go before this object is.
            work: called if these have not been met together.
            given: what else the result depends on.
        """
        together = (*map(place_of, maps), *given)
        if together not in self._known:
            self._known[together] = (maps, work())
        return self._known[together][1]


def place_of(value: Json) -> Address | int:
    """Return what a value is known by: its place in S3, or the identity of an inline one."""
    pointer = parse(value)
    return id(value) if pointer is None else pointer.at
