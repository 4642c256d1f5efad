"""Two values become one: deep merge, strategies and the timestamp rule, inline or in pages.

Only the keys that the delta names are looked at, and only what changes is copied. A part of the
base that the delta does not touch stays the same object, or the same pointer.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from universal_sync_core.bag.fields import STATE
from universal_sync_core.bag.strategies import Strategy
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.branch_changes import REMOVAL, Changes, Replacement
from universal_sync_core.merge.lists import Lists
from universal_sync_core.merge.once import Once
from universal_sync_core.merge.read_ahead import Pair, read_ahead
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.compression import is_open
from universal_sync_core.values.paths import Each, Pattern
from universal_sync_core.values.pointer import (
    Pointer,
    has_mark,
    is_one_place,
    kind_of,
    length,
    parse,
)
from universal_sync_core.values.timestamps import TIME_FIELDS, is_older


class Combiner:
    """Combines values for one call."""

    def __init__(
        self,
        unit: UnitOfWork,
        touched: Iterable[Pair] = (),
        *,
        by_time: bool = True,
        echoed: bool = False,
    ) -> None:
        """Use the strategies and pages of a unit of work.

        Args:
            unit: the unit of work of the call.
            touched: the pairs to combine, as `read_ahead` takes them. If any is stored, what they
                need is read together.
            by_time: whether the older of two timestamped maps loses.
            echoed: whether the delta repeats existing values beside the new ones; then an equal
                list adds nothing to itself.
        """
        self._unit = unit
        self._touched = touched
        self._by_time = by_time
        self._echoed = echoed
        self._pages = unit.pages
        self._strategies = unit.strategies
        self._lists = Lists(unit.pages)
        self._maps: Once[Json] = Once(unit.budget)

    def combine(self, base: Json, delta: Json, path: Pattern, *, base_wins: bool = False) -> Json:
        """Return the value that two values combine to.

        Args:
            base: the existing value.
            delta: the new value.
            path: the path of both, from the bag.
            base_wins: whether the delta is older, so that it only adds what is missing.
        """
        if type(delta) is Replacement:
            return delta.value
        if delta is REMOVAL:
            return delta
        strategy = self._strategies.at(path)
        if strategy is None and dict not in (type(base), type(delta)):
            return base if base_wins or _same(base, delta) else delta
        if strategy is None and is_open(base) and is_open(delta):
            changes = self._changes(base, delta, path, base_wins=base_wins)
            return with_changes(base, changes, path, self._unit) if changes else base
        return self._combine_stored(base, delta, strategy, path, base_wins=base_wins)

    def _combine_stored(
        self, base: Json, delta: Json, strategy: Strategy | None, path: Pattern, *, base_wins: bool
    ) -> Json:
        """Return as `combine` does for values that may be in any form, or have a strategy."""
        if self._touched:
            read_ahead(self._touched, self._unit)
            self._touched = ()
        ours, theirs = self._pages.expanded(base), self._pages.expanded(delta)
        grows = strategy is not None and strategy.grows
        kinds = [kind_of(ours), kind_of(theirs)]
        # One of them may be a list or a map in a single object, or both may be maps in such.
        are_singles = strategy is None and kinds == ["value", "value"]
        are_maps = are_singles and self._are_single_maps(ours, theirs)
        if grows or are_maps or kinds.count("value") == 1:
            ours, theirs = self._pages.opened(ours), self._pages.opened(theirs)
            kinds = [kind_of(ours), kind_of(theirs)]
        if strategy is not None and grows:
            merged = self._grown(ours, theirs, strategy, path, base_wins=base_wins)
        elif strategy is None and kinds == ["map", "map"]:
            merged = self._merge_maps(ours, theirs, path, base_wins=base_wins)
        else:
            merged = ours if base_wins or _same(ours, theirs) else self._put(delta, path)
        return base if merged is ours else merged

    def added(self, key: str, value: Json, path: Pattern) -> JsonObject:
        """Return a key that the base does not have, with the value to put there.

        Args:
            key: the key to add.
            value: its value; null adds nothing to a list that grows, and no key.
            path: the path of the map that gets the key, empty for the bag.
        """
        inner = (*path, key)
        strategy = self._strategies.at(inner)
        if strategy is not None and strategy.grows:
            opened = self._pages.opened(value)
            is_nothing = self._lists.is_null(opened)
            return {} if is_nothing else {key: self._begun(opened, strategy, inner)}
        return {key: self._put(value, inner)}

    def _put(self, value: Json, path: Pattern) -> Json:
        """Return a value to put at a path: in a map, the lists that grow are begun."""
        if self._strategies.at(path) is not None or not self._strategies.below(path):
            return value
        entries = self._pages.map_of(self._pages.opened(value)) or {}
        begun = self._changes({}, entries, path, base_wins=False)
        is_same = all(key in begun and begun[key] is item for key, item in entries.items())
        return value if is_same else begun

    def replace(self, base: Json, delta: Json) -> Json:
        """Return the delta's value, or the base itself if it has the same value."""
        return base if _same(self._pages.expanded(base), self._pages.expanded(delta)) else delta

    def _are_single_maps(self, base: Json, delta: Json) -> bool:
        """Tell whether both are pointers to different maps in single objects."""
        pointers = parse(delta), parse(base)
        are_two = is_one_place(base, delta) is False
        return are_two and all(each and self._pages.is_single_map(each) for each in pointers)

    def _grown(
        self, base: Json, delta: Json, strategy: Strategy, path: Pattern, *, base_wins: bool
    ) -> Json:
        """Return the list that a base is or begins, with what a delta adds, if it adds anything."""
        if self._lists.is_null(delta) or (self._echoed and _same(base, delta)):
            return base
        if self._lists.is_null(base):
            return self._begun(delta, strategy, path)
        before = self._lists.as_list(base)
        joined = self._join(before, self._lists.as_list(delta), strategy, path, base_wins=base_wins)
        return base if joined is before else joined

    def _begun(self, delta: Json, strategy: Strategy, path: Pattern) -> Json:
        """Return the list that begins with a delta, or the delta itself if it has no duplicates."""
        items = self._lists.as_list(delta)
        if strategy.name == "append":
            return items
        joined = self._join([], items, strategy, path, base_wins=False)
        return items if len(joined) == length(items) else joined

    def _join(
        self, base: Json, delta: Json, strategy: Strategy, path: Pattern, *, base_wins: bool
    ) -> Json:
        """Join two lists. Both sides are kept, so the older one loses nothing."""
        if strategy.name == "append":
            return self._lists.append(base, delta)
        if strategy.name == "dedupe_append":
            return self._lists.dedupe_append(base, delta)
        if strategy.name == "set_union":
            return self._lists.set_union(base, delta)

        def read(pairs: Iterable[tuple[Json, Json]]) -> None:
            read_ahead(((*pair, (*path, Each.EACH)) for pair in pairs), self._unit)

        def merge_items(ours: Json, theirs: Json) -> Json:
            return self.combine(ours, theirs, (*path, Each.EACH), base_wins=base_wins)

        return self._lists.merge_by_key(base, delta, strategy.key, read, merge_items)

    def _merge_maps(self, base: Json, delta: Json, path: Pattern, *, base_wins: bool) -> Json:
        merge = partial(self._merge_entries, base, delta, path, base_wins=base_wins)
        if is_one_place(base, delta) and not self._strategies.below(path):
            return base
        pointer = parse(base)
        depends = self._strategies.below(path) or (pointer is not None and pointer.beside)
        merged = self._maps.of((base, delta), merge, base_wins, path if depends else ())
        return base if is_one_place(base, merged) else merged

    def _merge_entries(self, base: Json, delta: Json, path: Pattern, *, base_wins: bool) -> Json:
        incoming = self._pages.map_of(delta) or {}
        present = self._pages.some_of(base, [*incoming, *TIME_FIELDS]) or {}
        changes = self._changes(present, incoming, path, base_wins=base_wins)
        return with_changes(base, changes, path, self._unit) if changes else base

    def _changes(
        self, base: Mapping[str, Json], delta: JsonObject, path: Pattern, *, base_wins: bool
    ) -> Changes:
        """Return the keys that differ after merging `delta` into `base`, with their values."""
        base_wins = base_wins or (self._by_time and is_older(delta, base, self._pages.resolve))
        grows = self._strategies.below(path)
        changes: Changes = {}
        for key, value in delta.items():
            if key in base:
                merged = self.combine(base[key], value, (*path, key), base_wins=base_wins)
                if merged is not base[key]:
                    changes[key] = merged
            elif value is not REMOVAL:
                changes |= self.added(key, value, path) if grows else {key: value}
        return changes


