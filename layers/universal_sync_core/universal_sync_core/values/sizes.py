"""Exact sizes of an object and its fields while it changes: a field that stays is encoded once."""

from typing import Final

from universal_sync_core.values.codec import Json, JsonObject, measure, measure_each
from universal_sync_core.values.compression import is_open

# An object with more new fields than this is encoded as a whole.
_MOST_FIELDS: Final = 1_000


class FieldSizes:
    """What is known about an object, each version of which has most fields of the one before.

    An object with a field that is not portable, or with too many fields, is encoded as a whole.
    """

    def __init__(self, inner: str = "", sizes: "FieldSizes | None" = None) -> None:
        """Start with nothing measured.

        Args:
            inner: the name of a field that, if it is open, is measured from its own fields.
            sizes: what measures that field.
        """
        self._inner = inner
        self._inner_sizes = sizes
        self._fields: JsonObject = {}
        self._whole = (len(b"{}"), True)
        self._sizes: dict[str, int] = {}

    def of(self, fields: JsonObject) -> tuple[int, bool]:
        """Return the bytes of the object's JSON, and whether every JSON library can carry it."""
        if fields is not self._fields:
            self._whole = self._measured(fields)
            self._fields = fields
        return self._whole

    def of_field(self, fields: JsonObject, name: str) -> tuple[int, bool]:
        """Return the same for a field of the object."""
        _, portable = self.of(fields)
        is_known = portable and name in self._sizes
        return (self._sizes[name], True) if is_known else measure(fields[name])

    def of_largest(self, fields: JsonObject) -> tuple[int, bool]:
        """Return the same for the largest field, or for the object if it is encoded as a whole."""
        size, portable = self.of(fields)
        return max(self._sizes.values(), default=size), portable

    def _measured(self, fields: JsonObject) -> tuple[int, bool]:
        sizes, portable = self._still_known(fields) if self._sizes else {}, True
        if self._inner_sizes is not None and is_open(fields.get(self._inner)):
            sizes[self._inner], portable = self._inner_sizes.of(fields[self._inner])
        new = {name: fields[name] for name in fields if name not in sizes} if sizes else fields
        # An array of the names has all that the object has beside its values, but the colons.
        parts = [*new.values(), list(fields)]
        measured = measure_each(parts) if len(new) <= _MOST_FIELDS else None
        if measured is None:
            self._sizes = {}
            return measure(fields)
        names = measured.pop()
        sizes.update(zip(new, measured, strict=True))
        self._sizes = sizes
        return sum(sizes.values()) + names + len(fields), portable

    def _still_known(self, fields: JsonObject) -> dict[str, int]:
        earlier = self._fields
        return {
            name: size
            for name, size in self._sizes.items()
            if name in fields and fields[name] is earlier[name]
        }


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
