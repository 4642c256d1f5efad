"""Previews of values in S3 beside their pointers: bounded, with `***` for whatever looks secret.

A console, or the context of a model, can show the preview of a 2 MB value without S3. A preview is
made when the pointer comes into the bag, for the paths in the bag's `preview_paths`. It is not part
of the state: hydrating drops it, and a bag without room for it goes without. Data that resembles a
pointer is escaped in it too, because a preview goes to S3 with a pointer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.state_paths import PREVIEW_PATHS, previewed_keys
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.limits import KIB
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.paths import by_first
from universal_sync_core.values.pointer import Pointer, is_map, parse
from universal_sync_core.values.portable import portable

PREVIEW_BYTES: Final = KIB
# A map up to this size is read whole to be shown; a larger one shows only the number of its keys.
_MOST_BYTES_READ: Final = 8 * KIB * KIB
# A secret that begins in the shown part is searched for up to its end.
_LOOKED_AT_CHARS: Final = KIB
_MORE: Final = "…"
_LENGTH: Final = re.compile(r" [\d,]+ characters")


class _Measure(NamedTuple):
    """How much of a value to show."""

    characters: int
    elements: int
    keys: int
    levels: int


# The first of these that makes the preview fit is used.
_MEASURES: Final = (
    _Measure(characters=400, elements=5, keys=20, levels=3),
    _Measure(characters=120, elements=3, keys=12, levels=3),
    _Measure(characters=40, elements=2, keys=8, levels=2),
    _Measure(characters=12, elements=1, keys=4, levels=1),
)


def with_previews(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag with a preview beside each pointer of `current_state` that it asks for."""
    if not (bag.get(PREVIEW_PATHS) or unit.bag.get(PREVIEW_PATHS)) or not is_map(bag.get(STATE)):
        return bag
    asked, earlier = _asked_by(bag), _asked_by(unit.bag)
    state = _previewed(bag[STATE], _Before(unit.bag.get(STATE), earlier), asked, unit)
    return bag if state is bag[STATE] else bag | {STATE: state}


def _asked_by(bag: JsonObject) -> "_Asked":
    return _Asked((), previewed_keys(bag.get(PREVIEW_PATHS) or [], PREVIEW_PATHS))


def preview(value: Json, pages: PageReader, names: Sequence[str] = ()) -> Json:
    """Return the preview of a value, in at most `PREVIEW_BYTES` of JSON.

    Args:
        value: a value of a bag or a page; pointers in it are not followed.
        pages: reads it if it is a pointer itself.
        names: the names above it, any of which may mark it as secret.
    """
    # Its expressions take milliseconds to compile, and few calls ask for previews.
    from universal_sync_core.previews.masking import Masking  # noqa: PLC0415

    shown = _opened(value, pages)
    texts = _texts_in(shown, pages)
    masking = Masking()
    for measure in _MEASURES:
        masked = masking.masked(_Cut(measure=measure, texts=texts).of(shown), names)
        text = portable(_shortened(masked, measure.characters))
        if len(encode(text)) <= PREVIEW_BYTES:
            return text
    return _MORE


def _previewed(value: Json, before: "_Before", asked: "_Asked", unit: UnitOfWork) -> Json:
    """Return a value with only the previews that are asked for.

    Args:
        value: the value in the bag.
        before: the value that the bag had there before; its previews stay.
        asked: its place, and the previews that are asked for there.
        unit: the unit of work that reads pointers.
    """
    pointer = parse(value)
    if pointer is not None and (asked.paths or pointer.preview is not None):
        return _shown_beside(pointer, before, asked, unit)
    if pointer is not None or type(value) is not dict:
        return value
    below = asked.by_key()
    changed = {
        key: _previewed(item, before.at(key), below.get(key, _NOTHING), unit)
        for key, item in value.items()
    }
    changed = {key: item for key, item in changed.items() if item is not value[key]}
    return value | changed if changed else value


def _shown_beside(
    pointer: Pointer, before: "_Before", asked: "_Asked", unit: UnitOfWork
) -> JsonObject:
    """Return a pointer with the preview that is asked for; an existing one stays."""
    if not asked.paths:
        return pointer.with_preview(None).render()
    earlier = parse(before.value)
    is_known = earlier is not None and earlier.at == pointer.at
    shown = earlier.preview if earlier and is_known and before.asked.same(asked) else None
    made = asked.shown(pointer.render(), unit.pages) if shown is None else shown
    return pointer.with_preview(made).render()


class _Asked(NamedTuple):
    """The previews that are asked for at some place of the state.

    Attributes:
        names: the keys that lead there.
        paths: paths below it, as keys; the empty path asks for the value itself.
    """

    names: tuple[str, ...]
    paths: list[tuple[str, ...]]

    def by_key(self) -> "dict[str, _Asked]":
        """Return the keys below which something is asked for, with what is asked for there."""
        below = by_first(self.paths)
        return {key: _Asked((*self.names, key), paths) for key, paths in below.items()}

    def shown(self, value: Json, pages: PageReader) -> Json:
        """Return the preview of a value, or of its parts that are asked for."""
        if () in self.paths:
            return preview(value, pages, self.names)
        below = self.by_key()
        fields = pages.some_of(value, below) or {}
        return {key: each.shown(fields[key], pages) for key, each in below.items() if key in fields}

    def same(self, other: "_Asked") -> bool:
        """Tell whether the same paths are asked for in both."""
        return set(self.paths) == set(other.paths)


