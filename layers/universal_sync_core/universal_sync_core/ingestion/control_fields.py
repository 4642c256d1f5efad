"""The fields that the state machine reads and counts: each is checked as it comes in."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from universal_sync_core.bag.fields import (
    CONTROL_FIELDS_NEVER_OFFLOAD,
    ITEMS_PER_BATCH,
    MAP_CONCURRENCY,
    READ_BY_MACHINE,
)
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS, Status
from universal_sync_core.bag.state_paths import (
    PREVIEW_PATHS,
    REMOVED_PATHS,
    previewed_keys,
    removed_keys,
)
from universal_sync_core.bag.strategies import CONFLICT_STRATEGIES
from universal_sync_core.bag.tolerance import TOLERATED_ITEMS, is_tolerance
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_MAP_CONCURRENCY
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.portable import is_portable, json_type

# Above it, some JSON libraries on the way cannot tell one whole number from the next.
# https://www.rfc-editor.org/rfc/rfc8259#section-6
MAX_COUNT: Final = 2**53 - 1
MOST_ITEMS_PER_BATCH: Final = 10_000

# Words of other systems, and the status that they mean here.
_SYNONYMS: Final = {
    "DONE": Status.COMPLETE,
    "FINISHED": Status.COMPLETE,
    "OK": Status.COMPLETE,
    "SUCCESS": Status.SUCCEEDED,
    "ABORTED": Status.FAILED,
    "CANCELLED": Status.FAILED,
    "ERROR": Status.FAILED,
    "TIMED_OUT": Status.FAILED,
    "IN_PROGRESS": Status.CONTINUE,
    "PENDING": Status.CONTINUE,
    "RUNNING": Status.CONTINUE,
    "WAITING": Status.WAIT,
}
# These stay inline in the bag, whatever their values.
_IN_PLACE: Final = CONTROL_FIELDS_NEVER_OFFLOAD | READ_BY_MACHINE


def checked(fields: JsonObject, place: str) -> JsonObject:
    """Return fields with each control field in its own type: `3.0` as `3`.

    Args:
        fields: the fields of an input, a result or a bag.
        place: the path of the fields, for messages.

    Raises:
        InvalidRequestError: a control field is wrong; the message names its path.
    """
    found = {
        name: _KINDS[name](fields[name], f"{place}.{name}")
        for name in sorted(CHECKED_FIELDS.intersection(fields))
    }
    return fields | found if found else fields


def require_portable(fields: JsonObject, place: str) -> None:
    """Raise InvalidRequestError if a JSON library on the way would alter a control field.

    A control field stays in the bag; any other such value goes to S3.

    Args:
        fields: the fields of an input or a result.
        place: the path of the fields, for messages.
    """
    for name in sorted(_IN_PLACE.intersection(fields)):
        if not is_portable(fields[name]):
            path = f"{place}.{name}"
            message = (
                f"{path} contains half of a surrogate pair, or a whole number beyond 64 bits, which"
                " some JSON libraries alter: keep such a value in current_state"
            )
            raise InvalidRequestError(message, field=path)


def _count(value: Json, path: str, *, least: int = 0, most: int = MAX_COUNT) -> int:
    number = int(value) if type(value) is float and value.is_integer() else value
    if type(number) is int and least <= number <= most:
        return number
    message = f"{path} must be a whole number from {least} to {most:,}, not {_given(value)}"
    raise InvalidRequestError(message, field=path)


def _given(value: Json) -> str:
    if type(value) not in (int, float):
        return json_type(value)
    return "a fraction" if type(value) is float else "a number outside that range"


def _one_of(known: Iterable[str], value: Json, path: str, *, without: str = "to continue") -> str:
    if type(value) is str and value in known:
        return value
    every = ", ".join(known)
    if type(value) is not str:
        message = f"{path} must be one of {every}, not {json_type(value)}"
        raise InvalidRequestError(f"{message}; leave it out {without}", field=path)
    meant = _meant(value, list(known))
    hint = f"did you mean {meant}?" if meant else "put data of your own into current_state"
    message = f"{path} is a string, but not one of {every}; {hint}"
    raise InvalidRequestError(message, field=path)


def _meant(value: str, known: list[str]) -> str | None:
    word = value.strip().upper().replace("-", "_").replace(" ", "_")
    synonym = _SYNONYMS.get(word)
    if synonym in known:
        return str(synonym)
    import difflib  # noqa: PLC0415 - for an error message alone

    by_word = {name.upper(): name for name in known}
    return next((by_word[close] for close in difflib.get_close_matches(word[:40], by_word)), None)


def _size(value: Json, path: str) -> float:
    if type(value) in (int, float) and 0 <= value <= MAX_COUNT:
        size: float = value
        return size
    message = f"{path} must be a number of KB, 0 or more, not {json_type(value)}"
    raise InvalidRequestError(message, field=path)


def _tolerance(value: Json, path: str) -> Json:
    number = int(value) if type(value) is float and value.is_integer() else value
    if is_tolerance(number) and (type(number) is str or number <= MAX_COUNT):
        return number
    message = f'{path} must be a whole number, 0 or more, or a string from "0%" to "100%"'
    raise InvalidRequestError(f"{message}, not {_given(value)}", field=path)


def _text(value: Json, path: str) -> str:
    if type(value) is str:
        return value
    raise InvalidRequestError(f"{path} must be a string, not {json_type(value)}", field=path)


def _paths(keys: Callable[[Json, str], object], value: Json, path: str) -> Json:
    keys(value, path)
    return value


# By name. `execution_id` is not here: it is compared with the bag's own.
_KINDS: Final[dict[str, Callable[[Json, str], Json]]] = {
    "status": partial(_one_of, NEXT_ACTION_BY_STATUS),
    "next_action": partial(_one_of, dict.fromkeys(NEXT_ACTION_BY_STATUS.values())),
    "loop_counter": _count,
    "loop_limit": _count,
    "segment_to_run": _count,
    "next_segment_to_run": _count,
    "total_segments": _count,
    "execution_segments": _count,
    "segments_in_parent": _count,
    "segments_per_execution": partial(_count, least=1, most=MOST_SEGMENTS_PER_EXECUTION),
    MAP_CONCURRENCY: partial(_count, least=1, most=STEP_FUNCTIONS_MAP_CONCURRENCY),
    ITEMS_PER_BATCH: partial(_count, least=1, most=MOST_ITEMS_PER_BATCH),
    "state_revision": _count,
    "tolerated_branch_failures": _count,
    TOLERATED_ITEMS: _tolerance,
    "branch_conflict_strategy": partial(_one_of, CONFLICT_STRATEGIES, without="for the default"),
    PREVIEW_PATHS: partial(_paths, previewed_keys),
    REMOVED_PATHS: partial(_paths, removed_keys),
    "payload_size_kb": _size,
    "last_update_time": _text,
}
CHECKED_FIELDS: Final = frozenset(_KINDS)
