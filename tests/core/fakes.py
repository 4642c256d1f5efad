"""Stores that count, fail, corrupt or dawdle, each round another store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Condition, Lock

from universal_sync_core.errors import (
    StateSyncError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject


class PassingStore:
    """Passes every verb on; the others change what they are about."""

    def __init__(self, inner: ObjectStore | None = None) -> None:
        self.inner = MemoryStore() if inner is None else inner

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        return self.inner.put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        return self.inner.get(location, part)

    def exists(self, location: Location) -> bool:
        return self.inner.exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        return self.inner.stream(location)


class CountingStore(PassingStore):
    """Notes what is asked of it.

    Attributes:
        puts: locations, in the order they were asked for.
        gets: locations, those of streams included.
        heads: locations of which only was asked whether there is an object.
        bytes_put: bytes of the bodies sent.
    """

    def __init__(self, inner: ObjectStore | None = None) -> None:
        super().__init__(inner)
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        self.puts: list[Location] = []
        self.gets: list[Location] = []
        self.heads: list[Location] = []
        self.bytes_put = 0

    @property
    def requests(self) -> int:
        return len(self.puts) + len(self.gets) + len(self.heads)

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        with self._lock:
            self.puts.append(location)
            self.bytes_put += len(body)
        return super().put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        with self._lock:
            self.gets.append(location)
        return super().get(location, part)

    def exists(self, location: Location) -> bool:
        with self._lock:
            self.heads.append(location)
        return super().exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        with self._lock:
            self.gets.append(location)
        return super().stream(location)


class FlakyStore(PassingStore):
    """Fails its first requests, and works from then on."""

    def __init__(
        self,
        inner: ObjectStore | None = None,
        *,
        fail: float,
        error: StateSyncError | None = None,
    ) -> None:
        """Choose how it fails.

        Args:
            inner: the store behind it.
            fail: how many requests fail; `math.inf` for a store that is down.
            error: what they fail with.
        """
        super().__init__(inner)
        self.left = fail
        self._error = error or StoreUnavailableError("down")

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        self._fail()
        return super().put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        self._fail()
        return super().get(location, part)

    def exists(self, location: Location) -> bool:
        self._fail()
        return super().exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        self._fail()
        return super().stream(location)

    def _fail(self) -> None:
        if self.left > 0:
            self.left -= 1
            raise self._error


class BrownoutStore(PassingStore):
    """Refuses some writes for as long as it is ill, as S3 does when a prefix heats up.

    Attributes:
        ill: whether it refuses any.
        refused: how many it has refused.
    """

    def __init__(self, inner: ObjectStore | None, refuses: Callable[[bytes], bool]) -> None:
        super().__init__(inner)
        self._refuses = refuses
        self.ill = True
        self.refused = 0

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        if self.ill and self._refuses(body):
            self.refused += 1
            raise StoreThrottledError("S3 asked to slow down")
        return super().put(location, body, content_encoding=content_encoding)


class AlteringStore(PassingStore):
    """Gives bodies back altered, as often as it is told to."""

    def __init__(
        self,
        inner: ObjectStore,
        alter: Callable[[StoredObject], StoredObject],
        *,
        times: float = float("inf"),
    ) -> None:
        super().__init__(inner)
        self._alter = alter
        self._left = times

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        stored = super().get(location, part)
        if self._left <= 0:
            return stored
        self._left -= 1
        return self._alter(stored)


class CorruptingStore(AlteringStore):
    """Flips a bit of every byte."""

    def __init__(self, inner: ObjectStore, *, times: float = float("inf")) -> None:
        super().__init__(inner, _with_bits_flipped, times=times)


class TruncatingStore(AlteringStore):
    """Gives only the first half of every body."""

    def __init__(self, inner: ObjectStore, *, times: float = float("inf")) -> None:
        super().__init__(inner, _half, times=times)


class SlowStore(PassingStore):
    """Notes how many requests are under way at once: each waits for those that come with it.

    A request is answered when no other has begun for `seconds`, so a busy machine, on which threads
    start late, sees as many at once as any other.
    """

    def __init__(self, inner: ObjectStore, *, seconds: float) -> None:
        super().__init__(inner)
        self._seconds = seconds
        self._changed = Condition()
        self._under_way = 0
        self.most_at_once = 0

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        with self._changed:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            self._changed.notify_all()
            while self._changed.wait(self._seconds):
                pass  # another has begun
            self._under_way -= 1
        return super().get(location, part)


@dataclass
class FakeClock:
    """A clock that sleeping moves on.

    Attributes:
        slept: the length of every sleep, in seconds.
    """

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def _with_bits_flipped(stored: StoredObject) -> StoredObject:
    return StoredObject(bytes(byte ^ 1 for byte in stored.body), stored.content_encoding)


def _half(stored: StoredObject) -> StoredObject:
    return StoredObject(stored.body[: len(stored.body) // 2], stored.content_encoding)