_NOTHING: Final = _Asked((), [])


class _Before(NamedTuple):
    """What the bag had at some place of the state, and the previews that were asked for there."""

    value: Json
    asked: _Asked

    def at(self, key: str) -> "_Before":
        """Return the same for the value at a key."""
        value: Json = self.value.get(key) if type(self.value) is dict else None
        return _Before(value, self.asked.by_key().get(key, _NOTHING))


def _opened(value: Json, pages: PageReader) -> Json:
    """Return the part of a value to show, with the pointers inside it unchanged."""
    pointer = parse(value)
    if pointer is None:
        return pages.expanded(value)
    if pointer.kind == "list":
        return _Head(pages.slice(pointer, 0, _MEASURES[0].elements), pointer.count or 0)
    if pointer.kind == "map" and pointer.size > _MOST_BYTES_READ:
        return {_MORE: f"{pointer.count:,} keys"}
    return pages.inside(pointer)


def _texts_in(shown: Json, pages: PageReader) -> Mapping[Address, Json]:
    """Return the strings in S3 that the shown part points to, by their places, read in parallel."""
    size, pointers = 0, []
    for pointer in _singles_in(shown, 0):
        size += pointer.size
        if size <= _MOST_BYTES_READ:
            pointers.append(pointer)
    pages.load_behind(pointers)
    return {pointer.at: pages.inside(pointer) for pointer in pointers}


def _singles_in(shown: Json, level: int) -> Iterator[Pointer]:
    """Yield the pointers to single values, as far down as anything is shown."""
    pointer, most = parse(shown), _MEASURES[0]
    if pointer is not None and pointer.kind == "value":
        yield pointer
    if pointer is not None or level > most.levels:
        return
    inside: Sequence[Json] = []
    if isinstance(shown, _Head):
        inside = shown.items
    elif type(shown) is list:
        inside = shown[: most.elements]
    elif type(shown) is dict:
        inside = list(shown.values())[: most.keys]
    for each in inside:
        yield from _singles_in(each, level + 1)


class _Head(NamedTuple):
    """The first elements of a list, and how many it has in all."""

    items: list[Json]
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Cuts a value to the part that a measure shows, and says how much more there is.

    Enough of a string is left to recognise a secret at its beginning.

    Attributes:
        measure: how much is shown.
        texts: the strings that are in S3, by their places.
    """

    measure: _Measure
    texts: Mapping[Address, Json]

    def of(self, value: Json, level: int = 0) -> Json:
        """Return the part to show of a value that is `level` levels down."""
        if type(value) is str:
            return _beginning(value, _LOOKED_AT_CHARS)
        if isinstance(value, _Head):
            return self._list(value.items, value.of, level)
        if type(value) not in (dict, list):
            return value
        pointer = parse(value)
        if pointer is not None:
            return self._stored(pointer, level)
        if level == self.measure.levels:
            return _summary("map" if type(value) is dict else "list", len(value))
        is_list = type(value) is list
        return self._list(value, len(value), level) if is_list else self._map(value, level)

    def _stored(self, pointer: Pointer, level: int) -> Json:
        if pointer.at in self.texts:
            return self.of(self.texts[pointer.at], level)
        return _summary(pointer.kind, pointer.count, pointer.size)

    def _list(self, items: list[Json], count: int, level: int) -> Json:
        shown = [self.of(item, level + 1) for item in items[: self.measure.elements]]
        more = count - len(shown)
        return [*shown, f"{_MORE} {more:,} more"] if more else shown

    def _map(self, fields: JsonObject, level: int) -> Json:
        keys = list(fields)[: self.measure.keys]
        shown = {_beginning(key, _LOOKED_AT_CHARS): self.of(fields[key], level + 1) for key in keys}
        more = len(fields) - len(keys)
        return shown | ({_MORE: f"{more:,} more"} if more else {})


def _beginning(text: str, characters: int) -> str:
    """Return the beginning of a string and its full length, even if it was cut before."""
    head, cut, length = text.rpartition(_MORE)
    if cut and _LENGTH.fullmatch(length):
        return f"{head[:characters]}{_MORE}{length}"
    return (
        text if len(text) <= characters else f"{text[:characters]}{_MORE} {len(text):,} characters"
    )


def _shortened(value: Json, characters: int) -> Json:
    """Return a value with its strings and keys cut to a number of characters."""
    if type(value) is str:
        return _beginning(value, characters)
    if type(value) is list:
        return [_shortened(item, characters) for item in value]
    if type(value) is not dict:
        return value
    return {
        _beginning(key, characters): _shortened(item, characters) for key, item in value.items()
    }


def _summary(kind: str, count: int | None, size: int | None = None) -> str:
    of = "" if count is None else f" of {count:,}"
    return f"{_MORE} {kind}{of}" + ("" if size is None else f", {size:,} bytes")
