"""A store in memory that is as late as S3 and counts what S3 would charge for."""

import time
from collections.abc import Iterator
from threading import Lock

from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part, StoredObject


class MeteredStore(MemoryStore):
    """Counts requests and bytes.

    Attributes:
        puts: PUT requests, those that found the object there already included.
        gets: GET requests.
        bytes_sent: bytes of the bodies of all PUT requests.
    """

    def __init__(self, delay_seconds: float = 0.0) -> None:
        """Start empty; each request is late by the same time."""
        super().__init__()
        self._delay_seconds = delay_seconds
        self._lock = Lock()
        self.puts = self.gets = self.bytes_sent = 0

    @property
    def bytes_stored(self) -> int:
        """Bytes of all objects there are."""
        return sum(len(stored.body) for stored in self.objects.values())

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create the object; return False where one of that name is there already."""
        with self._lock:
            self.puts += 1
            self.bytes_sent += len(body)
        self._wait()
        return super().put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the whole object; MissingObjectError where there is none."""
        with self._lock:
            self.gets += 1
        self._wait()
        return super().get(location, part)

    def exists(self, location: Location) -> bool:
        """Tell whether there is an object, without reading it."""
        with self._lock:
            self.gets += 1
        self._wait()
        return super().exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the decoded body piece by piece; MissingObjectError where there is none."""
        yield self.get(location).body

    def _wait(self) -> None:
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
