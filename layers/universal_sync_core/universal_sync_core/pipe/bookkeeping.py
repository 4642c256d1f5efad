"""The bookkeeping of a sync: its time, its counters, and where the workflow goes next."""

from typing import Final

from universal_sync_core.bag.awaited_job import AWAITED_JOB, JOB, awaited_job
from universal_sync_core.bag.execution_budget import LIMIT, require_room, segments_apart
from universal_sync_core.bag.fields import (
    BRANCHES,
    FAILED_SEGMENTS,
    ITEMS,
    PLACE,
    REVISION,
    STALE_RESULT,
    STOPPED_BY,
    UNFINISHED,
    field_of,
    is_branch,
)
from universal_sync_core.bag.holding import HELD, hold_mark
from universal_sync_core.bag.left_fields import LEFT_FIELDS
from universal_sync_core.bag.nesting import require_nested
from universal_sync_core.bag.next_action import (
    ASYNC,
    DISTRIBUTED_MAP,
    PARALLEL_GROUP,
    STOPS,
    WAIT,
    after_wait,
    route,
)
from universal_sync_core.bag.state_paths import MOST_PREVIEWS, PREVIEW_PATHS
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.bag.waiting import SECONDS, UNTIL, WAIT_STATE, wait_until
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.ingest import require_same_execution
from universal_sync_core.ingestion.senders import sender_of
from universal_sync_core.limits import STEP_FUNCTIONS_ERROR_CHARS
from universal_sync_core.maps.unfinished_map import without_unfinished
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import is_list, length
from universal_sync_core.values.portable import portable
from universal_sync_core.values.timestamps import utc_now

# The bag keeps the whole text under `cause`.
_CAUSE_MAX_CHARS: Final = 1_000
# The field that a next action works on.
_WORKS_ON: Final = {PARALLEL_GROUP: BRANCHES, DISTRIBUTED_MAP: ITEMS}
# The names that a worker uses, and those that a Catch writes.
_ERROR_AND_CAUSE: Final = (("error", "Error"), ("cause", "Cause"))


def record_progress(
    merged: JsonObject, base: JsonObject, delta: JsonObject, unit: UnitOfWork
) -> JsonObject:
    """Return the merged bag with its bookkeeping fields written.

    Args:
        merged: the bag after merging.
        base: the bag before merging; its revision is counted on.
        delta: the delta, after ingestion.
        unit: the unit of work of the action that brought the delta.

    Raises:
        InvalidRequestError: branches are to run, but there is no list of them or it is too long for
            the history; or too many branches run at once or inside each other.
    """
    action = unit.action
    after = route(base, delta, action)
    next_action: str = after["next_action"]
    require_same_execution(merged, base, unit)
    if "status" in delta:
        require_ready(merged, next_action, unit)
    if action == "aggregate_distributed":
        runtime.current().usage.count_failed_items(length(delta.get(FAILED_SEGMENTS)) or 0)
        if UNFINISHED not in delta:
            merged = without_unfinished(merged)
    revision = base.get(REVISION, 0)
    bag = _without_earlier(merged, next_action, delta)
    bag |= after
    if next_action in STOPS:
        bag |= _stopped_by(delta, next_action, unit)
    bag |= _waited_for(delta, merged, after, unit)
    bag |= _stale(revision, delta, action)
    bag |= hold_mark(bag, unit.settings)
    paths: Json = merged.get(PREVIEW_PATHS)
    if type(paths) is list and len(paths) > MOST_PREVIEWS:  # a merge strategy joined too many
        bag[PREVIEW_PATHS] = paths[-MOST_PREVIEWS:]
    bag[REVISION] = revision + 1 if type(revision) is int else 1
    bag["last_update_time"] = utc_now()
    return bag


def _without_earlier(bag: JsonObject, next_action: str, delta: JsonObject) -> JsonObject:
    """Return a copy without the fields that an earlier step left about its end, wait or hold."""
    copy = dict(bag)
    copy.pop(HELD, None)
    for field in LEFT_FIELDS:
        if next_action not in field.actions:
            copy.pop(field.name, None)
    if "status" in delta:  # each wait names its own job, or none
        copy.pop(AWAITED_JOB, None)
    return copy


