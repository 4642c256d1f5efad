"""Executions in a bucket: which have objects there, when they ended, whose state they use."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from statebag.account.aws import Cloud
from statebag.account.places import Place
from universal_sync_core.errors import InvalidRequestError, StoredDataError
from universal_sync_core.retention.ended import RecordName, ended_prefix
from universal_sync_core.retention.members import (
    Members,
    digest_of,
    mark,
    marked_execution,
    members_prefix,
)
from universal_sync_core.storage.keys import owner_in
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.store import read_record


def executions_with_state(cloud: Cloud, place: Place) -> Iterator[str]:
    """Yield the ids of the executions that have objects at a place."""
    for folder in cloud.inventory.folders(place.bucket, place.layout):
        owner = owner_in(place.settings, folder)
        if owner is not None:
            yield owner


def recorded_ends(cloud: Cloud, place: Place) -> dict[str, datetime]:
    """Return when executions last ended, by what they are called in names of records."""
    ends: dict[str, datetime] = {}
    for stored in cloud.inventory.objects(place.bucket, ended_prefix(place.settings)):
        name = RecordName.in_key(stored.location.key)
        if name is not None:
            ends[name.digest] = max(name.stopped, ends.get(name.digest, name.stopped))
    return ends


def members_of(cloud: Cloud, place: Place, owners: Collection[str]) -> Mapping[str, list[str]]:
    """Return the executions that went on with each of some states, by who began it."""
    ids = list(owners)
    found = in_parallel(lambda owner: _members(cloud, place, owner), ids)
    return {owner: members for owner, members in zip(ids, found, strict=True) if members}


def has_gone_on(cloud: Cloud, place: Place, owner: str, arn: str) -> bool:
    """Tell whether an execution has left the mark that it went on with the state of another."""
    with suppress(InvalidRequestError):  # the owner is text that no execution has for an id
        return _member(cloud, place, owner, digest_of(arn)) == arn
    return False


def _members(cloud: Cloud, place: Place, owner: str) -> list[str]:
    """Return the members; one whose mark cannot be read counts as the text of its mark."""
    prefix = members_prefix(place.settings, owner)
    listed = cloud.inventory.objects(place.bucket, prefix)
    began = Members.named((stored.location.key for stored in listed), prefix).began
    return [_member(cloud, place, owner, digest) or digest for digest in sorted(began)]


def _member(cloud: Cloud, place: Place, owner: str, digest: str) -> str | None:
    try:
        location = mark(place.settings, owner, digest, "began")
        return marked_execution(read_record(cloud.store, location))
    except StoredDataError:
        return None
