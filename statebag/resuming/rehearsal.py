"""What the bag of the next execution would be, made by the core itself, with nothing written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.resuming.bases import Base
from statebag.resuming.starts import Start, start_from
from statebag.state.differences import Change, Comparison
from statebag.state.reading import StateReader
from universal_sync_core.bag.execution_budget import USED
from universal_sync_core.bag.fields import CHAIN
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject
from universal_sync_core.values.codec import JsonObject
from universal_sync_core.workflow.continuation import resumed_bag
from universal_sync_core.workflow.snapshot import create_snapshot

# What each execution that goes on notes again.
_NOTED: Final = frozenset({CHAIN, USED, "pre_snapshot_s3_path"})


class Overlay:
    """A store that reads the stored objects, and keeps new ones in memory."""

    def __init__(self, below: ObjectStore) -> None:
        """Read from `below` what was not written here."""
        self._below = below
        self._above = MemoryStore()

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Keep an object in memory."""
        return self._above.put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return an object."""
        return self._of(location).get(location, part)

    def exists(self, location: Location) -> bool:
        """Tell whether there is an object."""
        return self._of(location).exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the body of an object."""
        return self._of(location).stream(location)

    def _of(self, location: Location) -> ObjectStore:
        return self._above if self._above.exists(location) else self._below


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What starting an execution would do.

    Attributes:
        changes: what would differ between the state and the bag that it begins with.
    """

    start: Start
    changes: list[Change]


def rehearsed(cloud: Cloud, base: Base, given: JsonObject, name: str | None) -> Rehearsal:
    """Return what starting an execution from a state would do.

    Args:
        cloud: where the state is.
        base: the state, of which a snapshot is made in memory where there is none.
        given: what is changed in it.
        name: of the execution, or None for one that follows from the state.

    Raises:
        StateSyncError: the execution would end with it, or the state cannot be read.
    """
    store = Overlay(cloud.store)
    with runtime.use(settings=base.place.settings, store=store):
        start = started_from(base, base.path or _snapshot(base), given, name)
        after = resumed_bag(start.input, {"execution_id": start.arn}, counters={})
    readers = [
        StateReader(each, base.place, base.owner, budget=cloud.budget)
        for each in (cloud.store, store)
    ]
    found = Comparison(*readers).bags(base.bag, after)
    return Rehearsal(start=start, changes=[each for each in found if each.steps[0] not in _NOTED])


def started_from(base: Base, path: str, given: JsonObject, name: str | None) -> Start:
    """Return the start that goes on from a state, of which a snapshot is at `path`."""
    return start_from(path, given, name, base.machine_arn, is_fork=base.is_fork)


def _snapshot(base: Base) -> str:
    bag = create_snapshot(base.bag, "pre", {"execution_id": base.owner})
    path: str = bag["pre_snapshot_s3_path"]
    return path
