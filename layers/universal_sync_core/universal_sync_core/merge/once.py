"""Work on maps that is done once, however many paths lead to them.

A few pointers to maps of pointers can stand for more values than any call could go through. The
same map beside one map after another is more work each time, and paid for like reading it again.
"""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from universal_sync_core.values.address import Address
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import parse

Result = TypeVar("Result")
# What going through a member again costs: decoding so many values takes as long.
_AGAIN: Final = 8


class Once(Generic[Result]):
    """Keeps what came of maps, by their places in S3 or, of inline ones, by their identity."""

    def __init__(self, budget: Budget) -> None:
        """Nothing has been done yet; work on a map that was met before is paid from `budget`."""
        self._budget = budget
        self._met: set[Address] = set()
        self._known: dict[tuple[object, ...], tuple[Sequence[Json], Result]] = {}

    def of(self, maps: Sequence[Json], work: Callable[[], Result], *given: object) -> Result:
        """Return the result of `work` on some maps, from the first time with the same ones.

        Args:
            maps: the maps. They must not change, and none is let go before this object is. All but
                the first are paid for, as many maps may be compared with one.
            work: called if these have not been met together.
            given: what else the result depends on.

        Raises:
            StateTooLargeError: the rest of the budget is not enough.
        """
        together = (*map(place_of, maps), *given)
        if together not in self._known:
            self._pay(maps[1:])
            self._known[together] = (maps, work())
        return self._known[together][1]

    def _pay(self, maps: Sequence[Json]) -> None:
        pointers = {pointer.at: pointer for value in maps if (pointer := parse(value)) is not None}
        for pointer in (pointers[at] for at in pointers.keys() & self._met):
            cost = Cost(pointer.size, _AGAIN * (pointer.count or 0))
            self._budget.spend(cost, pointer.path)
        self._met |= pointers.keys()


def place_of(value: Json) -> Address | int:
    """Return what a value is known by: its place in S3, or the identity of an inline one."""
    pointer = parse(value)
    return id(value) if pointer is None else pointer.at
