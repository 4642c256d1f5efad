"""The strategies that join two lists, whether the first is inline or in pages."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from universal_sync_core.pages.pages import Pages
from universal_sync_core.values.codec import Json, canonical_among, canonical_whole
from universal_sync_core.values.pointer import has_mark, is_list, may_hold_marks, parse

MergeItems: TypeAlias = Callable[[Json, Json], Json]
ReadItems: TypeAlias = Callable[[Iterable[tuple[Json, Json]]], None]

# Canonical encodings of keys that do not identify an item.
_NULL_BYTES: Final = len("null")
_EMPTY: Final = frozenset({b"null", b'""', b"[]", b"{}"})


class Lists:
    """Joins lists and returns a list, or a pointer if the base is one."""

    def __init__(self, pages: Pages) -> None:
        """Read and write lists through `pages`."""
        self._pages = pages

    def is_null(self, value: Json) -> bool:
        """Tell whether a value is null, inline or stored; null adds nothing to a list."""
        value = self._pages.expanded(value)
        pointer = parse(value)
        if pointer is None or pointer.kind != "value" or pointer.size != _NULL_BYTES:
            return value is None
        return self._pages.whole(pointer) is None

    def append(self, base: Json, delta: Json) -> Json:
        """Return the base with all elements of the delta appended."""
        return self.extend(base, self.elements(delta))

    def dedupe_append(self, base: Json, delta: Json) -> Json:
        """Return the base with the elements of the delta appended that it does not have yet."""
        new = self.distinct(self.elements(delta))
        present = self.present(base, new)
        return self.extend(base, [item for encoded, item in new.items() if encoded not in present])

    def set_union(self, base: Json, delta: Json) -> Json:
        """Return each element of both once, in order of first appearance."""
        elements = self.elements(base)
        own = self.distinct(elements)
        others = self.distinct(self.elements(delta))
        new = [item for encoded, item in others.items() if encoded not in own]
        if len(own) < len(elements):
            return [*own.values(), *new]
        return self.extend(base, new)

    def merge_by_key(
        self, base: Json, delta: Json, key: str, read: ReadItems, merge: MergeItems
    ) -> Json:
        """Return the base with each item of the delta merged into the item with an equal key.

        Args:
            base: items; the first one with a key counts.
            delta: items; those with a new key, or none, are appended.
            key: the field that identifies an item; if absent, null or empty, it identifies none.
            read: reads what merging pairs of items reads.
            merge: merges two items.
        """
        items = list(self.elements(base))
        before = len(items)
        places: dict[bytes, int] = {}
        for place, identity in enumerate(self.identities(items, key)):
            if identity is not None:
                places.setdefault(identity, place)
        found: list[tuple[int, Json]] = []
        new = self.elements(delta)
        for item, identity in zip(new, self.identities(new, key), strict=True):
            place = len(items) if identity is None else places.setdefault(identity, len(items))
            if place == len(items):
                items.append(item)
            else:
                found.append((place, item))
        read((items[place], item) for place, item in found)
        changed: dict[int, Json] = {}
        for place, item in found:
            merged = merge(items[place], item)
            if merged is not items[place]:
                items[place] = changed[place] = merged
        if len(items) == before and not changed:
            return base
        pointer = parse(base)
        if pointer is None:
            return items
        kept = {place: item for place, item in changed.items() if place < before}
        return self._pages.extend(self._pages.put_items(pointer, kept), items[before:]).render()

    def as_list(self, value: Json) -> Json:
        """Return a list unchanged, null as an empty list, any other value as its only element."""
        if is_list(value):
            return value
        return [] if self.is_null(value) else [value]

    def items(self, value: Json) -> list[Json]:
        """Return the elements of a value in any form, as they are stored; null has none."""
        return self._pages.list_of(self.as_list(self._pages.opened(value))) or []

    def elements(self, value: Json) -> list[Json]:
        """Return the elements of a list in any form, as they are stored; else an empty list."""
        return self._pages.list_of(self._pages.opened(value)) or []

    def distinct(self, items: Sequence[Json]) -> dict[bytes, Json]:
        """Return the first of equal items, by its canonical encoding."""
        stored = [item for item in items if has_mark(item)]
        if stored:
            self._pages.load(stored)
        by_encoding: dict[bytes, Json] = {}
        for item in items:
            by_encoding.setdefault(self._pages.canonical(item), item)
        return by_encoding

    def present(self, base: Json, wanted: Iterable[bytes]) -> set[bytes]:
        """Return the canonical encodings that an element of `base` has."""
        pointer = parse(base)
        if pointer is not None:
            return self._pages.find(pointer, wanted)
        wanted = set(wanted)
        whole = canonical_whole(base)
        if whole is None or may_hold_marks(whole):
            return self._pages.encodings(base, wanted)
        return canonical_among(base, whole, wanted)

    def identities(self, items: Sequence[Json], key: str) -> list[bytes | None]:
        """Return the canonical encoding of each item's key, or None if it identifies nothing.

        What is needed of items in S3 is read side by side.
        """
        self._pages.members([(item, [key]) for item in items if has_mark(item)])
        return [self._identity(item, key) for item in items]

    def _identity(self, item: Json, key: str) -> bytes | None:
        fields = self._pages.some_of(self._pages.opened(item), [key]) or {}
        if key not in fields:
            return None
        encoded = self._pages.canonical(fields[key])
        return None if encoded in _EMPTY else encoded

    def shared(
        self, several: Sequence[Sequence[Json]], key: str
    ) -> list[tuple[bytes, dict[int, int]]]:
        """Return the items that more than one of several lists name.

        Returns:
            The identity of each item, and by the number of a list its first position there.
        """
        places: dict[bytes, dict[int, int]] = {}
        for number, items in enumerate(several):
            for position, identity in enumerate(self.identities(items, key)):
                if identity is not None:
                    places.setdefault(identity, {}).setdefault(number, position)
        return [(identity, found) for identity, found in places.items() if len(found) > 1]

    def extend(self, base: Json, items: Sequence[Json]) -> Json:
        """Return a list with some elements appended, or itself if there are none."""
        if not items:
            return base
        pointer = parse(base)
        return [*base, *items] if pointer is None else self._pages.extend(pointer, items).render()
