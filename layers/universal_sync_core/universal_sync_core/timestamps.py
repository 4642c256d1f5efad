"""When a part of the state was last touched, as the part itself says."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from universal_sync_core.codec import Json

TIME_FIELDS: Final = ("updated_at", "timestamp")


def read_time(value: Json) -> float | None:
    """Return a timestamp as seconds since 1970, or None where it cannot be read.

    Args:
        value: seconds as a number, or ISO-8601 text, which without an offset is UTC.
    """
    if type(value) is int or type(value) is float:
        return float(value) if abs(value) < 2**63 else None
    if type(value) is not str:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def time_of(fields: Mapping[str, Json]) -> float | None:
    """Return the time of a part: its `updated_at`, else its `timestamp`, else None."""
    times = (read_time(fields.get(name)) for name in TIME_FIELDS)
    return next((time for time in times if time is not None), None)


def is_older(delta: Mapping[str, Json], base: Mapping[str, Json]) -> bool:
    """Tell whether both sides carry a readable time and the delta's is the earlier."""
    ours, theirs = time_of(base), time_of(delta)
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
