"""When a part of the state was last touched, according to its own timestamp."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from universal_sync_core.values.codec import Json
from universal_sync_core.values.compression import expanded_size, is_compressed
from universal_sync_core.values.pointer import parse

TIME_FIELDS: Final = ("updated_at", "timestamp")

Resolve: TypeAlias = Callable[[Json], Json]

# No time has longer JSON: a string with an offset and nanoseconds takes half of it.
_MAX_BYTES: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS: Final = 10**9
# The size of a number tells its unit, given here as the units in a second. As seconds, the first
# limit is in the year 5138; as milliseconds, it is in 1973.
_UNITS: Final = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)


def read_time(value: Json) -> int | None:
    """Return a timestamp as nanoseconds since 1970, or None if it is not a time.

    Args:
        value: seconds, milliseconds, microseconds or nanoseconds since 1970, or RFC 3339 text. Text
            without an offset is UTC, and text without a time of day is midnight.
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
            # To the microsecond: a float of seconds is not more exact.
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
    """Return the time of a part: its `updated_at`, or its `timestamp`, or None.

    Args:
        fields: the fields of the part, as they are stored.
        resolve: reads or unpacks a value that is not an inline number or string.
    """
    for name in TIME_FIELDS:
        if name in fields:
            value = fields[name]
            time = read_time(resolve(value) if _may_be_time(value) else value)
            if time is not None:
                return time
    return None


def _may_be_time(value: Json) -> bool:
    """Tell whether a value in a stored form is small enough to be a time."""
    pointer = parse(value)
    if pointer is not None:
        return pointer.kind == "value" and pointer.size <= _MAX_BYTES
    return is_compressed(value) and expanded_size(value) <= _MAX_BYTES


def is_older(delta: Mapping[str, Json], base: Mapping[str, Json], resolve: Resolve) -> bool:
    """Tell whether both sides have a readable time and the delta's is earlier."""
    theirs = time_of(delta, resolve)
    ours = None if theirs is None else time_of(base, resolve)
    return ours is not None and theirs is not None and theirs < ours


def utc_now() -> str:
    """Return the current time in RFC 3339 and UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339(moment: datetime, *, timespec: str = "auto") -> str:
    """Return a moment with an offset in RFC 3339.

    Args:
        moment: a time with an offset. If the offset has seconds, as local mean times have, it
            becomes UTC.
        timespec: as for `datetime.isoformat`.
    """
    offset = moment.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        moment = moment.astimezone(UTC)
    text = moment.isoformat(timespec=timespec)
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
