"""Removing the keys that a result names in `removed_paths`."""

from collections.abc import Iterable
from typing import TypeAlias

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.deep_merge import REMOVAL, Changes, with_changes
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Pattern, by_first
from universal_sync_core.values.pointer import escape_key

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
    changes: Changes = {}
    for key in removed.keys() & present.keys():
        below, inner = removed[key], (*path, key)
        left = REMOVAL if () in below else _without(present[key], by_first(below), inner, unit)
        if left is not present[key]:
            changes[key] = left
    return with_changes(opened, changes, path, unit) if changes else value