def require_possible(delta: JsonObject, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if a delta asks for something that no bag can have.

    The parts that depend on the bag are checked when the delta is merged.
    """
    if "status" not in delta:
        return
    after = route({}, delta, unit.action)
    next_action: str = after["next_action"]
    _waited_for(delta, delta, after, unit)
    if _WORKS_ON.get(next_action) in delta:
        require_ready(delta, next_action, unit)


def require_ready(bag: JsonObject, next_action: str, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if a bag lacks what its next action works on.

    Otherwise the state machine would end with an error that it cannot catch or that is hard to
    read.
    """
    if next_action == PARALLEL_GROUP:
        _require_branches(bag, f"{sender_of(unit).place}.{BRANCHES}")
    if next_action == DISTRIBUTED_MAP and not _has_items(bag, unit):
        form = '{"bucket", "key"} of one in S3'
        message = f"{DISTRIBUTED_MAP} needs {ITEMS}, a list, or an object with {form}"
        raise InvalidRequestError(message, field=f"{sender_of(unit).place}.{ITEMS}")


def _require_branches(bag: JsonObject, path: str) -> None:
    count = length(bag.get(BRANCHES))
    if count is None:
        message = f"{PARALLEL_GROUP} needs {BRANCHES}, a list with the work of each branch"
        raise InvalidRequestError(message, field=path)
    require_nested(bag, count, path)
    require_room(count, segments_apart(bag) if is_branch(bag) else bag.get(LIMIT), path)


def _has_items(bag: JsonObject, unit: UnitOfWork) -> bool:
    items = unit.pages.opened(field_of(bag, ITEMS, unit.pages))
    place = unit.pages.some_of(items, PLACE) or {}
    return is_list(items) or all(_is_name(place.get(name)) for name in PLACE)


def _is_name(value: Json) -> bool:
    return type(value) is str and value != ""


def _stopped_by(delta: JsonObject, next_action: str, unit: UnitOfWork) -> JsonObject:
    """Return the error and the cause of a result whose status stops the workflow.

    The execution ends with them, so they go where the state machine reads them.
    """
    error, cause = (_value_of(names, delta, unit) for names in _ERROR_AND_CAUSE)
    if error is None and cause is None:
        return {}
    is_name = type(error) is str
    name = error if is_name and error.strip() else f"Workflow.{next_action}"
    given = error if cause is None and not is_name else cause
    if given is None:
        given = f"The last result said {next_action}, without a cause."
    text = given if type(given) is str else encode(given).decode()
    told = {"error": name[:STEP_FUNCTIONS_ERROR_CHARS], "cause": text[:_CAUSE_MAX_CHARS]}
    return {STOPPED_BY: portable(told)}


def _waited_for(
    delta: JsonObject, merged: JsonObject, after: JsonObject, unit: UnitOfWork
) -> JsonObject:
    """Return the time or the job that the workflow waits for.

    A result asks for either, and the input of a resumed workflow for a job.
    """
    next_action = after["next_action"]
    if next_action == WAIT and "status" in delta:
        asked = {name: _value_of((name,), delta, unit) for name in (SECONDS, UNTIL)}
        until = wait_until(asked, sender_of(unit).place)
        return {WAIT_STATE: {"until": until, "then": after_wait(merged, after)}}
    if next_action == ASYNC and delta.get(JOB) is not None:
        asked = {name: _value_of((name,), delta, unit) for name in (JOB, SECONDS)}
        return {AWAITED_JOB: awaited_job(asked, sender_of(unit).place)}
    return {}


def _value_of(names: tuple[str, ...], delta: JsonObject, unit: UnitOfWork) -> Json:
    """Return the first value that a result has under these names, or None."""
    found = (delta[name] for name in names if delta.get(name) is not None)
    return unit.pages.resolve(next(found, None))


def _stale(revision: Json, delta: JsonObject, action: str | None) -> JsonObject:
    """Return a report if a result says that it was made from an older revision.

    Timestamps decide how it is merged; this report tells that it happened.
    """
    computed_from: Json = delta.get(REVISION)
    if type(computed_from) is not int or type(revision) is not int or computed_from >= revision:
        return {}
    return {
        STALE_RESULT: {
            "action": action,
            "computed_from": computed_from,
            "merged_into": revision,
        }
    }
