"""Exact sizes of the parts of a bag, each value encoded once however often it is asked for."""

from typing import Final, NamedTuple

from universal_sync_core.values.codec import Json, JsonObject, measure


class Measured(NamedTuple):
    """What is known of a value.

    Attributes:
        value: the value, held so that its identity stays its own.
        size: bytes of its compact JSON in UTF-8.
        portable: whether every JSON library on the way can be trusted with it.
    """

    value: Json
    size: int
    portable: bool


# Of very many values only those are remembered that it takes a while to measure again.
_MOST_REMEMBERED: Final = 10_000
_WORTH_REMEMBERING: Final = 256
# Of more fields than that the whole is encoded at once.
_MOST_FIELDS: Final = 1_000


class Sizes:
    """Remembers what it measured for as long as one call works on a bag."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self._measured: dict[int, Measured] = {}
        self._keys: dict[str, Measured] = {}

    def of(self, value: Json) -> Measured:
        """Return what there is to know of a value."""
        known = self._measured.get(id(value))
        if known is None:
            known = Measured(value, *measure(value))
            if len(self._measured) < _MOST_REMEMBERED or known.size >= _WORTH_REMEMBERING:
                self._measured[id(value)] = known
        return known

    def of_fields(self, fields: JsonObject) -> Measured:
        """Return the same of an object, from its fields: only those not seen yet are encoded."""
        if len(fields) > _MOST_FIELDS:
            return self.of(fields)
        known = self._measured.get(id(fields))
        if known is not None:
            return known
        size, portable = 2 * len(fields) + (1 if fields else 2), True
        for key, value in fields.items():
            name = self._keys.get(key) or self._of_key(key)
            part = self.of(value)
            size += name.size + part.size
            portable = portable and name.portable and part.portable
        known = self._measured[id(fields)] = Measured(fields, size, portable)
        return known

    def are_keys_portable(self, fields: JsonObject) -> bool:
        """Tell whether the names of fields can be trusted to every JSON library."""
        if len(fields) > _MOST_FIELDS:
            return measure(list(fields))[1]
        return all((self._keys.get(key) or self._of_key(key)).portable for key in fields)

    def _of_key(self, key: str) -> Measured:
        known = self._keys[key] = Measured(key, *measure(key))
        return known
