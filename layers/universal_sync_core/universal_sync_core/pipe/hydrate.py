"""Hydration: pointers become values again, in the whole bag or at some paths."""

import sys
from collections.abc import Iterable, Mapping
from typing import TypeVar

from universal_sync_core.bag.fields import (
    ARCHIVE,
    HISTORY,
    archive_of,
    in_place,
    with_fields,
    without_samples,
)
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.maps.unfinished_map import without_unfinished
from universal_sync_core.merge.history import whole_history
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.budget import levels
from universal_sync_core.values.codec import Json, JsonObject, require_json
from universal_sync_core.values.paths import Paths, Steps, by_first, listed, parse_path
from universal_sync_core.values.pointer import Pointer, escape_key, parse

AnyKey = TypeVar("AnyKey", str, int)


def hydrate_state(
    state: JsonObject, paths: Paths | None = None, context: Context | None = None
) -> JsonObject:
    """Return the bag with values in place of its pointers.

    Args:
        state: the bag; it is not changed.
        paths: dotted paths, with `[n]` for an element of a list, such as
            `current_state.report.sections[3]`. Only the values at these paths are read. A part
            behind a pointer is put beside the pointer's own keys, under its key or, in a list,
            under `[n]`. Name a key of yours that resembles one of a pointer, such as
            `__s3_offloaded`, as you wrote it; it stays escaped above the value that you asked for.
            None for everything.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: a path is not valid, or the bag is not JSON or contains itself.
        MissingObjectError, ChecksumMismatchError, PointerNotAllowedError: a pointer cannot be
            followed; a bag with missing parts is never returned.
    """
    with unit_of_work(context, state) as unit:
        _require_ending(state, unit.objects.budget.max_depth)
        require_json(state, "state_data")
        if paths is None:
            plain = without_unfinished(in_place(state, unit.pages))
            if archive_of(plain):
                unit.pages.load(plain)  # the archive along with the rest
            whole: JsonObject = unit.pages.resolve(whole_history(plain, unit), unescape=True)
            return whole
        steps = [parse_path(path) for path in listed(paths, "paths")]
        return _with_paths(state, steps, unit)


def _require_ending(state: JsonObject, most: int) -> None:
    """Raise InvalidRequestError if a bag contains itself."""
    if levels(state, most) > most:
        message = f"the bag has over {most:,} levels of objects and arrays, or contains itself"
        raise InvalidRequestError(message, field="state_data")


def read_list(
    pointer: Json, start: int, stop: int | None = None, context: Context | None = None
) -> list[Json]:
    """Return elements `start` to `stop` of a list in S3, reading only their pages.

    Args:
        pointer: a pointer to a list, as found in a bag.
        start: the first position, from 0.
        stop: the position after the last; None for the end of the list.
        context: may carry `execution_id`; by default the execution in the pointer's path.

    Raises:
        InvalidRequestError: the value is not a pointer to a list, or a position is not a whole
            number.
    """
    parsed = parse(pointer)
    if parsed is None:
        raise _no_list()
    stop = sys.maxsize if stop is None else stop
    for name, position in (("start", start), ("stop", stop)):
        if type(position) is not int:
            raise InvalidRequestError(f"{name} must be a whole number", field=name)
    with unit_of_work(context, {"execution_id": execution_in(parsed.path)}) as unit:
        part = unit.pages.range_of(unit.pages.opened(pointer), start, stop)
        if part is None:
            raise _no_list()
        elements: list[Json] = unit.pages.resolve(part, unescape=True)
        return elements


def _no_list() -> InvalidRequestError:
    return InvalidRequestError("the value is not a pointer to a list", field="pointer")


def _with_paths(bag: JsonObject, paths: list[Steps], unit: UnitOfWork) -> JsonObject:
    """Return the bag with paths hydrated, in whichever form their fields are kept."""
    by_field = by_first(paths)
    bag = with_fields(bag, {escape_key(str(field)) for field in by_field}, unit.pages)
    if HISTORY in by_field and archive_of(bag):
        bag = _with_history(bag, by_field.pop(HISTORY), unit)
    plain = without_samples(bag, {str(field) for field in by_field})
    left = [path for path in paths if path[0] in by_field]
    unit.pages.load_paths([(plain, [_as_stored(path) for path in left])])
    return plain | _together(plain, _by_key(left), unit)


def _with_history(bag: JsonObject, paths: list[Steps], unit: UnitOfWork) -> JsonObject:
    """Return the bag with its whole history, or with archived entries beside the pointer."""
    archive = archive_of(bag)
    if () in paths or archive is None:
        whole = whole_history(bag, unit)
        return whole | {HISTORY: unit.pages.resolve(whole[HISTORY], unescape=True)}
    unit.pages.load_paths([(archive.render(), [_as_stored(path) for path in paths])])
    return bag | {ARCHIVE: _beside(archive, paths, unit)}


def _as_stored(path: Steps) -> Steps:
    return tuple(escape_key(step) if type(step) is str else step for step in path)


def _by_key(paths: Iterable[Steps]) -> dict[str, list[Steps]]:
    """Return the paths below a map, by the stored form of their next key."""
    below = by_first(paths)
    return {escape_key(step): inner for step, inner in below.items() if type(step) is str}


def _by_position(paths: Iterable[Steps], count: int) -> dict[int, list[Steps]]:
    """Return the paths below a list with `count` elements, in the order of the elements."""
    below = by_first(paths)
    places = sorted(step for step in below if type(step) is int and step < count)
    return {place: below[place] for place in places}


def _hydrated(value: Json, paths: list[Steps], unit: UnitOfWork) -> Json:
    """Return a value, hydrated at the end of each path; a path may lead nowhere."""
    if () in paths:
        return unit.pages.resolve(value, unescape=True)
    value = unit.pages.opened(value)
    pointer = parse(value)
    if pointer is not None:
        return _beside(pointer, paths, unit)
    if type(value) is dict:
        return value | _together(value, _by_key(paths), unit)
    if type(value) is not list:
        return value
    items = [*value]
    by_place = _by_position(paths, len(items))
    for place, item in _together(dict(enumerate(items)), by_place, unit).items():
        items[place] = item
    return items


def _together(
    parts: Mapping[AnyKey, Json], paths: Mapping[AnyKey, list[Steps]], unit: UnitOfWork
) -> dict[AnyKey, Json]:
    """Return the parts that paths lead into, hydrated."""
    found = {name: parts[name] for name in paths if name in parts}
    return {name: _hydrated(value, paths[name], unit) for name, value in found.items()}


def _beside(pointer: Pointer, paths: list[Steps], unit: UnitOfWork) -> Json:
    """Return a pointer with the requested parts of its value beside it, by key or `[n]`."""
    found: JsonObject = {}
    if pointer.kind == "map":
        by_key = _by_key(paths)
        found = _together(unit.pages.lookup(pointer, by_key), by_key, unit)
    if pointer.kind == "list":
        by_place = _by_position(paths, pointer.count or 0)
        elements = zip(by_place, unit.pages.slice_at(pointer, list(by_place)), strict=True)
        hydrated = _together(dict(elements), by_place, unit)
        found = {f"[{place}]": item for place, item in hydrated.items()}
    return pointer.with_beside(pointer.beside | found).render()
