"""Removing the keys that a result names in `removed_paths`."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.deep_merge import REMOVAL, Changes, with_changes
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.paths import Pattern, by_first
from universal_sync_core.values.pointer import escape_key, parse

# Per key, the paths below it; the empty path removes all of it.
Removed: TypeAlias = dict[str, list[tuple[str, ...]]]


def without_paths(state: Json, paths: Iterable[tuple[str, ...]], unit: UnitOfWork) -> Json:
    """Return a `current_state` without some of its keys, or itself if it has none of them.

    Args:
        state: the value in the bag.
        paths: the paths of the keys, from `removed_keys`.
        unit: the unit of work that reads the pages.
    """
    stored = (tuple(map(escape_key, path)) for path in paths)
    return _without(state, by_first(stored), (STATE,), unit)


def _without(value: Json, removed: Removed, path: Pattern, unit: UnitOfWork) -> Json:
    opened = unit.pages.opened(value)
    present = unit.pages.some_of(opened, removed)
    if present is None:
        return value
    found = [key for key in removed if key in present]
    inner = {key: by_first(removed[key]) for key in found if () not in removed[key]}
    _read_ahead(present, inner, unit)
    changes: Changes = {}
    for key in found:
        below = inner.get(key)
        left = _without(present[key], below, (*path, key), unit) if below else REMOVAL
        if left is not present[key]:
            changes[key] = left
    return with_changes(opened, changes, path, unit) if changes else value


def _read_ahead(maps: JsonObject, removed: Mapping[str, Removed], unit: UnitOfWork) -> None:
    """Read the maps that lose keys side by side: only the pages for a key that is not there."""
    found = {key: parse(maps[key]) for key in removed}
    stored = {key: each for key, each in found.items() if each is not None and each.kind == "map"}
    unit.pages.read_keys((each, removed[key]) for key, each in stored.items())
    unit.pages.read_pages(
        each
        for key, each in stored.items()
        if any(() in removed[key][name] for name in unit.pages.lookup(each, removed[key]))
    )
