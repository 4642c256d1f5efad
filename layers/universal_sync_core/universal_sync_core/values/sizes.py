"""Exact sizes of the parts of a bag; each value is encoded once, however often it is asked for."""

from typing import Final, NamedTuple

from universal_sync_core.values.codec import Json, JsonObject, measure


class Measured(NamedTuple):
    """What is known about a value.

    Attributes:
        value: the value; it is held, so that no other object can get its identity.
        size: bytes of its compact JSON in UTF-8.
        portable: whether every JSON library on the way keeps it unchanged.
    """

    value: Json
    size: int
    portable: bool


# Beyond this number, only values that take long to measure are remembered.
_MOST_REMEMBERED: Final = 10_000
_WORTH_REMEMBERING: Final = 256
# An object with more fields than this is encoded as a whole.
_MOST_FIELDS: Final = 1_000
# Fields of other types, and shorter strings, are measured together.
_ALONE: Final = (dict, list)
_LONG: Final = 64


class Sizes:
    """Remembers what it measured while one call works on a bag."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self._measured: dict[int, Measured] = {}

    def of(self, value: Json) -> Measured:
        """Return the size of a value, and whether it is portable."""
        known = self._measured.get(id(value))
        if known is None:
            size, portable = measure(value)
            known = Measured(value, size, portable)
            if size >= _WORTH_REMEMBERING or len(self._measured) < _MOST_REMEMBERED:
                self._measured[id(value)] = known
        return known

    def of_fields(self, fields: JsonObject) -> Measured:
        """Return the same for an object, from its fields: only those not seen yet are encoded."""
        if len(fields) > _MOST_FIELDS:
            return self.of(fields)
        known = self._measured.get(id(fields))
        if known is not None:
            return known
        # Beside the parts that are measured alone, an array of the rest has all that the object
        # has: a comma after each key for its colon, and one more for each part.
        rest: list[Json] = list(fields)
        size, portable = 0, True
        for value in fields.values():
            if type(value) in _ALONE or (type(value) is str and len(value) > _LONG):
                part = self.of(value)
                size += part.size + 1
                portable = portable and part.portable
            else:
                rest.append(value)
        size_of_rest, is_rest_portable = measure(rest)
        known = Measured(fields, size + size_of_rest, portable and is_rest_portable)
        self._measured[id(fields)] = known
        return known


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
