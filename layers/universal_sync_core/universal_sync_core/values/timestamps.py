"""When a part of the state was last touched, as the part itself says."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from universal_sync_core.values.codec import Json
from universal_sync_core.values.compression import expanded_size, is_compressed
from universal_sync_core.values.pointer import parse

TIME_FIELDS: Final = ("updated_at", "timestamp")

Resolve: TypeAlias = Callable[[Json], Json]

# No JSON of a time has more: of a text with an offset to the nanosecond half of it are left over.
_MAX_BYTES: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS: Final = 10**9
# The unit of a number is told by its size, and with it how many of them make a second. As seconds
# the first limit is in the year 5138, and as milliseconds it is in 1973.
_UNITS: Final = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)


def read_time(value: Json) -> int | None:
    """Return a timestamp as nanoseconds since 1970, or None where it is no time.

    Args:
        value: seconds, milliseconds, microseconds or nanoseconds since 1970, or RFC 3339 text. A
            text without an offset is UTC, and one without a time of day is midnight.
    """
    if type(value) is int or type(value) is float:
        return _of_number(value)
    match = _TIME.fullmatch(value) if type(value) is str else None
    return None if match is None else _of_text(*match.groups())


def _of_number(value: float) -> int | None:
    for limit, per_second in _UNITS:
        if abs(value) < limit:
            if type(value) is int:
                return value * (_NANOSECONDS // per_second)
            # To the microsecond, which is as exact as a float of seconds is.
            return round(value * (10**6 / per_second)) * 1_000
    return None


def _of_text(
    day: str, minute: str | None, second: str | None, fraction: str | None, offset: str | None
) -> int | None:
    leap = second == "60"
    text = f"{day}T{minute or '00:00'}:{'59' if leap else second or '00'}{(offset or 'Z').upper()}"
    try:
        moment = datetime.fromisoformat(text)
        whole = (moment - _EPOCH) // timedelta(seconds=1) + leap
    except (ValueError, OverflowError):
        return None
    return whole * _NANOSECONDS + int((fraction or "0")[:9].ljust(9, "0"))


def _as_it_is(value: Json) -> Json:
    return value


def time_of(fields: Mapping[str, Json], resolve: Resolve = _as_it_is) -> int | None:
    """Return the time of a part: its `updated_at`, else its `timestamp`, else None.

    Args:
        fields: of the part, as they are stored.
        resolve: reads or unpacks a value that is no number or text as it stands.
    """
    stored = (fields.get(name) for name in TIME_FIELDS)
    times = (read_time(resolve(value) if _may_be_time(value) else value) for value in stored)
    return next((time for time in times if time is not None), None)


def _may_be_time(value: Json) -> bool:
    """Tell whether a value in a form of ours is small enough to be a time."""
    pointer = parse(value)
    if pointer is not None:
        return pointer.kind == "value" and pointer.size <= _MAX_BYTES
    return is_compressed(value) and expanded_size(value) <= _MAX_BYTES


def is_older(delta: Mapping[str, Json], base: Mapping[str, Json], resolve: Resolve) -> bool:
    """Tell whether both sides carry a readable time and the delta's is the earlier."""
    ours, theirs = time_of(base, resolve), time_of(delta, resolve)
    return ours is not None and theirs is not None and theirs < ours


def utc_now() -> str:
    """Return the time now in RFC 3339, in UTC."""
    return rfc3339(datetime.now(UTC), timespec="milliseconds")


def rfc3339(moment: datetime, *, timespec: str = "auto") -> str:
    """Return a moment, of which the offset is known, as RFC 3339 has it.

    Args:
        moment: a time with an offset. One of seconds, as local mean times have, becomes UTC.
        timespec: as of `datetime.isoformat`.
    """
    offset = moment.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    text = moment.isoformat(timespec=timespec)
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
