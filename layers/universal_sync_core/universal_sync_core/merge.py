"""The Smart StateBag: how a delta becomes part of the bag."""

from collections.abc import Iterable

from universal_sync_core.bag import (
    ARCHIVE,
    BRANCHES,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    SPILL,
    STATE,
    archive_of,
    spill_of,
    with_fields,
    with_spilled,
    without_samples,
)
from universal_sync_core.call import Call, Context, open_call
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.combine import Combiner
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.history import HISTORY_FIELDS, append_entries, in_one_list, new_entries


def merge_logic(
    base_state: JsonObject | None, delta: JsonObject, context: Context | None = None
) -> JsonObject:
    """Return the bag with a delta merged in.

    Control fields take the delta's value; history entries are appended, each once;
    `current_state` is merged at every depth, by timestamps where both sides carry them; every
    other field takes the delta's value or follows its list strategy. Neither argument changes,
    and what the delta does not touch is the same object in the result.

    Args:
        base_state: the bag; None and `{}` are the same empty one.
        delta: as `flatten_result` returns it.
        context: may carry `execution_id` and `merge_strategy`.

    Raises:
        InvalidRequestError: an unknown strategy, or a delta for another execution.
    """
    bag = base_state or {}
    with open_call(context, bag) as call:
        return merge_delta(bag, delta, call)


def merge_delta(
    bag: JsonObject, delta: JsonObject, call: Call, *, by_time: bool = True
) -> JsonObject:
    """Return the bag with a delta merged in, as `merge_logic` does.

    Args:
        bag: what is there.
        delta: what comes.
        call: whose strategies and pages are used.
        by_time: whether the older side of two timestamped maps loses; not where what is older
            has been decided before.
    """
    _require_same_execution(bag, delta)
    incoming = _normalised(delta, bag, call)
    entries = new_entries(incoming, bag, call)
    if archive_of(incoming):
        incoming = {name: value for name, value in incoming.items() if name != ARCHIVE}
    base = _with_touched(bag, incoming, call)
    combiner = Combiner(call, by_time=by_time)
    merged = dict(base)
    for field, value in incoming.items():
        if field not in HISTORY_FIELDS:
            merged[field] = _merge_field(combiner, base, field, value, call)
    if entries or not HISTORY_FIELDS.isdisjoint(incoming):
        merged = append_entries(merged, entries, call)
    unchanged = merged.keys() == bag.keys() and all(merged[key] is bag[key] for key in bag)
    return bag if unchanged else merged


def _merge_field(combiner: Combiner, base: JsonObject, field: str, value: Json, call: Call) -> Json:
    if field not in base:
        return value
    if field == STATE or (call.strategies.at(field) and field not in CONTROL_FIELDS_NEVER_OFFLOAD):
        return combiner.combine(base[field], value, field)
    return combiner.replace(base[field], value)


def _require_same_execution(bag: JsonObject, delta: JsonObject) -> None:
    """The execution id says which objects a bag may read: a result cannot change it."""
    ours, theirs = bag.get("execution_id"), delta.get("execution_id")
    if ours is not None and theirs is not None and ours != theirs:
        message = "a result cannot move the state to another execution"
        raise InvalidRequestError(message, field="execution_id")


def _normalised(delta: JsonObject, bag: JsonObject, call: Call) -> JsonObject:
    """Return a delta that may echo a whole bag, with its fields in their own places."""
    spilled, own = spill_of(delta), spill_of(bag)
    if spilled is not None and own is not None and spilled.path == own.path:
        delta = {name: value for name, value in delta.items() if name != SPILL}
    plain = without_samples(with_spilled(delta, call.pages))
    if BRANCHES in plain:
        plain = plain | {BRANCHES: call.pages.opened(plain[BRANCHES])}
    return plain


def _with_touched(bag: JsonObject, touched: Iterable[str], call: Call) -> JsonObject:
    """Return the bag with the fields a delta touches in their own places."""
    names = set(touched)
    if SPILL in names:
        bag = with_spilled(bag, call.pages)
    if ARCHIVE in names:
        bag = in_one_list(bag, call)
    return without_samples(with_fields(bag, names, call.pages), names)
