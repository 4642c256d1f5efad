"""Counters of the requests that the calls of a process made to the store."""

from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSnapshot:
    """Counters at one moment.

    Attributes:
        requests: requests sent to the store, including retries.
        retries: requests after the first try.
        objects_written: objects created.
        bytes_written: bytes of the bodies of these objects.
        bytes_read: bytes of the bodies that were read.
        items_failed: failed items of Distributed Maps that were joined.
    """

    requests: int = 0
    retries: int = 0
    objects_written: int = 0
    bytes_written: int = 0
    bytes_read: int = 0
    items_failed: int = 0

    def since(self, earlier: "UsageSnapshot") -> "UsageSnapshot":
        """Return the difference to an `earlier` snapshot."""
        return UsageSnapshot(
            requests=self.requests - earlier.requests,
            retries=self.retries - earlier.retries,
            objects_written=self.objects_written - earlier.objects_written,
            bytes_written=self.bytes_written - earlier.bytes_written,
            bytes_read=self.bytes_read - earlier.bytes_read,
            items_failed=self.items_failed - earlier.items_failed,
        )


@dataclass(slots=True)
class Usage:
    """Counters that many threads may add to."""

    requests: int = 0
    retries: int = 0
    objects_written: int = 0
    bytes_written: int = 0
    bytes_read: int = 0
    items_failed: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count_read(self, size: int) -> None:
        """Add a read of `size` bytes."""
        with self._lock:
            self.bytes_read += size

    def count_write(self, size: int) -> None:
        """Add an object of `size` bytes."""
        with self._lock:
            self.objects_written += 1
            self.bytes_written += size

    def count_request(self) -> None:
        """Add a request."""
        with self._lock:
            self.requests += 1

    def count_retry(self) -> None:
        """Add a retry."""
        with self._lock:
            self.retries += 1

    def count_failed_items(self, count: int) -> None:
        """Add items of a map that failed."""
        with self._lock:
            self.items_failed += count

    def snapshot(self) -> UsageSnapshot:
        """Return the counters as they are now."""
        with self._lock:
            return UsageSnapshot(
                requests=self.requests,
                retries=self.retries,
                objects_written=self.objects_written,
                bytes_written=self.bytes_written,
                bytes_read=self.bytes_read,
                items_failed=self.items_failed,
            )
