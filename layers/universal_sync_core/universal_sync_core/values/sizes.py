"""Exact sizes of the parts of a bag; each value is encoded once, however often it is asked for."""

from typing import Final, NamedTuple

from universal_sync_core.values.codec import Json, JsonObject, measure, measure_each
from universal_sync_core.values.compression import is_open


class Measured(NamedTuple):
    """What is known about a value.

    Attributes:
        size: bytes of its compact JSON in UTF-8.
        portable: whether every JSON library on the way keeps it unchanged.
        largest: the size of its largest field, or of all of it if its fields were not measured.
    """

    size: int
    portable: bool
    largest: int


# Beyond this number, only values that take long to measure are remembered.
_MOST_REMEMBERED: Final = 10_000
_WORTH_REMEMBERING: Final = 256
# An object with more fields than this is encoded as a whole.
_MOST_FIELDS: Final = 1_000


class Sizes:
    """Remembers what it measured while one call works on a bag."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self._measured: dict[int, Measured] = {}
        # The sizes of values that were measured with the other fields of an object: all portable.
        self._fields: dict[int, int] = {}
        # The measured object is kept, so that no other can get its identity. A pointer gets
        # another path later: it is only measured as a whole.
        self._held: list[Json] = []

    def of(self, value: Json) -> Measured:
        """Return the size of a value, and whether it is portable."""
        known = self._measured.get(id(value))
        if known is not None:
            return known
        size = self._fields.get(id(value))
        size, portable = measure(value) if size is None else (size, True)
        known = Measured(size, portable, size)
        if size >= _WORTH_REMEMBERING or len(self._measured) < _MOST_REMEMBERED:
            self._remember(value, known)
        return known

    def of_fields(self, fields: JsonObject, inner: str | None = None) -> Measured:
        """Return the same for an object, from its fields: only those not seen yet are encoded.

        Args:
            fields: the object.
            inner: the name of a field that is measured from its own fields, if it is open.
        """
        known = self._measured.get(id(fields))
        if known is None:
            if inner is not None and is_open(fields.get(inner)):
                self.of_fields(fields[inner])
            known = self.of(fields) if len(fields) > _MOST_FIELDS else self._added_up(fields)
            self._remember(fields, known)
        return known

    def _added_up(self, fields: JsonObject) -> Measured:
        # An array of the names has all that the object has beside its values, but the colons.
        names = list(fields)
        new = [value for value in fields.values() if id(value) not in self._fields]
        measured, portable = measure_each([names, *new]), True
        if measured is None:
            parts = [self.of(part) for part in (names, *fields.values())]
            sizes, portable = [part.size for part in parts], all(part.portable for part in parts)
        else:
            self._fields.update(zip(map(id, new), measured[1:], strict=True))
            sizes = [measured[0], *map(self._fields.__getitem__, map(id, fields.values()))]
        return Measured(sum(sizes) + len(fields), portable, max(sizes[1:], default=0))

    def _remember(self, value: Json, known: Measured) -> None:
        self._measured[id(value)] = known
        if known.portable:
            self._fields[id(value)] = known.size
        self._held.append(value)


def is_over(value: Json, limit: int) -> bool:
    """Tell whether the JSON of a value is certainly over a limit, after looking at that much of it.

    If this returns False, the JSON takes at most a few times the limit.
    """
    left, stack = limit, [value]
    while stack and left >= 0:
        part = stack.pop()
        if type(part) is str:
            left -= len(part) + 2
        elif type(part) is list:
            left -= len(part) + 1
            stack += part if left >= 0 else ()
        elif type(part) is dict:
            left -= 4 * len(part) + 1
            left -= sum(map(len, part)) if left >= 0 else 0
            stack += part.values() if left >= 0 else ()
        else:
            left -= 1
    return left < 0
