"""Finding plain values that a worker changed in place, which does not change the state."""

import warnings
from dataclasses import dataclass, field, replace
from typing import Final

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.paths import Selection, render_path

# Comparing this much takes a fraction of a millisecond, so every invocation does it. A mistake in
# the code shows in the first invocations of a process as well as in later ones, so only the first
# ones compare more.
_ALWAYS_BYTES: Final = 256 * KIB
_FIRST_INVOCATIONS: Final = 3


class InPlaceChangeWarning(UserWarning):
    """A worker changed a value of the state in place and did not return it."""


@dataclass(slots=True)
class Watches:
    """Makes a watch for each invocation of a worker in this process."""

    _made: int = 0

    def next(self) -> "Watch":
        """Return the watch of the next invocation."""
        self._made += 1
        return Watch(thorough=self._made <= _FIRST_INVOCATIONS)


@dataclass(frozen=True, slots=True)
class Handed:
    """A value that was handed out: its path, and the hash of its JSON at that time."""

    steps: Selection
    value: Json
    mark: int | None


@dataclass(slots=True)
class Watch:
    """Finds values that have changed since they were handed out.

    Attributes:
        thorough: whether to compare large values too.
    """

    thorough: bool
    _left: int = _ALWAYS_BYTES
    _handed: list[Handed] = field(default_factory=list)

    def note(self, steps: Selection, value: Json, size: int) -> None:
        """Note a value that is handed out.

        Args:
            steps: the path to it.
            value: a dict or a list.
            size: bytes of its JSON, as far as known.
        """
        if not self.thorough and size > self._left:
            return
        encoded = encode(value)
        self._left -= len(encoded)
        self._handed.append(Handed(steps, value, hash(encoded)))

    def forget(self, result: object) -> None:
        """Forget the changes so far of values that are in a result, whole or in part."""
        unchanged, lost = self._sorted(result)
        kept = {id(each) for each in unchanged + lost}
        self._handed = [
            each if id(each) in kept else replace(each, mark=mark_of(each.value))
            for each in self._handed
        ]

    def warn(self, result: object = None) -> None:
        """Warn of each value that was changed in place and is not in the result."""
        for handed in self._sorted(result)[1]:
            message = (
                f"{render_path(handed.steps)} was changed in place, which does not change the"
                " state: return the value to be merged, or change a copy"
            )
            warnings.warn(message, InPlaceChangeWarning, stacklevel=3)
        self._handed.clear()

    def _sorted(self, result: object) -> tuple[list[Handed], list[Handed]]:
        """Return the unchanged values, and the changed ones that are not in the result."""
        unchanged = [each for each in self._handed if mark_of(each.value) == each.mark]
        if len(unchanged) == len(self._handed):
            return unchanged, []
        same, returned = {id(each) for each in unchanged}, _containers(result)
        changed = [each for each in self._handed if id(each) not in same]
        lost = [each for each in changed if returned.isdisjoint(_containers(each.value))]
        return unchanged, lost


def mark_of(value: Json) -> int | None:
    """Return the hash of the JSON of a value, or None if it is no longer JSON."""
    try:
        return hash(encode(value))
    except InvalidRequestError:  # something other than JSON was put into it
        return None


def _containers(value: object) -> set[int]:
    """Return the identities of all dicts, lists and tuples in a value."""
    found: set[int] = set()
    stack = [value]
    while stack:
        part = stack.pop()
        if id(part) not in found and isinstance(part, dict | list | tuple):
            found.add(id(part))
            stack.extend(part.values() if isinstance(part, dict) else part)
    return found
