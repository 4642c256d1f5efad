"""Reading what a merge or a join will read: level by level, all of one level side by side."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias

from universal_sync_core.bag.strategies import Strategy
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.branch_changes import Removal, Replacement
from universal_sync_core.merge.once import place_of
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Pattern
from universal_sync_core.values.pointer import (
    COMPRESSED_MARK,
    MARK,
    is_one_place,
    kind_of,
    parse,
)
from universal_sync_core.values.timestamps import TIME_FIELDS

# A value, what is merged into it, and the path of both from the bag.
Pair: TypeAlias = tuple[Json, Json, Pattern]
# An object without these keys is not a stored form.
_MARKS: Final = frozenset({MARK, COMPRESSED_MARK})


def read_ahead(pairs: Iterable[Pair], unit: UnitOfWork) -> None:
    """Read what merging some pairs reads.

    Args:
        pairs: a base, inline or stored but no scalar or list, and a delta, with the path of both.
        unit: the unit of work that reads them.
    """
    seen: set[object] = set()
    level = _stored(pairs, unit, seen)
    while level:
        level = _stored(_one_level_down(level, unit), unit, seen)


def _stored(pairs: Iterable[Pair], unit: UnitOfWork, seen: set[object]) -> list[Pair]:
    """Return the pairs with a stored value, also those in inline maps, that are read; each once."""
    stored: list[Pair] = []
    stack = list(pairs)
    while stack:
        base, delta, path = stack.pop()
        if type(delta) is dict and _MARKS.isdisjoint(delta) and _MARKS.isdisjoint(base):
            for key, value in delta.items():
                if type(base.get(key)) is dict:
                    stack.append((base[key], value, (*path, key)))
        elif _is_read(base, delta, path, unit) and _is_new((base, delta), seen):
            stored.append((base, delta, path))
    return stored


def _is_read(base: Json, delta: Json, path: Pattern, unit: UnitOfWork) -> bool:
    """Tell whether merging a delta into a stored value, or a stored delta, reads them."""
    if not delta or isinstance(delta, Replacement | Removal) or is_one_place(base, delta):
        return False
    strategy = unit.strategies.at(path)
    if strategy is not None:
        return strategy.grows and kind_of(base) == "list"
    kinds = {kind_of(base), kind_of(delta)}
    return type(delta) is dict and "map" in kinds and "list" not in kinds


def _one_level_down(level: Sequence[Pair], unit: UnitOfWork) -> Iterator[Pair]:
    """Read some pairs, and yield those of the members of maps."""
    pages, at = unit.pages, unit.strategies.at
    maps = [(base, delta, path) for base, delta, path in level if at(path) is None]
    bases = [(base, ()) for base, _, _ in level]
    deltas = pages.members([*((delta, None) for _, delta, _ in maps), *bases])[: len(maps)]
    _read_lists(((base, delta, at(path)) for base, delta, path in level), unit)
    named = [(base, [*new, *TIME_FIELDS]) for (base, _, _), new in zip(maps, deltas, strict=True)]
    for (_, _, path), new, present in zip(maps, deltas, pages.members(named), strict=True):
        for key, value in new.items():
            if type(present.get(key)) is dict:
                yield present[key], value, (*path, key)


def _read_lists(growing: Iterable[tuple[Json, Json, Strategy | None]], unit: UnitOfWork) -> None:
    """Read the ends of lists that are appended to, and those that are searched whole."""
    lists = [(parse(base), delta, strategy) for base, delta, strategy in growing if strategy]
    stored = [(pointer, delta, each.name) for pointer, delta, each in lists if pointer]
    unit.pages.read_ends((pointer, delta) for pointer, delta, name in stored if name == "append")
    unit.pages.read_pages(
        pointer
        for pointer, _, name in stored
        if name != "append" and not unit.pages.root(pointer).is_marked
    )


def read_apart(pairs: Iterable[Pair], unit: UnitOfWork) -> None:
    """Read what comparing two states reads: of maps that differ, not the pages that both have.

    Args:
        pairs: what one and the other state has at a path.
        unit: the unit of work that reads them.
    """
    seen: set[object] = set()
    level = list(pairs)
    while level:
        differing = [pair for pair in level if _is_apart(*pair, unit, seen)]
        maps = [pair for pair in differing if unit.strategies.at(pair[2]) is None]
        lists = [parse(before) for before, _, path in differing if unit.strategies.at(path)]
        unit.pages.read_pages({pointer.at: pointer for pointer in lists if pointer}.values())
        unit.pages.read_apart((before, after) for before, after, _ in differing)
        level = []
        for before, after, path in maps:
            old, new = unit.pages.maps_apart(before, after)
            level += ((old[key], new[key], (*path, key)) for key in new if key in old)


def _is_apart(
    before: Json, after: Json, path: Pattern, unit: UnitOfWork, seen: set[object]
) -> bool:
    """Tell whether two maps, or two lists that grow, are compared by member and were not yet."""
    strategy = unit.strategies.at(path)
    is_stored = dict in (type(before), type(after)) and not is_one_place(before, after)
    if not is_stored or (strategy is not None and not strategy.grows):
        return False
    kind = "map" if strategy is None else "list"
    return kind_of(before) == kind_of(after) == kind and _is_new((before, after), seen)


def read_together(groups: Iterable[tuple[Sequence[Json], Pattern]], unit: UnitOfWork) -> None:
    """Read the maps that several branches want at one path.

    Args:
        groups: what they want, with the path.
        unit: the unit of work that reads them.
    """
    seen: set[object] = set()
    level = list(groups)
    while level:
        maps = [
            ([each for each in values if kind_of(each) == "map"], path)
            for values, path in level
            if unit.strategies.at(path) is None
        ]
        maps = [(values, path) for values, path in maps if _is_new(values, seen)]
        members = iter(unit.pages.members([(each, None) for values, _ in maps for each in values]))
        level = []
        for values, path in maps:
            by_key: dict[str, list[Json]] = {}
            for entries in islice(members, len(values)):
                for key, value in entries.items():
                    by_key.setdefault(key, []).append(value)
            level += (([*wanted], (*path, key)) for key, wanted in by_key.items())


def _is_new(values: Sequence[Json], seen: set[object]) -> bool:
    """Tell whether values are not one, and some of them were not met yet."""
    places = {*map(place_of, values)}
    is_new = len(places) > 1 and not places <= seen
    seen |= places
    return is_new
