"""The Smart StateBag: how a delta becomes part of the bag."""

from collections.abc import Collection, Sequence
from operator import is_

from universal_sync_core.bag.fields import (
    ARCHIVE,
    OVERFLOW,
    STATE,
    archive_of,
    in_place,
    with_overflow,
)
from universal_sync_core.bag.state_paths import REMOVED_PATHS, removed_keys
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.ingestion.ingest import ingest_delta, is_echo, require_same_execution
from universal_sync_core.ingestion.senders import kept_fields
from universal_sync_core.merge.deep_merge import Combiner
from universal_sync_core.merge.history import (
    HISTORY_FIELDS,
    append_entries,
    in_one_list,
    new_entries,
)
from universal_sync_core.merge.removal import without_paths
from universal_sync_core.values.codec import Json, JsonObject


def merge_logic(
    base_state: JsonObject | None, delta: JsonObject, context: Context | None = None
) -> JsonObject:
    """Return the bag with a delta merged in.

    First, the keys that `removed_paths` names are removed. Control fields take the delta's value.
    History entries are appended, each once. `current_state` is merged at every depth, by timestamps
    if both sides have them. Every other field takes the delta's value or follows its list strategy.
    Neither argument changes, and the parts that the delta does not touch are the same objects in
    the result.

    Args:
        base_state: the bag; None and `{}` both mean an empty bag.
        delta: as `flatten_result` returns it.
        context: may carry `execution_id` and `merge_strategy`.

    Raises:
        InvalidRequestError: a strategy is unknown, a control field is wrong, or the delta is for
            another execution.
    """
    bag = base_state or {}
    with unit_of_work(context, bag) as unit:
        return merge_delta(bag, ingest_delta(delta, bag, unit), unit)


def merge_delta(bag: JsonObject, delta: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag with a delta merged in, as `merge_logic` does.

    Args:
        bag: the bag so far.
        delta: the delta, after ingestion.
        unit: the unit of work, with its strategies and pages.
    """
    merged = _without_history(bag, delta, unit, by_time=True)
    return _with_history(merged, bag, [delta], unit)


def merge_branches(bag: JsonObject, deltas: Sequence[JsonObject], unit: UnitOfWork) -> JsonObject:
    """Return the bag with the deltas of branches merged in; no timestamps decide between them.

    Their history is appended at once, because each append searches all of it.
    """
    merged = bag
    for delta in deltas:
        merged = _without_history(merged, delta, unit, by_time=False)
    return _with_history(merged, bag, deltas, unit)


def _with_history(
    merged: JsonObject, bag: JsonObject, deltas: Sequence[JsonObject], unit: UnitOfWork
) -> JsonObject:
    """Return the merged bag with the entries that deltas bring to the history of `bag`."""
    entries = [entry for delta in deltas for entry in new_entries(delta, bag, unit)]
    if entries or any(not HISTORY_FIELDS.isdisjoint(delta) for delta in deltas):
        return append_entries(merged, entries, unit)
    return merged


def _without_history(
    bag: JsonObject, delta: JsonObject, unit: UnitOfWork, *, by_time: bool
) -> JsonObject:
    """Return the bag with all but the history of a delta merged in."""
    require_same_execution(delta, bag, unit)
    kept = kept_fields(bag, unit)
    incoming = {name: value for name, value in delta.items() if name not in kept}
    removed: list[tuple[str, ...]] = []
    if REMOVED_PATHS in incoming:
        removed = removed_keys(incoming.pop(REMOVED_PATHS), REMOVED_PATHS)
    if archive_of(incoming):
        del incoming[ARCHIVE]
    base = _with_touched(bag, [*incoming, STATE] if removed else incoming, unit)
    if removed and STATE in base:
        base = {**base, STATE: without_paths(base[STATE], removed, unit)}
    touched = (
        (base[field], value, (field,))
        for field, value in incoming.items()
        if type(base.get(field)) is dict and (field == STATE or unit.strategies.at((field,)))
    )
    combiner = Combiner(unit, touched, by_time=by_time, echoed=is_echo(delta, bag))
    merged = dict(base)
    for field, value in incoming.items():
        if field not in HISTORY_FIELDS:
            merged |= _merged_field(combiner, base, field, value, unit)
    unchanged = merged.keys() == bag.keys() and all(map(is_, merged.values(), map(bag.get, merged)))
    return bag if unchanged else merged


def _merged_field(
    combiner: Combiner, base: JsonObject, field: str, value: Json, unit: UnitOfWork
) -> JsonObject:
    if field == STATE or unit.strategies.at((field,)):
        if field not in base:
            return combiner.added(field, value, ())
        return {field: combiner.combine(base[field], value, (field,))}
    return {field: combiner.replace(base[field], value) if field in base else value}


def _with_touched(bag: JsonObject, touched: Collection[str], unit: UnitOfWork) -> JsonObject:
    """Return the bag with each field that a delta touches in its own place."""
    if OVERFLOW in touched:
        bag = with_overflow(bag, unit.pages)
    if ARCHIVE in touched:
        bag = in_one_list(bag, unit)
    return in_place(bag, unit.pages, touched)
