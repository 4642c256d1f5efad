"""Copies of parts of `current_state`, kept beside the pointers to the whole.

With them, a Choice state still finds `$.state_data.current_state.approved` when `current_state` is
in S3.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.pointer import Pointer, has_mark, is_map, parse

Keys: TypeAlias = tuple[str, ...]


def beside_pointers(state: Json, unit: UnitOfWork) -> Json:
    """Return `current_state` with the copies of `keep_inline` beside its pointers."""
    return _kept(state, unit.keep_inline, unit) if unit.keep_inline and is_map(state) else state


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


def _kept(value: Json, paths: Iterable[Keys], unit: UnitOfWork) -> Json:
    pointer, by_key = parse(value), _by_key(paths)
    if pointer is not None:
        return _with_copies(pointer, by_key, unit).render()
    if is_compressed(value):
        return _opened(value, by_key, unit)
    changed = {
        key: _kept(value[key], inner - {()}, unit)
        for key, inner in by_key.items()
        if inner - {()} and is_map(value.get(key))
    }
    changed = {key: item for key, item in changed.items() if item != value[key]}
    return value | changed if changed else value


def _opened(value: JsonObject, by_key: dict[str, set[Keys]], unit: UnitOfWork) -> Json:
    """Return a pointer in place of a compressed value with wanted keys: it has room for copies."""
    whole = unit.pages.expanded(value)
    is_wanted = type(whole) is dict and bool(_copies(whole, by_key, unit))
    if not is_wanted or not unit.objects.can_write:
        return value
    return _with_copies(unit.pages.store(whole), by_key, unit).render()


def _by_key(paths: Iterable[Keys]) -> dict[str, set[Keys]]:
    """Return the first keys of paths, each with the rest of its paths; () if nothing follows."""
    by_key: dict[str, set[Keys]] = {}
    for key, *inner in paths:
        by_key.setdefault(key, set()).add(tuple(inner))
    return by_key


def _with_copies(pointer: Pointer, by_key: dict[str, set[Keys]], unit: UnitOfWork) -> Pointer:
    """Return the pointer with copies of the wanted keys; copies that it already has are current."""
    missing = {key: inner for key, inner in by_key.items() if not _has(pointer.beside, key, inner)}
    if pointer.kind != "map" or not missing:
        return pointer
    copies = _copies(unit.pages.lookup(pointer, list(missing)), missing, unit)
    return pointer.with_beside(_joined(pointer.beside, copies))


def _has(copies: JsonObject, key: str, paths: Iterable[Keys]) -> bool:
    """Tell whether there is a copy of a key with all of the wanted paths in it."""
    if key not in copies:
        return False
    copy, by_key = copies[key], _by_key(filter(None, paths))
    if type(copy) is not dict:
        return True
    return all(_has(copy, inner, further) for inner, further in by_key.items())


def _joined(known: Json, more: Json) -> Json:
    """Return two copies of parts of one value as one."""
    if type(known) is not dict or type(more) is not dict:
        return more
    return known | {key: _joined(known.get(key), item) for key, item in more.items()}


def _copies(
    entries: Mapping[str, Json], by_key: dict[str, set[Keys]], unit: UnitOfWork
) -> JsonObject:
    """Return the wanted keys that exist, each whole or with its wanted parts."""
    copies: JsonObject = {}
    for key in by_key.keys() & entries.keys():
        whole = () in by_key[key]
        copy = unit.pages.resolve(entries[key]) if whole else _part(entries[key], by_key[key], unit)
        if whole or copy is not None:
            copies[key] = copy
    return copies


def _part(value: Json, paths: set[Keys], unit: UnitOfWork) -> JsonObject | None:
    """Return a map with only the wanted paths of `value`, or None if it has none of them."""
    by_key = _by_key(paths)
    entries = unit.pages.some_of(unit.pages.expanded(value), by_key) or {}
    return _copies(entries, by_key, unit) or None
