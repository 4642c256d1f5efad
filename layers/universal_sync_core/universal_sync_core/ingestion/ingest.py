"""The entrance: everything that comes into the bag is checked here, once, by who brings it.

`ingest` looks at values: their pointers, and data that resembles a pointer or another stored form.
`ingest_delta` looks at fields: those that the machine counts and reads, and which of them a sender
may set.
"""

from typing import Final

from universal_sync_core.bag.awaited_job import JOB
from universal_sync_core.bag.fields import (
    BRANCHES,
    OVERFLOW,
    REVISION,
    overflow_of,
    with_fields,
    with_overflow,
    without_samples,
)
from universal_sync_core.bag.state_paths import PREVIEW_PATHS, REMOVED_PATHS
from universal_sync_core.bag.unit_of_work import UnitOfWork, named_execution
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    UnreadableObjectError,
)
from universal_sync_core.ingestion.control_fields import CHECKED_FIELDS, checked, require_portable
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.ingestion.senders import Sender, sender_of
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.compression import expand, is_compressed
from universal_sync_core.values.pointer import (
    Pointer,
    escape,
    may_hold_marks,
    parse,
    recognise,
    without_previews,
)

# Fields by which a result asks the machine for something. A result that echoes a whole bag, with
# its revision, asks for nothing by a field that it left unchanged.
_ASKING: Final = ("status", "next_segment_to_run", JOB)
# A worker that merged its result itself answers the bag under this name alone.
BAG: Final = "state_data"
_LOOP_LIMIT: Final = "loop_limit"
# No checked control field is larger; a pointer to more is not followed.
_CONTROL_MAX_BYTES: Final = 64


def ingest(value: Json, unit: UnitOfWork) -> Json:
    """Return a value from outside, checked and escaped for the bag.

    Pointers of this execution are accepted once it is clear that they lead to a stored value. Data
    that only resembles a pointer or another stored form is escaped, and gets its own form back when
    the bag is hydrated.

    Raises:
        InvalidRequestError: JSON cannot represent it; or a compressed value is in a compressed one.
        PointerNotAllowedError: it contains a pointer that leads out of the allowed places.
        MissingObjectError, MalformedPointerError: a pointer leads nowhere, or to something else.
    """
    return ingested(*as_json(value, unit, ingest), unit)


def ingested(value: Json, encoded: bytes, unit: UnitOfWork) -> Json:
    """Return a JSON value as `ingest` does, given its encoding."""
    if not may_hold_marks(encoded):
        return value
    pointers: list[Pointer] = []
    escaped = escape(value, lambda part: _is_ours(part, pointers, unit))
    _require_pointers(pointers, unit)
    # The preview of a value is made here; the sender of a pointer to it does not choose it.
    has_previews = any(each.preview is not None for each in pointers)
    return without_previews(escaped) if has_previews else escaped


def require_admissible(value: Json, unit: UnitOfWork, *, looks_up: bool = True) -> None:
    """Raise if a value in the bag's own form must not come into this bag.

    Such a value was read through a pointer, or is part of a bag. The errors are those of `ingest`,
    and UnreadableObjectError for a damaged compressed value: data of that form would be escaped.

    Args:
        value: the value.
        unit: the unit of work of the bag.
        looks_up: whether its pointers are looked up, besides that they must lead to allowed places.
    """
    pointers = list(pointers_in(value, lambda part: _expanded(part, unit)))
    _require_pointers(pointers, unit, looks_up=looks_up)


def _is_ours(part: JsonObject, pointers: list[Pointer], unit: UnitOfWork) -> bool:
    """Tell whether an object is a stored form, and note the pointers that it is or contains."""
    pointer = recognise(part)
    if pointer is not None:
        pointers.append(pointer)
    if pointer is not None or not is_compressed(part):
        return pointer is not None
    try:
        value = _expanded(part, unit)
    except UnreadableObjectError:
        return False
    pointers += pointers_in(value, lambda inner: _expanded(inner, unit))
    return True


def _expanded(part: JsonObject, unit: UnitOfWork) -> Json:
    try:
        return expand(part, unit.objects.budget).value
    except MalformedPointerError as error:
        message = "a compressed value contains a compressed value: compress it once"
        raise InvalidRequestError(message) from error


def _require_pointers(pointers: list[Pointer], unit: UnitOfWork, *, looks_up: bool = True) -> None:
    """Look up pointers, except those of a map's many items, which its children have stored."""
    if looks_up and sender_of(unit).looks_up:
        unit.pages.require_stored(pointers)
    for pointer in pointers:
        unit.objects.require_allowed(pointer.path)


