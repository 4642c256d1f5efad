"""A bucket in memory: what is in it, with a time for each object, and what was deleted from it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from statebag.account.versions import Version
from universal_sync_core.retention.inventory import Stored
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


class MemoryVersions:
    """The versions of a MemoryStore: what is there, and what was deleted and may come back."""

    def __init__(self, inventory: "MemoryInventory") -> None:
        self._inventory = inventory
        self.erased: list[str] = []

    def of(self, bucket: str, prefix: str) -> Iterator[Version]:
        hidden = self._inventory.hidden
        for location in sorted({*self._inventory.stored, *hidden}, key=lambda each: each.key):
            if location.bucket == bucket and location.key.startswith(prefix):
                is_there = location in self._inventory.stored
                stored = self._inventory.stored[location] if is_there else hidden[location]
                size = len(stored.body)
                yield Version(location=location, number="1", size=size, is_newest=is_there)
                if not is_there:
                    yield Version(location=location, number="2", is_marker=True, is_newest=True)

    def erase(self, versions: Sequence[Version]) -> None:
        for each in versions:
            self._inventory.stored.pop(each.location, None)
            self._inventory.hidden.pop(each.location, None)
            self.erased.append(each.location.key)


class MemoryInventory:
    """The inventory of a MemoryStore, with a time for each object.

    Attributes:
        deleted: keys, in the order they were deleted.
        versioned: whether what is deleted can be undeleted.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.modified: dict[str, datetime] = {}
        self.long_ago = NOW - timedelta(days=365)
        self.deleted: list[str] = []
        self.heads = 0
        self.versioned = True
        self.stored = store.objects
        self.hidden: dict[Location, StoredObject] = {}

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        for location, stored in sorted(self._store.objects.items(), key=lambda item: item[0].key):
            if location.bucket == bucket and location.key.startswith(prefix):
                when = self.modified.get(location.key, self.long_ago)
                yield Stored(location, len(stored.body), when)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        found = {
            prefix + location.key[len(prefix) :].split("/")[0] + "/"
            for location in self._store.objects
            if location.bucket == bucket and location.key.startswith(prefix)
        }
        yield from sorted(found)

    def head(self, location: Location, size: int) -> bytes:
        self.heads += 1
        return self._store.get(location).body[:size]

    def delete(self, locations: Sequence[Location]) -> None:
        for location in locations:
            self.hidden[location] = self._store.objects.pop(location)
            self.deleted.append(location.key)

    def keeps_versions(self, bucket: str) -> bool:  # noqa: ARG002 - there is one
        return self.versioned

    def undelete(self, locations: Sequence[Location]) -> None:
        assert self.versioned
        for location in locations:
            self._store.objects.setdefault(location, self.hidden[location])
            self.hidden.pop(location, None)
            self.deleted.remove(location.key)
