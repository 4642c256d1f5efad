"""The difference between two states, found without reading what both share."""

from collections.abc import Iterable

from universal_sync_core.bag.fields import (
    ARCHIVE,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    HISTORY,
    STATE,
    archive_of,
    in_place,
)
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.merge.deep_merge import REMOVAL, Changes, Replacement
from universal_sync_core.merge.lists import Lists
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, JsonObject, canonical, decode, encode
from universal_sync_core.values.paths import Each, Pattern
from universal_sync_core.values.pointer import (
    has_mark,
    is_list,
    is_map,
    is_one_place,
    length,
    parse,
)


def changes_since(parent: JsonObject, bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the delta that leads from `parent` to `bag`, control fields left out.

    It has only the differences of merged fields: the keys of `current_state` at every depth; the
    elements after the parent's own in a list that a strategy adds to; and the changed items of a
    list that is merged by key. It has any other changed field whole.
    """
    before, after = in_place(parent, unit.pages), in_place(bag, unit.pages)
    delta = _history_since(before, after, unit)
    for field, value in after.items():
        if field in CONTROL_FIELDS_NEVER_OFFLOAD or field == HISTORY:
            continue
        if field == ARCHIVE and archive_of(after):
            continue
        if field not in before:
            delta[field] = value
        elif field == STATE or unit.strategies.at((field,)):
            delta |= _part(field, before[field], value, (field,), unit)
        elif not is_equal(before[field], value, unit.pages):
            delta[field] = value
    return delta


def is_equal(left: Json, right: Json, pages: PageReader) -> bool:
    """Tell whether both are the same JSON value, whatever form each has.

    Lists and maps in S3 are compared member by member, without pages that both have: equal ones may
    be split into pages differently and so have different paths. Members are read whole, which is
    paid for each time, since one may be a pointer to very many pointers.
    """
    ours, theirs = parse(left), parse(right)
    if ours and theirs and ours.kind == theirs.kind and ours.at != theirs.at:
        if ours.count != theirs.count:
            return False
        if ours.kind == "list":
            pairs = zip(pages.elements(ours), pages.elements(theirs), strict=True)
            return all(_is_equal_whole(*pair, pages) for pair in pairs)
        if ours.kind == "map":
            old, new = pages.maps_apart(left, right)
            return old.keys() == new.keys() and all(
                _is_equal_whole(old[key], new[key], pages) for key in old
            )
    return _is_equal_whole(left, right, pages)


def _is_equal_whole(left: Json, right: Json, pages: PageReader) -> bool:
    """Tell the same; both are read if their pointers do not decide it."""
    if left is right or encode(left) == encode(right):
        return True
    ours, theirs = parse(left), parse(right)
    if ours and theirs and ours.kind == theirs.kind:
        same_length = ours.count == theirs.count
        if not same_length or (ours.kind == "value" and ours.size != theirs.size):
            return False
    ours_whole, theirs_whole = pages.resolve([left, right])
    return canonical(ours_whole) == canonical(theirs_whole)


def _history_since(before: JsonObject, after: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the history fields that changed; merging them appends only what is new."""
    delta: JsonObject = {}
    old, new = archive_of(before), archive_of(after)
    if new is not None and (old is None or old.at != new.at):
        delta[ARCHIVE] = after[ARCHIVE]
    if HISTORY in after and not is_equal(before.get(HISTORY), after[HISTORY], unit.pages):
        delta[HISTORY] = after[HISTORY]
    return delta


def _part(key: str, before: Json, after: Json, path: Pattern, unit: UnitOfWork) -> JsonObject:
    """Return a key with the value to merge there, or an empty object if there is none.

    Two maps, or two lists of which one grows, are compared member by member: reading them whole for
    each of many branches would cost more than a call may spend.
    """
    if encode(before) == encode(after):
        return {}
    strategy, ours, theirs = unit.strategies.at(path), *map(unit.pages.expanded, (before, after))
    is_kind = is_map if strategy is None else is_list
    by_member = (strategy is None or strategy.grows) and is_kind(ours) and is_kind(theirs)
    if is_one_place(ours, theirs) if by_member else is_equal(ours, theirs, unit.pages):
        return {}
    part = _changed(ours, theirs, path, unit)
    # The same in two forms; a set that only lost what it had twice is shorter.
    is_nothing = by_member and not part and length(ours) == length(theirs)
    return {} if is_nothing else {key: part}


def _changed(before: Json, after: Json, path: Pattern, unit: UnitOfWork) -> Json:
    """Return the value that turns `before` into `after` when it is merged."""
    before, after = unit.pages.opened(before), unit.pages.opened(after)
    strategy = unit.strategies.at(path)
    if strategy and strategy.grows:
        before = Lists(unit.pages).as_list(before)
        if not is_list(after):
            return Replacement(after)
        if strategy.key:
            return _changed_items(before, after, strategy.key, path, unit)
        return _added(before, after, unit, as_set=strategy.name == "set_union")
    if strategy or not (is_map(before) and is_map(after)):
        return after
    old, new = unit.pages.maps_apart(before, after)
    unit.pages.nodes(_roots((old[key], value) for key, value in new.items() if key in old))
    changes: Changes = {key: REMOVAL for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            changes[key] = value
        else:
            changes |= _part(key, old[key], value, (*path, key), unit)
    return changes


def _added(before: Json, after: Json, unit: UnitOfWork, *, as_set: bool) -> Json:
    """Return the elements after those that were there before; in a set, each counts once."""
    lists = Lists(unit.pages)
    old, new = lists.elements(before), lists.elements(after)
    is_kept = _begins(new, old, unit.pages)
    if as_set and not is_kept:
        old = list(lists.distinct(old).values())
        is_kept = _begins(new, old, unit.pages)
    return new[len(old) :] if is_kept else Replacement(new)


def _begins(items: list[Json], first: list[Json], pages: PageReader) -> bool:
    """Tell whether a list begins with the elements of another."""
    pairs = zip(first, items, strict=False)
    return len(items) >= len(first) and all(is_equal(*pair, pages) for pair in pairs)


def _changed_items(before: Json, after: Json, key: str, path: Pattern, unit: UnitOfWork) -> Json:
    """Return the changed items, each with its key, and the new ones."""
    lists = Lists(unit.pages)
    old, new = lists.elements(before), lists.elements(after)
    unit.pages.nodes(_roots(zip(old, new, strict=False)))
    parts = [
        _changed_item(ours, theirs, key, path, unit)
        for ours, theirs in zip(old, new, strict=False)
        if encode(ours) != encode(theirs)
    ]
    if len(new) < len(old) or None in parts:
        return Replacement(new)
    return [*filter(None, parts), *new[len(old) :]]


def _changed_item(
    before: Json, after: Json, key: str, path: Pattern, unit: UnitOfWork
) -> JsonObject | None:
    """Return the key and the changes of an item, or None if merging by key cannot express them.

    It is empty if the item is the same in two forms.
    """
    identity, old = Lists(unit.pages).identities([after, before], key)
    if identity is None or identity != old:
        return {} if is_equal(before, after, unit.pages) else None
    part = _changed(before, after, (*path, Each.EACH), unit)
    if type(part) is not dict or has_mark(part):
        return None
    return {key: decode(identity)} | part if part else {}


def _roots(pairs: Iterable[tuple[Json, Json]]) -> list[Address]:
    """Return where the maps are that are in S3 in both forms of a pair, and differ."""
    stored = ((parse(ours), parse(theirs)) for ours, theirs in pairs)
    return [
        pointer.at
        for ours, theirs in stored
        if ours and theirs and ours.at != theirs.at and ours.kind == theirs.kind == "map"
        for pointer in (ours, theirs)
    ]
