"""Values that a handler got from pointers: if unchanged, they leave as the same pointers.

A view knows its own pointer. A string does not, nor does an object or a list if everything was read
before the handler started. A string is recognised by its digest, so that it is not held for it;
objects and lists by their identity and a hash of their JSON, since they can be changed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from universal_sync_core.lazy.in_place import mark_of
from universal_sync_core.lazy.reading import Reading, renewed
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import MAX_DEPTH
from universal_sync_core.values.pointer import Pointer, has_mark, parse, unescape_key

# A pointer for a shorter string would save nothing.
_SHORTEST: Final = 256


class _Handed(NamedTuple):
    value: Json
    pointer: Pointer
    mark: int | None


@dataclass(slots=True)
class HandedOut:
    """The values of one invocation: containers by their identity, strings by their digest."""

    _values: dict[int, _Handed] = field(default_factory=dict)
    _texts: dict[bytes, Pointer] = field(default_factory=dict)

    def note(self, value: Json, pointer: Pointer) -> None:
        """Note that a value came from a pointer."""
        if type(value) in (dict, list):
            self._values[id(value)] = _Handed(value, pointer, mark_of(value))
        elif type(value) is str and len(value) >= _SHORTEST:
            self._texts[_digest(value)] = pointer

    def taken_back(self, result: Any) -> Any:
        """Return a result in which unchanged values are replaced by their pointers.

        Only exact dicts, lists and tuples are searched.
        """
        return self._taken(result, set()) if self._values or self._texts else result

    def _taken(self, part: Any, above: set[int]) -> Any:
        if type(part) is str and len(part) >= _SHORTEST and (at := self._texts.get(_digest(part))):
            return at.with_beside({}).render()
        handed = self._values.get(id(part))
        if handed is not None and mark_of(part) == handed.mark:
            return handed.pointer.with_beside({}).render()
        is_opened = type(part) in (dict, list, tuple) and id(part) not in above
        if not is_opened or len(above) >= MAX_DEPTH:  # a deeper result is refused where it is read
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


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _members(part: Any) -> Iterator[Any]:
    return iter(part.values() if type(part) is dict else part)


class DocumentReading(Reading):
    """Reads a document, and notes which strings came from pointers."""

    def __init__(self, objects: Objects, handed: HandedOut) -> None:
        """Read through `objects`."""
        super().__init__(objects)
        self._handed = handed

    def afresh(self) -> "DocumentReading":
        """Return a new reading with its own budget, which keeps nothing that this one has read."""
        return DocumentReading(renewed(self._objects), self._handed)

    def opened(self, stored: Json) -> Json:
        """Return the contents of a stored map or list, or any other value itself."""
        value = super().opened(stored)
        pointer = parse(stored)
        if pointer is not None and type(value) is str:
            self._handed.note(value, pointer)
        return value

    def whole(self, stored: Json) -> Json:
        """Return a stored value read whole, and note the pointer of each part."""
        pointers = list(pointers_in(stored, self.pages.expanded))
        values = self.plain_all([pointer.render() for pointer in pointers])
        for value, pointer in zip(values, pointers, strict=True):
            self._handed.note(value, pointer)
        return _filled(stored, iter(values))


def _filled(value: Json, values: Iterator[Json]) -> Json:
    """Return a stored value as a handler sees it, with its pointers replaced by values."""
    if has_mark(value):
        return next(values)
    if type(value) is dict:
        return {unescape_key(key): _filled(item, values) for key, item in value.items()}
    return [_filled(item, values) for item in value] if type(value) is list else value
