"""Values that a handler was given and that came through pointers: unchanged, they go out as those.

A view knows its pointer itself. A text or, where everything was read before, an object or a list
does not, so it is known by its identity, and by a digest where it can be changed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.lazy.reading import Reading, renewed
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_reader import pointers_in
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer, parse, unescape_key

# Python keeps some short texts once for all; a pointer for one of those would gain nothing.
_SHORTEST: Final = 256


class _Handed(NamedTuple):
    value: Json
    pointer: Pointer
    digest: bytes


@dataclass(slots=True)
class HandedOut:
    """The values of one invocation, by their identity."""

    _values: dict[int, _Handed] = field(default_factory=dict)

    def note(self, value: Json, pointer: Pointer) -> None:
        """Note that a value was read through a pointer."""
        if type(value) in (dict, list) or (type(value) is str and len(value) >= _SHORTEST):
            self._values[id(value)] = _Handed(value, pointer, _digest(value))

    def taken_back(self, result: Any) -> Any:
        """Return a result with the pointers of what is in it and has not changed.

        Only what is exactly a dict, a list or a tuple is looked into.
        """
        return self._taken(result, set()) if self._values else result

    def _taken(self, part: Any, above: set[int]) -> Any:
        handed = self._values.get(id(part))
        if handed is not None and _digest(part) == handed.digest:
            return handed.pointer.with_beside({}).render()
        if type(part) not in (dict, list, tuple) or id(part) in above:
            return part
        above.add(id(part))
        taken: Any = (
            {key: self._taken(item, above) for key, item in part.items()}
            if type(part) is dict
            else [self._taken(item, above) for item in part]
        )
        above.discard(id(part))
        same = _members(part)
        return part if all(new is next(same) for new in _members(taken)) else taken


def _members(part: Any) -> Iterator[Any]:
    return iter(part.values() if type(part) is dict else part)


def _digest(value: Json) -> bytes:
    """Return a digest of the JSON of a value; of one that is no JSON any more, an empty one."""
    if type(value) is str:
        return b"unchangeable"
    try:
        return hashlib.sha256(encode(value)).digest()
    except InvalidRequestError:
        return b""


class DocumentReading(Reading):
    """Reads a document, and notes which texts came through pointers."""

    def __init__(self, objects: Objects, handed: HandedOut) -> None:
        """Read through `objects`."""
        super().__init__(objects)
        self._handed = handed

    def afresh(self) -> "DocumentReading":
        """Return one that keeps nothing yet of what this one has read, with a budget of its own."""
        return DocumentReading(renewed(self._objects), self._handed)

    def opened(self, stored: Json) -> Json:
        """Return the contents of a stored map or list, and any other value as it is."""
        value = super().opened(stored)
        pointer = parse(stored)
        if pointer is not None and type(value) is str:
            self._handed.note(value, pointer)
        return value

    def whole(self, stored: Json) -> Json:
        """Return a stored value with everything read; each part is known by its pointer."""
        pointers = list(pointers_in(stored, self.pages.expanded))
        values = self.plain_all([pointer.render() for pointer in pointers])
        for value, pointer in zip(values, pointers, strict=True):
            self._handed.note(value, pointer)
        return _filled(stored, iter(values))


def _filled(value: Json, values: Iterator[Json]) -> Json:
    """Return a stored value as a handler sees it, with values in place of its pointers."""
    if parse(value) is not None:
        return next(values)
    if type(value) is dict:
        return {unescape_key(key): _filled(item, values) for key, item in value.items()}
    return [_filled(item, values) for item in value] if type(value) is list else value
