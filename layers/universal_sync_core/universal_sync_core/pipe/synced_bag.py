"""The bag of a worker that merged its result itself, checked before it becomes the next bag."""

from typing import Final

from universal_sync_core.bag.fields import (
    ARCHIVE,
    CHAIN,
    CONTROL_FIELDS_NEVER_OFFLOAD,
    FORKED_FROM,
    OVERFLOW,
    READ_BY_MACHINE,
    REVISION,
    SHOWN_AS,
    SPOKEN_FOR,
    UNFINISHED,
    overflow_of,
    with_fields,
)
from universal_sync_core.bag.holding import HELD, hold_mark
from universal_sync_core.bag.left_fields import LEFT_FIELDS, LEFT_NAMES
from universal_sync_core.bag.next_action import route
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.errors import InvalidRequestError, StateTooLargeError
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.ingestion.ingest import (
    BAG,
    ingest,
    no_bag,
    require_admissible,
    with_checked,
)
from universal_sync_core.ingestion.senders import kept_fields, sender_of
from universal_sync_core.limits import KIB
from universal_sync_core.merge.difference import is_equal
from universal_sync_core.pipe.bookkeeping import require_ready
from universal_sync_core.pipe.offload import SIZE
from universal_sync_core.values.codec import Json, JsonObject, encode

_NEEDED: Final = ("execution_id", "next_action", REVISION)
# Fields that the worker's own merge sets.
_OF_WORKER: Final = {"last_update_time", "next_action", "segment_to_run", SIZE, REVISION}
# Fields that no merge by a worker sets.
_KEPT: Final = frozenset({CHAIN, UNFINISHED})
# Fields that come and go with the form in which a field is kept.
_FORMS: Final = {ARCHIVE, OVERFLOW, *SPOKEN_FOR, *SHOWN_AS, *SHOWN_AS.values()}


def next_bag(given: Json, bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag that a worker answered, if it is the next one after `bag`.

    The fields that the state machine counts keep its own counts.

    Args:
        given: the bag that the worker answered.
        bag: the bag that the worker received.
        unit: the unit of work of this action.

    Raises:
        InvalidRequestError: it is not a bag, belongs to another execution, is not the next
            revision, lacks fields of the bag, or has a wrong control field.
        StateTooLargeError: it is over the bound.
        PointerNotAllowedError, MissingObjectError: a pointer in it leads elsewhere or nowhere.
    """
    sender = sender_of(unit)
    path = f"{sender.place}.{BAG}"
    if type(given) is not dict or not _follows(given, bag):
        raise no_bag(path)
    fields, encoded = as_json(given, unit, ingest)
    _require_bounded(len(encoded), path, unit)
    fields = with_checked(fields, bag, path, sender)
    require_admissible([fields[name] for name in fields if not _is_same(name, fields, bag)], unit)
    _require_whole(fields, bag, path, unit)
    _require_inline(fields, bag, path, unit)
    _require_kept(fields, bag, path, unit)
    _require_left(fields, path)
    require_ready(fields, fields["next_action"], unit)
    fields = {name: value for name, value in fields.items() if name != HELD}
    return fields | _counted(fields, bag, unit) | hold_mark(fields, unit.settings)


def _follows(given: JsonObject, bag: JsonObject) -> bool:
    revision: Json = bag.get(REVISION, 0)
    return (
        all(name in given for name in _NEEDED)
        and type(revision) is int
        and given[REVISION] == revision + 1
        and given["execution_id"] == bag.get("execution_id")
        and _is_same(FORKED_FROM, given, bag)
    )


def _is_same(name: str, given: JsonObject, bag: JsonObject) -> bool:
    """Tell whether a field is unchanged; Python takes `true` and `1.0` for 1, and JSON does not."""
    ours, theirs = bag.get(name), given.get(name)
    return (name in given) == (name in bag) and ours == theirs and encode(ours) == encode(theirs)


def _require_bounded(size: int, path: str, unit: UnitOfWork) -> None:
    limit = unit.settings.bound_bytes
    if size > limit:
        raise StateTooLargeError(f"{path} is over the bound of a bag", size=size, limit=limit)


def _require_whole(given: JsonObject, bag: JsonObject, path: str, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if fields of the bag are missing that no merge removes."""
    gone = bag.keys() - given.keys() - _FORMS - LEFT_NAMES - {HELD}
    gone -= with_fields(given, gone, unit.pages).keys()
    if gone:
        message = f"{path} lacks {len(gone)} of the fields of the bag that the worker received"
        raise InvalidRequestError(message, field=path)


def _require_inline(given: JsonObject, bag: JsonObject, path: str, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if a field that must stay in the bag itself is not there."""
    overflow = overflow_of(given)
    if overflow is None or _is_same(OVERFLOW, given, bag):
        return
    for name in sorted(unit.pages.lookup(overflow, CONTROL_FIELDS_NEVER_OFFLOAD | READ_BY_MACHINE)):
        message = f"{path}.{name} is behind {OVERFLOW}, but this field must stay in the bag itself"
        raise InvalidRequestError(message, field=f"{path}.{name}")


def _require_kept(given: JsonObject, bag: JsonObject, path: str, unit: UnitOfWork) -> None:
    """Raise InvalidRequestError if a field is changed that no merge by a worker changes."""
    ours, theirs = (with_fields(each, _KEPT, unit.pages) for each in (bag, given))
    for name in sorted(_KEPT):
        is_in_both = (name in ours) == (name in theirs)
        if not (is_in_both and is_equal(ours.get(name), theirs.get(name), unit.pages)):
            message = f"{path}.{name} is set by the state machine: do not change it"
            raise InvalidRequestError(message, field=f"{path}.{name}")


def _require_left(given: JsonObject, path: str) -> None:
    """Raise InvalidRequestError if the machine could not read what the merge left for it."""
    for field in LEFT_FIELDS:
        if not field.is_right_in(given):
            message = f"{path}.{field.name} must {field.form}"
            raise InvalidRequestError(message, field=f"{path}.{field.name}")


def _counted(given: JsonObject, bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the fields that the state machine counts, as it counts them, and the measured size."""
    after = route(bag, {"status": given["next_action"]}, unit.action)
    kept = kept_fields(bag, unit) - _OF_WORKER
    size = round(len(encode(given)) / KIB, 1)
    return {name: after.get(name, bag[name]) for name in kept} | {SIZE: size}
