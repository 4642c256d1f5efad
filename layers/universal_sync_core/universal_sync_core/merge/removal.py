"""Removing the keys that a result names in `removed_paths`."""

from collections.abc import Iterable
from typing import TypeAlias

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.deep_merge import REMOVAL, Changes, with_changes
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Pattern
from universal_sync_core.values.pointer import escape_key

# Per key: None to remove all of it, or the keys to remove below it.
Tree: TypeAlias = dict[str, "Tree | None"]


def without_paths(state: Json, paths: Iterable[tuple[str, ...]], unit: UnitOfWork) -> Json:
    """Return a `current_state` without some of its keys, or itself if it has none of them.

    Args:
        state: the value in the bag.
        paths: the paths of the keys, from `removed_keys`.
        unit: the unit of work that reads the pages.
    """
    tree: Tree = {}
    for path in paths:
        _plant(tree, [escape_key(key) for key in path])
    return _without(state, tree, (STATE,), unit)


def _plant(tree: Tree, keys: list[str]) -> None:
    *above, last = keys
    for key in above:
        below = tree.setdefault(key, {})
        if below is None:  # the whole key is removed
            return
        tree = below
    tree[last] = None


def _without(value: Json, tree: Tree, path: Pattern, unit: UnitOfWork) -> Json:
    opened = unit.pages.opened(value)
    present = unit.pages.some_of(opened, tree)
    if present is None:
        return value
    changes: Changes = {}
    for key in tree.keys() & present.keys():
        below = tree[key]
        left = REMOVAL if below is None else _without(present[key], below, (*path, key), unit)
        if left is not present[key]:
            changes[key] = left
    return with_changes(opened, changes, path, unit) if changes else value
