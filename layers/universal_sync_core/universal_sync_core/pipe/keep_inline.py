"""Copies of parts of `current_state`, kept beside the pointers to the whole.

With them, a Choice state still finds `$.state_data.current_state.approved` when `current_state` is
in S3.
"""

from typing import TypeAlias

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.paths import by_first
from universal_sync_core.values.pointer import Pointer, has_mark, is_map, parse

# Paths below some key; the empty path asks for its whole value.
Keys: TypeAlias = list[tuple[str, ...]]


def beside_pointers(state: Json, unit: UnitOfWork) -> Json:
    """Return `current_state` with the copies of `keep_inline` beside its pointers."""
    paths = unit.keep_inline
    return _kept(state, list(paths), unit) if paths and is_map(state) else state


def without_copies(state: Json) -> Json:
    """Return `current_state` with no copies and no previews beside its pointers."""
    if type(state) is not dict or has_mark(state):
        return _bare(state)
    return {key: _bare(value) for key, value in state.items()}


def _bare(value: Json) -> Json:
    """Return a pointer with nothing beside it, and any other value unchanged."""
    pointer = parse(value)
    if pointer is None or (not pointer.beside and pointer.preview is None):
        return value
    return pointer.with_beside({}).with_preview(None).render()


def _kept(value: Json, paths: Keys, unit: UnitOfWork) -> Json:
    pointer, by_key = parse(value), by_first(paths)
    if pointer is not None:
        return _with_copies(pointer, by_key, unit).render()
    if is_compressed(value):
        return _opened(value, by_key, unit)
    changed = {
        key: _kept(value[key], inner, unit)
        for key, inner in by_key.items()
        if any(inner) and is_map(value.get(key))
    }
    changed = {key: item for key, item in changed.items() if item != value[key]}
    return value | changed if changed else value


def _opened(value: JsonObject, by_key: dict[str, Keys], unit: UnitOfWork) -> Json:
    """Return a pointer in place of a compressed value with wanted keys: it has room for copies."""
    whole = unit.pages.expanded(value)
    is_wanted = type(whole) is dict and bool(_copies(whole, by_key, unit))
    if not is_wanted or not unit.objects.can_write:
        return value
    return _with_copies(unit.pages.store(whole), by_key, unit).render()


def _with_copies(pointer: Pointer, by_key: dict[str, Keys], unit: UnitOfWork) -> Pointer:
    """Return the pointer with copies of the wanted keys; copies that it already has are current."""
    missing = {key: inner for key, inner in by_key.items() if not _has(pointer.beside, key, inner)}
    if pointer.kind != "map" or not missing:
        return pointer
    paths = [(key, *path) for key, inner in missing.items() for path in inner]
    unit.pages.load_paths([(pointer.render(), paths)], into=["map"])
    copies = _copies(unit.pages.lookup(pointer, missing), missing, unit)
    return pointer.with_beside(_joined(pointer.beside, copies))


def _has(copies: JsonObject, key: str, paths: Keys) -> bool:
    """Tell whether there is a copy of a key with all of the wanted paths in it.

    The copy of an object may have been made for a few of its paths, so it does not count as whole.
    """
    if key not in copies:
        return False
    copy = copies[key]
    return type(copy) is not dict or (
        () not in paths
        and all(_has(copy, inner, further) for inner, further in by_first(paths).items())
    )


def _joined(known: Json, more: Json) -> Json:
    """Return two copies of parts of one value as one."""
    if type(known) is not dict or type(more) is not dict:
        return more
    return known | {key: _joined(known.get(key), item) for key, item in more.items()}


def _copies(entries: JsonObject, by_key: dict[str, Keys], unit: UnitOfWork) -> JsonObject:
    """Return the wanted keys that exist, each whole or with its wanted parts.

    The paths are a set, which has another order in each process, so the entries give theirs.
    """
    copies: JsonObject = {}
    for key in (key for key in entries if key in by_key):
        whole = () in by_key[key]
        copy = unit.pages.resolve(entries[key]) if whole else _part(entries[key], by_key[key], unit)
        if whole or copy is not None:
            copies[key] = copy
    return copies


def _part(value: Json, paths: Keys, unit: UnitOfWork) -> JsonObject | None:
    """Return a map with only the wanted paths of `value`, or None if it has none of them."""
    by_key = by_first(paths)
    entries = unit.pages.some_of(unit.pages.expanded(value), by_key) or {}
    return _copies(entries, by_key, unit) or None
