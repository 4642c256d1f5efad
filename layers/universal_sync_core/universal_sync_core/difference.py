"""What one state has that another has not, told without reading what both share."""

from collections.abc import Mapping
from typing import Final

from universal_sync_core.bag import (
    ARCHIVE,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    HISTORY,
    STATE,
    archive_of,
    with_spilled,
    without_samples,
)
from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject, decode, encode
from universal_sync_core.combine import Replacement
from universal_sync_core.compress import is_packed, unpack
from universal_sync_core.lists import Lists
from universal_sync_core.pointer import is_list, is_map, parse

_ADDING: Final = ("append", "dedupe_append", "set_union")


def changes_since(parent: JsonObject, bag: JsonObject, call: Call) -> JsonObject:
    """Return the delta that leads from `parent` to `bag`, control fields left out.

    Of what is merged it holds only what differs: of `current_state` the keys, at every depth; of
    a list that a strategy adds to, the elements that came after the parent's own; of one that is
    merged by key, the items that changed. Any other field it holds whole.
    """
    before = without_samples(with_spilled(parent, call.pages))
    after = without_samples(with_spilled(bag, call.pages))
    delta = _history_since(before, after, call)
    for field, value in after.items():
        if field in CONTROL_FIELDS_NEVER_OFFLOAD or field == HISTORY:
            continue
        if field == ARCHIVE and archive_of(after):
            continue
        if field not in before:
            delta[field] = value
        elif not _is_same(before[field], value, call):
            is_merged = field == STATE or call.strategies.at(field) is not None
            part = _changed(before[field], value, field, call) if is_merged else value
            if not is_merged or not _is_nothing(part, before[field]):
                delta[field] = part
    return delta


def _history_since(before: JsonObject, after: JsonObject, call: Call) -> JsonObject:
    """Return the history fields that changed; merging them appends only what is new."""
    delta: JsonObject = {}
    old, new = archive_of(before), archive_of(after)
    if new is not None and (old is None or old.path != new.path):
        delta[ARCHIVE] = after[ARCHIVE]
    if HISTORY in after and not _is_same(before.get(HISTORY), after[HISTORY], call):
        delta[HISTORY] = after[HISTORY]
    return delta


def _changed(before: Json, after: Json, path: str, call: Call) -> Json:
    """Return what has to be merged into `before` to make it `after`."""
    before, after = call.pages.container(_opened(before)), call.pages.container(_opened(after))
    strategy = call.strategies.at(path)
    if strategy and strategy.name in _ADDING and is_list(before) and is_list(after):
        return _added(before, after, call)
    if strategy and strategy.key and is_list(before) and is_list(after):
        return _changed_items(before, after, strategy.key, path, call)
    if strategy or not (is_map(before) and is_map(after)):
        return after
    old, new = _entries_apart(before, after, call)
    if not old.keys() <= new.keys():  # merging takes no key away
        return Replacement(after)
    changes: JsonObject = {}
    for key, value in new.items():
        if key not in old:
            changes[key] = value
        elif not _is_same(old[key], value, call):
            part = _changed(old[key], value, f"{path}.{key}", call)
            if not _is_nothing(part, old[key]):
                changes[key] = part
    return changes


def _is_nothing(part: Json, before: Json) -> bool:
    """Tell whether there is nothing to merge: the same map, in S3 on one side."""
    return part == {} and is_map(_opened(before))


def _entries_apart(before: Json, after: Json, call: Call) -> tuple[Mapping[str, Json], JsonObject]:
    """Return the entries of two maps, leaving out pages that both have."""
    old, new = parse(before), parse(after)
    if old is not None and new is not None:
        return call.pages.entries_apart(old, new)
    return (
        call.pages.entries(old) if old else before,
        call.pages.entries(new) if new else after,
    )


def _added(before: Json, after: Json, call: Call) -> Json:
    lists = Lists(call.pages)
    old, new = lists.elements(before), lists.elements(after)
    pairs = zip(old, new, strict=False)
    kept = len(new) >= len(old) and all(_is_equal(ours, theirs, call) for ours, theirs in pairs)
    return new[len(old) :] if kept else Replacement(new)


def _changed_items(before: Json, after: Json, key: str, path: str, call: Call) -> Json:
    """Return the items that changed, each with its key, and those that came after."""
    lists = Lists(call.pages)
    old, new = lists.elements(before), lists.elements(after)
    parts = [
        _changed_item(ours, theirs, key, path, call)
        for ours, theirs in zip(old, new, strict=False)
        if not _is_same(ours, theirs, call)
    ]
    if len(new) < len(old) or None in parts:
        return Replacement(new)
    return [*parts, *new[len(old) :]]


def _changed_item(before: Json, after: Json, key: str, path: str, call: Call) -> JsonObject | None:
    """Return the key and the changes of an item, or None where merging by key cannot tell them."""
    lists = Lists(call.pages)
    identity = lists.identity(after, key)
    if identity is None or identity != lists.identity(before, key):
        return None
    part = _changed(before, after, f"{path}[]", call)
    if type(part) is not dict or parse(part):
        return None
    return {key: decode(identity)} | part


def _is_same(before: Json, after: Json, call: Call) -> bool:
    """Tell whether a value is the one it was, be it inline now or in S3.

    Of two maps only identical ones are; what differs in others is found key by key.
    """
    if before is after:
        return True
    old, new = parse(before), parse(after)
    if old and new:
        return old.path == new.path
    if is_map(before) and is_map(after):
        return encode(before) == encode(after)
    return _is_equal(before, after, call)


def _is_equal(before: Json, after: Json, call: Call) -> bool:
    return encode(before) == encode(after) or call.pages.canonical(before) == call.pages.canonical(
        after
    )


def _opened(value: Json) -> Json:
    return unpack(value) if is_packed(value) else value
