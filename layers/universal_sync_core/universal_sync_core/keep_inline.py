"""Copies of parts of `current_state` beside the pointers they went behind.

So a Choice state still finds `$.state_data.current_state.approved` when `current_state` is in S3.
"""

from collections.abc import Iterable

from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.pointer import Pointer, is_map, parse


def beside_pointers(state: Json, call: Call) -> Json:
    """Return `current_state` with the copies of `keep_inline` beside its pointers."""
    return _kept(state, call.keep_inline, call) if call.keep_inline and is_map(state) else state


def without_copies(state: Json) -> Json:
    """Return `current_state` with no copies beside its pointers."""
    pointer = parse(state)
    if pointer is not None:
        return pointer.with_beside({}).render() if pointer.beside else state
    if type(state) is not dict:
        return state
    return {key: without_copies(value) if parse(value) else value for key, value in state.items()}


def _kept(value: Json, paths: Iterable[str], call: Call) -> Json:
    pointer = parse(value)
    by_key: dict[str, set[str]] = {}
    for path in paths:
        key, _, inner = path.partition(".")
        by_key.setdefault(key, set()).add(inner)
    if pointer is not None:
        return _with_copies(pointer, by_key, call).render()
    changed = {
        key: _kept(value[key], inner - {""}, call)
        for key, inner in by_key.items()
        if inner - {""} and is_map(value.get(key))
    }
    changed = {key: item for key, item in changed.items() if item != value[key]}
    return value | changed if changed else value


def _with_copies(pointer: Pointer, by_key: dict[str, set[str]], call: Call) -> Pointer:
    """Return the pointer with copies of the wanted keys; those it has already are current."""
    missing = [key for key in by_key if key not in pointer.beside]
    if pointer.kind != "map" or not missing:
        return pointer
    found = call.pages.lookup(pointer, missing)
    copies: JsonObject = {}
    for key, value in found.items():
        whole = "" in by_key[key]
        copy = call.pages.resolve(value) if whole else _part(value, by_key[key], call)
        if copy is not None:
            copies[key] = copy
    return pointer.with_beside({**pointer.beside, **copies})


def _part(value: Json, paths: set[str], call: Call) -> Json:
    """Return a map with only the wanted paths of `value`, or None where it has none of them."""
    if not is_map(value):
        return None
    part: JsonObject = {}
    for path in paths:
        key, _, inner = path.partition(".")
        pointer = parse(value)
        held = call.pages.lookup(pointer, [key]) if pointer else value
        if key not in held:
            continue
        copy = _part(held[key], {inner}, call) if inner else call.pages.resolve(held[key])
        part[key] = {**part[key], **copy} if inner and key in part and copy else copy
    return part or None
