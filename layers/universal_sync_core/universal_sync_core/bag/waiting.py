"""Waiting for a time: how long a workflow waits, and what it does afterwards."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_EXECUTION_SECONDS
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.timestamps import read_time, rfc3339

SECONDS: Final = "wait_seconds"
UNTIL: Final = "wait_until"
# The Wait state reads here when it ends, and the next_action after it.
WAIT_STATE: Final = "wait_state"
_TOLD: Final = {"until": str, "then": str}
_NANOSECONDS: Final = 10**9
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def wait_until(asked: JsonObject, place: str) -> str:
    """Return when a wait ends, in whole seconds and UTC, as a Wait state expects a timestamp.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html

    Args:
        asked: the fields of a result, with either `wait_seconds` or `wait_until`.
        place: the path of the fields, for messages.

    Raises:
        InvalidRequestError: it has neither or both, or the time is not valid or not within a year.
    """
    seconds, until = asked.get(SECONDS), asked.get(UNTIL)
    if (seconds is None) == (until is None):
        given = "neither" if seconds is None else "both"
        message = (
            f"WAIT needs either {SECONDS}, a whole number, or {UNTIL}, a time in RFC 3339; the"
            f" result has {given}"
        )
        raise InvalidRequestError(message, field=f"{place}.{SECONDS}")
    now = datetime.now(UTC)
    if until is None:
        return _rendered(now, seconds_in(seconds, f"{place}.{SECONDS}"))
    return _rendered(now, _seconds_until(until, now, f"{place}.{UNTIL}"))


def is_wait_state(value: Json) -> bool:
    """Tell whether a value has the form that the Wait state reads."""
    return (
        type(value) is dict
        and {name: type(item) for name, item in value.items()} == _TOLD
        and _RFC3339.fullmatch(value["until"]) is not None
    )


def seconds_in(value: Json, path: str, *, least: int = 0) -> int:
    """Return a number of seconds for which an execution can wait.

    Raises:
        InvalidRequestError: it is not a whole number, or more than a year; the message names the
            path.
    """
    whole = int(value) if type(value) is float and value.is_integer() else value
    if type(whole) is int and least <= whole <= STEP_FUNCTIONS_EXECUTION_SECONDS:
        return whole
    most = f"{STEP_FUNCTIONS_EXECUTION_SECONDS:,}"
    message = f"{path} must be a whole number of seconds from {least} to {most}, a year"
    raise InvalidRequestError(message, field=path)


def _seconds_until(value: Json, now: datetime, path: str) -> float:
    """Return how far away a time is; 0 if it has passed."""
    is_time = type(value) is str and _RFC3339.fullmatch(value) is not None
    moment = read_time(value) if is_time else None
    if moment is None:
        message = f"{path} must be a time in RFC 3339 with its offset, such as 2030-01-31T09:00:00Z"
        raise InvalidRequestError(message, field=path)
    left = moment / _NANOSECONDS - now.timestamp()
    if left > STEP_FUNCTIONS_EXECUTION_SECONDS:
        message = f"{path} is more than a year away, and an execution runs for a year at most"
        raise InvalidRequestError(message, field=path)
    return max(0, left)


def _rendered(now: datetime, seconds: float) -> str:
    """Return the whole second after this many seconds; a Wait state cuts fractions."""
    end = now + timedelta(seconds=seconds)
    if seconds and end.microsecond:
        end += timedelta(seconds=1)
    return rfc3339(end.replace(microsecond=0))
