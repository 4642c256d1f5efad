"""Removing the keys that a result names in `removed_paths`."""

from collections.abc import Iterable
from typing import TypeAlias

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.branch_changes import REMOVAL, Changes
from universal_sync_core.merge.deep_merge import with_changes
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
    stored = by_first(tuple(map(escape_key, path)) for path in paths)
    _read_ahead(state, stored, unit)
    return _without(state, stored, (STATE,), unit)


def _read_ahead(state: Json, removed: Removed, unit: UnitOfWork) -> None:
    """Read the maps on the way to removed keys level by level, and whole if they lose one."""
    level = [(state, removed)]
    while level:
        found = list(zip(level, unit.pages.members(level), strict=True))
        unit.pages.members(
            [
                (value, None)
                for (value, below), present in found
                if any(() in below[key] for key in present)
            ]
        )
        level = [
            (value, by_first(below[key]))
            for (_, below), present in found
            for key, value in present.items()
            if () not in below[key]
        ]


def _without(value: Json, removed: Removed, path: Pattern, unit: UnitOfWork) -> Json:
    opened = unit.pages.opened(value)
    present = unit.pages.some_of(opened, removed)
    if present is None:
        return value
    changes: Changes = {}
    for key in (key for key in removed if key in present):
        below = by_first(removed[key]) if () not in removed[key] else None
        left = _without(present[key], below, (*path, key), unit) if below else REMOVAL
        if left is not present[key]:
            changes[key] = left
    return with_changes(opened, changes, path, unit) if changes else value
