"""The records of ended executions in a bucket, the newest first, in bounded memory.

A bucket lists keys in their order, which is that of time. So a day is asked for, and where it has
more than one answer holds, its hours from the last to the first, and so on to the second.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.places import Place
from statebag.state.reading import body_at
from universal_sync_core.errors import StoredDataError
from universal_sync_core.retention.ended import (
    RecordName,
    day_prefix,
    ended_prefix,
    record_in,
)
from universal_sync_core.retention.inventory import DELETE_AT_ONCE, Stored
from universal_sync_core.values.codec import JsonObject

# An answer of S3 has as many keys as one deletion takes.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
_LISTED_AT_ONCE: Final = DELETE_AT_ONCE
# What comes next in a key: the hour of a day, its minute, its second.
_PARTS: Final = (24, 60, 60)


def names_newest_first(
    cloud: Cloud, place: Place, *, since: datetime | None = None, before: RecordName | None = None
) -> Iterator[RecordName]:
    """Yield the names of the records at a place, newest first.

    Args:
        cloud: lists the bucket.
        place: where the records are.
        since: leave out what ended earlier.
        before: begin after this one.
    """
    for day in sorted(_days(cloud, place), reverse=True):
        if before is not None and day > before.stopped.date():
            continue
        if since is not None and day < since.astimezone(UTC).date():
            return
        for name in _of_span(cloud, place, day_prefix(place.settings, day), _PARTS):
            if before is None or name < before:
                if since is not None and name.stopped + timedelta(seconds=1) <= since:
                    return
                yield name


def record_at(cloud: Cloud, place: Place, name: RecordName) -> JsonObject | None:
    """Return the record of that name; None where there is none, or it is damaged."""
    location = name.location(place.settings)
    try:
        return record_in(body_at(cloud, location), str(location))
    except StoredDataError:
        return None


def _days(cloud: Cloud, place: Place) -> Iterator[date]:
    prefix = ended_prefix(place.settings)
    for folder in cloud.inventory.folders(place.bucket, prefix):
        try:
            yield date.fromisoformat(folder.removeprefix(prefix).rstrip("/"))
        except ValueError:  # no day
            continue


def _of_span(
    cloud: Cloud, place: Place, prefix: str, parts: tuple[int, ...]
) -> Iterator[RecordName]:
    """Yield the names below a prefix, the last key first."""
    found = cloud.inventory.objects(place.bucket, prefix)
    first = list(islice(found, _LISTED_AT_ONCE))
    if len(first) < _LISTED_AT_ONCE or not parts:
        yield from _names(reversed([*first, *found]))
        return
    for part in reversed(range(parts[0])):
        yield from _of_span(cloud, place, f"{prefix}{part:02}", parts[1:])


def _names(found: Iterator[Stored]) -> Iterator[RecordName]:
    for stored in found:
        name = RecordName.in_key(stored.location.key)
        if name is not None:
            yield name
