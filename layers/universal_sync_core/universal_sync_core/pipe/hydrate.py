"""Hydration: pointers become values again, in the whole bag or at some paths."""

from collections.abc import Sequence

from universal_sync_core.bag.fields import (
    ARCHIVE,
    HISTORY,
    archive_of,
    with_fields,
    with_overflow,
    without_samples,
)
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.maps.unfinished_map import without_unfinished
from universal_sync_core.merge.history import whole_history
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.codec import Json, JsonObject, levels
from universal_sync_core.values.paths import Paths, Step, listed, parse_path
from universal_sync_core.values.pointer import Pointer, escape_key, parse


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
        InvalidRequestError: a path is not valid, or the bag contains itself.
        MissingObjectError, ChecksumMismatchError, PointerNotAllowedError: a pointer cannot be
            followed; a bag with missing parts is never returned.
    """
    with unit_of_work(context, state) as unit:
        _require_ending(state, unit.objects.budget.max_depth)
        if paths is None:
            plain = without_unfinished(without_samples(with_overflow(state, unit.pages)))
            whole: JsonObject = unit.pages.resolve(whole_history(plain, unit), unescape=True)
            return whole
        for path in listed(paths, "paths"):
            state = _with_path(state, parse_path(path), unit)
        return state


def _require_ending(state: JsonObject, most: int) -> None:
    """Raise InvalidRequestError if a bag contains itself."""
    if levels(state, most) > most:
        message = f"the bag has over {most:,} levels of objects and arrays, or contains itself"
        raise InvalidRequestError(message, field="state_data")


def read_list(pointer: Json, start: int, stop: int, context: Context | None = None) -> list[Json]:
    """Return elements `start` to `stop` of a list in S3, reading only their pages.

    Args:
        pointer: a pointer to a list, as found in a bag.
        start: the first position, from 0.
        stop: the position after the last.
        context: may carry `execution_id`; by default the execution in the pointer's path.

    Raises:
        InvalidRequestError: the value is not a pointer to a list.
    """
    parsed = parse(pointer)
    if parsed is None or parsed.kind == "map":
        raise _no_list()
    with unit_of_work(context, {"execution_id": execution_in(parsed.path)}) as unit:
        stored = unit.pages.opened(pointer)
        if type(stored) is list:
            part = stored[max(0, start) : max(0, stop)]
        elif parsed.kind == "list":
            part = unit.pages.slice(parsed, start, stop)
        else:
            raise _no_list()
        elements: list[Json] = unit.pages.resolve(part, unescape=True)
        return elements


def _no_list() -> InvalidRequestError:
    return InvalidRequestError("the value is not a pointer to a list", field="pointer")


def _with_path(bag: JsonObject, steps: Sequence[Step], unit: UnitOfWork) -> JsonObject:
    """Return the bag with one path hydrated, in whichever form its field is kept."""
    field, *inner = steps
    bag = with_fields(bag, {str(field)}, unit.pages)
    if field == HISTORY and archive_of(bag):
        return _with_history(bag, inner, unit)
    hydrated: JsonObject = _hydrated(without_samples(bag, {str(field)}), steps, unit)
    return hydrated


def _with_history(bag: JsonObject, steps: Sequence[Step], unit: UnitOfWork) -> JsonObject:
    """Return the bag with its whole history, or with one archived entry beside the pointer."""
    archive = archive_of(bag)
    if not steps or archive is None:
        whole = whole_history(bag, unit)
        return whole | {HISTORY: unit.pages.resolve(whole[HISTORY], unescape=True)}
    position = steps[0]
    if type(position) is int and position < (archive.count or 0):
        return bag | {ARCHIVE: _hydrated(archive.render(), steps, unit)}
    return bag


def _hydrated(value: Json, steps: Sequence[Step], unit: UnitOfWork) -> Json:
    """Return a value, hydrated at the end of the steps; a path may lead nowhere."""
    if not steps:
        return unit.pages.resolve(value, unescape=True)
    value = unit.pages.opened(value)
    pointer = parse(value)
    if pointer is not None:
        return _beside(pointer, steps, unit)
    step, *inner = steps
    name = escape_key(step) if type(step) is str else step
    if type(value) is dict and name in value:
        return value | {name: _hydrated(value[name], inner, unit)}
    if type(value) is list and type(step) is int and step < len(value):
        return [*value[:step], _hydrated(value[step], inner, unit), *value[step + 1 :]]
    return value


def _beside(pointer: Pointer, steps: Sequence[Step], unit: UnitOfWork) -> Json:
    step, *inner = steps
    found: JsonObject = {}
    if pointer.kind == "map" and type(step) is str:
        found = unit.pages.lookup(pointer, [escape_key(step)])
    if pointer.kind == "list" and type(step) is int:
        found = {f"[{step}]": item for item in unit.pages.slice(pointer, step, step + 1)}
    hydrated = {name: _hydrated(item, inner, unit) for name, item in found.items()}
    return pointer.with_beside(pointer.beside | hydrated).render()
