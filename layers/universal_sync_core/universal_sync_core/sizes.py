"""Exact sizes of the parts of a bag, each value encoded once however often it is asked for."""

from universal_sync_core.codec import Json, JsonObject, encode


class Sizes:
    """Remembers what it measured for as long as one call works on a bag."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self._measured: dict[int, tuple[Json, int]] = {}

    def of(self, value: Json) -> int:
        """Return the bytes of a value's compact JSON in UTF-8."""
        known = self._measured.get(id(value))
        if known is None:
            known = self._measured[id(value)] = (value, len(encode(value)))
        return known[1]

    def of_object(self, fields: JsonObject) -> int:
        """Return the bytes of an object, the sum of its fields and its punctuation."""
        punctuation = 2 * len(fields) + (1 if fields else 2)
        return punctuation + sum(len(encode(key)) + self.of(value) for key, value in fields.items())
