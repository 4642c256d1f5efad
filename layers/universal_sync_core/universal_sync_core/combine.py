"""One value of two: deep merge, strategies and the timestamp rule, inline or in pages.

Only what the delta names is looked at, and only what changes is copied: a branch of the base
that the delta does not touch is the same object, or the same pointer, afterwards.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject, encode
from universal_sync_core.lists import Lists
from universal_sync_core.pointer import Pointer, is_list, is_map, parse
from universal_sync_core.strategies import Strategy
from universal_sync_core.timestamps import TIME_FIELDS, is_older

_STATE: Final = "current_state."


@dataclass(frozen=True, slots=True)
class Replacement:
    """A value that takes the place of what is there, where merging could not make it.

    It lives between two steps of one call, in the delta of a branch that let go of keys.
    """

    value: Json


class Combiner:
    """Combines values of one call."""

    def __init__(self, call: Call, *, by_time: bool = True, echoed: bool = False) -> None:
        """Use the strategies and pages of `call`.

        Args:
            call: the call to combine for.
            by_time: whether the older side of two timestamped maps loses.
            echoed: whether the delta shows what is there beside what is new: then a list that is
                the same adds nothing to itself.
        """
        self._call = call
        self._by_time = by_time
        self._echoed = echoed
        self._pages = call.pages
        self._strategies = call.strategies
        self._lists = Lists(call.pages)

    def combine(self, base: Json, delta: Json, path: str, *, base_wins: bool = False) -> Json:
        """Return one value of two.

        Args:
            base: what is there.
            delta: what comes.
            path: dotted path of both, from the bag.
            base_wins: the delta is older: it only adds what is missing.
        """
        if isinstance(delta, Replacement):
            return delta.value
        ours, theirs = self._pages.unpacked(base), self._pages.unpacked(delta)
        if _is_container(ours) or _is_container(theirs):
            ours, theirs = self._pages.opened(ours), self._pages.opened(theirs)
        strategy = self._strategies.at(path)
        if strategy and strategy.name != "replace" and is_list(ours) and is_list(theirs):
            if self._echoed and _same(ours, theirs):
                return base
            merged = self._join(ours, theirs, strategy, path, base_wins=base_wins)
        elif strategy is None and is_map(ours) and is_map(theirs):
            merged = self._merge_maps(ours, theirs, path, base_wins=base_wins)
        else:
            merged = ours if base_wins or _same(ours, theirs) else delta
        return base if merged is ours else merged

    def replace(self, base: Json, delta: Json) -> Json:
        """Return the delta's value, or the base itself where it is the same value."""
        return base if _same(self._pages.unpacked(base), self._pages.unpacked(delta)) else delta

    def _join(
        self, base: Json, delta: Json, strategy: Strategy, path: str, *, base_wins: bool
    ) -> Json:
        """Join two lists. Both sides are kept, so there is no conflict for the older to lose."""
        if strategy.name == "append":
            return self._lists.append(base, delta)
        if strategy.name == "dedupe_append":
            return self._lists.dedupe_append(base, delta)
        if strategy.name == "set_union":
            return self._lists.set_union(base, delta)

        def merge_items(ours: Json, theirs: Json) -> Json:
            return self.combine(ours, theirs, f"{path}[]", base_wins=base_wins)

        return self._lists.merge_by_key(base, delta, strategy.key, merge_items)

    def _merge_maps(self, base: Json, delta: Json, path: str, *, base_wins: bool) -> Json:
        ours, theirs = parse(base), parse(delta)
        if ours and theirs and ours.path == theirs.path and not self._strategies.below(path):
            return base
        incoming: JsonObject = delta if theirs is None else self._pages.entries(theirs)
        if ours is None:
            changes = self._changes(base, incoming, path, base_wins=base_wins)
            return {**base, **changes} if changes else base
        present = self._pages.lookup(ours, [*incoming, *TIME_FIELDS])
        changes = self._changes(present, incoming, path, base_wins=base_wins)
        return self._put(ours, changes, path) if changes else base

    def _changes(
        self, base: Mapping[str, Json], delta: JsonObject, path: str, *, base_wins: bool
    ) -> JsonObject:
        """Return the keys that differ after merging `delta` into `base`, with their values."""
        base_wins = base_wins or (self._by_time and is_older(delta, base))
        changes: JsonObject = {}
        for key, value in delta.items():
            if key not in base:
                changes[key] = value
                continue
            merged = self.combine(base[key], value, f"{path}.{key}", base_wins=base_wins)
            if merged is not base[key]:
                changes[key] = merged
        return changes

    def _put(self, pointer: Pointer, changes: JsonObject, path: str) -> JsonObject:
        """Set keys in pages; what was readable beside the pointer shall be so again."""
        for inner in _leaf_paths(pointer.beside):
            self._call.keep_inline.add(f"{path}.{inner}".removeprefix(_STATE))
        return self._pages.put_keys(pointer, changes).render()


def _is_container(value: Json) -> bool:
    return is_map(value) or is_list(value)


def _same(base: Json, delta: Json) -> bool:
    """Tell whether both are one value in one order; pointers are compared, not followed."""
    if base is delta:
        return True
    ours, theirs = parse(base), parse(delta)
    if ours or theirs:
        return bool(ours and theirs and ours.path == theirs.path)
    return type(base) is type(delta) and bool(base == delta) and encode(base) == encode(delta)


def _leaf_paths(fields: JsonObject) -> Collection[str]:
    paths = []
    for key, value in fields.items():
        if type(value) is dict and value and parse(value) is None:
            paths += [f"{key}.{inner}" for inner in _leaf_paths(value)]
        else:
            paths.append(key)
    return paths
