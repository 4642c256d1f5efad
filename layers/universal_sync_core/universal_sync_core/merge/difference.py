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
from universal_sync_core.merge.branch_changes import REMOVAL, Changes, Replacement
from universal_sync_core.merge.lists import Lists
from universal_sync_core.merge.once import Once
from universal_sync_core.merge.read_ahead import read_apart
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.codec import Json, JsonObject, canonical, decode, encode
from universal_sync_core.values.paths import Each, Pattern
from universal_sync_core.values.pointer import (
    has_mark,
    is_list,
    is_map,
    is_one_place,
    kind_of,
    length,
    parse,
)


class Differences:
    """What branches changed since they were forked from their parent.

    Two maps in S3 are compared once, however many paths and branches lead to them: pointers to maps
    of pointers can lead to more values than any call could compare.
    """

    def __init__(self, parent: JsonObject, unit: UnitOfWork) -> None:
        """Compare with the bag `parent`, whose stored values `unit` reads."""
        self._before = in_place(parent, unit.pages)
        self._unit = unit
        self._pages = unit.pages
        self._strategies = unit.strategies
        self._lists = Lists(unit.pages)
        self._maps: Once[Changes] = Once(unit.budget)

    def read_ahead(self, bags: Iterable[JsonObject]) -> None:
        """Read what comparing the fields of several bags that are merged reads side by side."""
        pairs = (
            (self._before[field], value, (field,))
            for bag in bags
            for field, value in bag.items()
            if field in self._before and (field == STATE or self._strategies.at((field,)))
        )
        read_apart(pairs, self._unit)

    def of(self, bag: JsonObject) -> JsonObject:
        """Return the delta that leads from the parent to `bag`, control fields left out.

        It has only the differences of merged fields: the keys of `current_state` at every depth;
        the elements after the parent's own in a list that a strategy adds to; and the changed items
        of a list that is merged by key. It has any other changed field whole.
        """
        before, after = self._before, in_place(bag, self._pages)
        delta = self._history(after)
        for field, value in after.items():
            if field in CONTROL_FIELDS_NEVER_OFFLOAD or field == HISTORY:
                continue
            if field == ARCHIVE and archive_of(after):
                continue
            if field not in before:
                delta[field] = value
            elif field == STATE or self._strategies.at((field,)):
                delta |= self._part(field, before[field], value, (field,))
            elif not is_equal(before[field], value, self._pages):
                delta[field] = value
        return delta

    def _history(self, after: JsonObject) -> JsonObject:
        """Return the history fields that changed; merging them appends only what is new."""
        delta: JsonObject = {}
        before = self._before
        old, new = archive_of(before), archive_of(after)
        if new is not None and (old is None or old.at != new.at):
            delta[ARCHIVE] = after[ARCHIVE]
        if HISTORY in after and not is_equal(before.get(HISTORY), after[HISTORY], self._pages):
            delta[HISTORY] = after[HISTORY]
        return delta

    def _part(self, key: str, before: Json, after: Json, path: Pattern) -> JsonObject:
        """Return a key with the value to merge there, or an empty object if there is none.

        Two maps, or two lists of which one grows, are compared member by member: reading them whole
        for each of many branches would cost more than a call may spend.
        """
        if encode(before) == encode(after):
            return {}
        strategy = self._strategies.at(path)
        ours, theirs = map(self._pages.expanded, (before, after))
        is_kind = is_map if strategy is None else is_list
        by_member = (strategy is None or strategy.grows) and is_kind(ours) and is_kind(theirs)
        if is_one_place(ours, theirs) if by_member else is_equal(ours, theirs, self._pages):
            return {}
        part = self._changed(ours, theirs, path)
        # The same in two forms; a set that only lost what it had twice is shorter.
        is_nothing = by_member and not part and length(ours) == length(theirs)
        return {} if is_nothing else {key: part}

    def _changed(self, before: Json, after: Json, path: Pattern) -> Json:
        """Return the value that turns `before` into `after` when it is merged."""
        before, after = self._pages.opened(before), self._pages.opened(after)
        strategy = self._strategies.at(path)
        if strategy and strategy.grows:
            before = self._lists.as_list(before)
            if not is_list(after):
                return Replacement(after)
            if strategy.key:
                return self._changed_items(before, after, strategy.key, path)
            return self._added(before, after, as_set=strategy.name == "set_union")
        if strategy or not (is_map(before) and is_map(after)):
            return after
        way = path if self._strategies.below(path) else ()
        return self._maps.of((before, after), lambda: self._changed_keys(before, after, path), way)

    def _changed_keys(self, before: Json, after: Json, path: Pattern) -> Changes:
        """Return the keys of a map that differ, with what to merge there."""
        old, new = self._pages.maps_apart(before, after)
        changes: Changes = {key: REMOVAL for key in old if key not in new}
        for key, value in new.items():
            if key not in old:
                changes[key] = value
            else:
                changes |= self._part(key, old[key], value, (*path, key))
        return changes

    def _added(self, before: Json, after: Json, *, as_set: bool) -> Json:
        """Return the elements after those that were there before; in a set, each counts once."""
        lists = self._lists
        old, new = lists.elements(before), lists.elements(after)
        is_kept = _begins(new, old, self._pages)
        if as_set and not is_kept:
            old = list(lists.distinct(old).values())
            is_kept = _begins(new, old, self._pages)
        return new[len(old) :] if is_kept else Replacement(new)

    def _changed_items(self, before: Json, after: Json, key: str, path: Pattern) -> Json:
        """Return the changed items, each with its key, and the new ones."""
        old, new = self._lists.elements(before), self._lists.elements(after)
        pairs = [
            (ours, theirs)
            for ours, theirs in zip(old, new, strict=False)
            if encode(ours) != encode(theirs)
        ]
        each = (*path, Each.EACH)
        read_apart(((*pair, each) for pair in pairs), self._unit)
        self._lists.identities([item for pair in pairs for item in pair], key)  # read together
        parts = [self._changed_item(*pair, key, path) for pair in pairs]
        if len(new) < len(old) or None in parts:
            return Replacement(new)
        return [*filter(None, parts), *new[len(old) :]]

    def _changed_item(
        self, before: Json, after: Json, key: str, path: Pattern
    ) -> JsonObject | None:
        """Return the key and the changes of an item, or None if merging by key cannot express them.

        It is empty if the item is the same in two forms.
        """
        identity, old = self._lists.identities([after, before], key)
        if identity is None or identity != old:
            return {} if is_equal(before, after, self._pages) else None
        part = self._changed(before, after, (*path, Each.EACH))
        if type(part) is not dict or has_mark(part):
            return None
        return {key: decode(identity)} | part if part else {}


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
    """Tell the same; both are read if their forms do not decide it."""
    if left is right or encode(left) == encode(right):
        return True
    left, right = pages.expanded(left), pages.expanded(right)
    if not _may_be_equal(left, right):
        return False
    ours_whole, theirs_whole = pages.resolve([left, right])
    return canonical(ours_whole) == canonical(theirs_whole)


def _may_be_equal(left: Json, right: Json) -> bool:
    """Tell, without a read, whether two values that are not compressed may be equal."""
    ours, theirs = parse(left), parse(right)
    if ours and theirs and ours.kind == theirs.kind == "value":
        return ours.size == theirs.size
    is_single = any(each and each.kind == "value" for each in (ours, theirs))
    same_kind = kind_of(left) == kind_of(right) and length(left) == length(right)
    return is_single or same_kind


def _begins(items: list[Json], first: list[Json], pages: PageReader) -> bool:
    """Tell whether a list begins with the elements of another."""
    pairs = zip(first, items, strict=False)
    return len(items) >= len(first) and all(is_equal(*pair, pages) for pair in pairs)