def with_changes(base: Json, changes: Changes, path: Pattern, unit: UnitOfWork) -> JsonObject:
    """Return a map with some keys set and others removed.

    Args:
        base: the map, inline or a pointer to it. The copies that were readable beside the pointer
            stay readable.
        changes: the values of keys; `REMOVAL` for keys to remove.
        path: the path of the map, from the bag.
        unit: the unit of work that writes the pages.
    """
    removes = REMOVAL in changes.values()
    pointer = parse(base)
    if pointer is not None:
        _keep_readable(pointer, path, unit)
        if not removes:
            return unit.pages.put_keys(pointer, changes).render()
        base = unit.pages.entries(pointer)
    merged = {**base, **changes}
    if not removes:
        return merged
    return {key: value for key, value in merged.items() if value is not REMOVAL}


def _keep_readable(pointer: Pointer, path: Pattern, unit: UnitOfWork) -> None:
    keys = tuple(step for step in path[1:] if type(step) is str)
    if path[0] == STATE and len(keys) == len(path) - 1:  # nothing can be kept inline in a list
        unit.keep_inline.update((*keys, *inner) for inner in _leaf_paths(pointer.beside))


def _same(base: Json, delta: Json) -> bool:
    """Tell whether both are one value in the same order; pointers are compared, not followed."""
    if base is delta:
        return True
    is_one = is_one_place(base, delta) if type(base) is dict else None
    if is_one is not None:
        return is_one
    return type(base) is type(delta) and bool(base == delta) and encode(base) == encode(delta)


def _leaf_paths(fields: JsonObject) -> Iterator[tuple[str, ...]]:
    for key, value in fields.items():
        if type(value) is dict and value and not has_mark(value):
            yield from ((key, *inner) for inner in _leaf_paths(value))
        else:
            yield (key,)