def is_synced(result: Json, unit: UnitOfWork) -> bool:
    """Tell whether a result is the bag of a worker that merged its result itself."""
    return type(result) is dict and result.keys() == {BAG} and sender_of(unit).answers_bag


def ingest_delta(delta: JsonObject, bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return a delta that is ready to merge into a bag: opened, with its control fields checked.

    In a delta that echoes a whole bag, each field is put back in its own place, and a field that it
    left unchanged asks for nothing.

    Raises:
        InvalidRequestError: a control field is wrong, or this sender must not set it; or the delta
            is for another execution.
    """
    sender = sender_of(unit)
    if is_synced(delta, unit):
        raise no_bag(f"{sender.place}.{BAG}")
    plain = _opened(delta, bag, unit)
    require_same_execution(plain, bag, unit)
    brought = sender.never.intersection(plain)
    known = with_fields(bag, brought, unit.pages)
    for name in sorted(brought):
        if name not in known or plain[name] != known[name]:
            path = f"{sender.place}.{name}"
            message = (
                f"{path} is a control field that the state machine sets: leave it out, and put"
                " data of your own with that name into current_state"
            )
            raise InvalidRequestError(message, field=path)
    fields = with_checked(_followed(plain, unit), bag, sender.place, sender)
    if not is_echo(fields, bag):
        return fields
    return {
        name: value
        for name, value in fields.items()
        if name not in _ASKING or name not in bag or value != bag[name]
    }


def _opened(delta: JsonObject, bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return a delta that may echo a whole bag, with each field in its own place."""
    overflowed, own = overflow_of(delta), overflow_of(bag)
    if overflowed is not None and own is not None and overflowed.at == own.at:
        delta = {name: value for name, value in delta.items() if name != OVERFLOW}
    elif overflowed is not None:
        delta = with_overflow(delta, unit.pages)
        require_admissible(delta, unit)
    plain = without_samples(delta)
    if BRANCHES in plain:
        plain = plain | {BRANCHES: unit.pages.opened(plain[BRANCHES])}
    return plain


def no_bag(path: str) -> InvalidRequestError:
    """Return the error for an answer whose `state_data` is not the next bag."""
    message = (
        f"{path} is not the bag of this execution at its next revision, as state_task(sync=True)"
        " and OpenBag.commit return it: answer only the result, or give the field another name"
    )
    return InvalidRequestError(message, field=path)


def _followed(fields: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return fields with their control fields read: the machine needs them inline."""
    found: JsonObject = {}
    for name in CHECKED_FIELDS.intersection(fields):
        pointer = parse(fields[name])
        if name in (PREVIEW_PATHS, REMOVED_PATHS):  # of any length
            found[name] = unit.pages.resolve(fields[name])
        elif pointer and pointer.kind == "value" and pointer.size <= _CONTROL_MAX_BYTES:
            found[name] = unit.pages.whole(pointer)
    return fields | found if found else fields


def require_same_execution(fields: JsonObject, bag: JsonObject, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if fields would move a bag to another execution.

    The execution id says which objects a bag may read. It is not data, and nothing changes it.
    """
    ours = unit.objects.execution_id
    if bag.get("execution_id") != ours and named_execution(bag) is not None:
        raise InvalidRequestError("the bag belongs to another execution", field="execution_id")
    if "execution_id" in fields and (ours or named_execution(fields)) != fields["execution_id"]:
        message = "a result cannot move the state to another execution: leave out execution_id"
        raise InvalidRequestError(message, field="execution_id")


def is_echo(delta: JsonObject, bag: JsonObject) -> bool:
    """Tell whether a delta echoes a whole bag: it contains the bag's bookkeeping."""
    return REVISION in delta and REVISION in bag


def with_checked(fields: JsonObject, bag: JsonObject, place: str, sender: Sender) -> JsonObject:
    """Return the fields that a sender brings for a bag, with each control field in its own type.

    Raises:
        InvalidRequestError: one is wrong, a JSON library on the way would alter it, or the fields
            raise the bag's `loop_limit` without the right to.
    """
    fields = checked(fields, place)
    require_portable(fields, place)
    ours, theirs = bag.get(_LOOP_LIMIT), fields.get(_LOOP_LIMIT)
    if sender.raises_limit or theirs is None or type(ours) is not int or theirs <= ours:
        return fields
    path = f"{place}.{_LOOP_LIMIT}"
    message = f"{path} is over the bag's: only an input can raise it, at the start or on resuming"
    raise InvalidRequestError(message, field=path)
