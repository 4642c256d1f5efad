"""Reading state through the core, verified, and with no way to write."""

from collections.abc import Iterator
from typing import Final, NoReturn

from statebag.errors import RefusedError
from statebag.places import Place, place_of
from universal_sync_core.cache import ByteCache
from universal_sync_core.codec import Json, decode
from universal_sync_core.keys import execution_in
from universal_sync_core.objects import Objects
from universal_sync_core.page_reader import PageReader
from universal_sync_core.retry import ExponentialBackoffRetry, RetryStrategy
from universal_sync_core.settings import Settings
from universal_sync_core.store import Location, ObjectStore, StoredObject
from universal_sync_core.usage import UsageSnapshot
from universal_sync_core.workspace import Workspace

# Somebody waits at the terminal.
_BASE_DELAY_SECONDS: Final = 0.3
_RETRY: Final = ExponentialBackoffRetry(base_delay=_BASE_DELAY_SECONDS)


class _ReadOnly:
    """A store that nothing is written to: looking at state changes none."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(
        self,
        location: Location,
        body: bytes,  # noqa: ARG002 - the port's
        *,
        content_encoding: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        raise RefusedError(f"nothing is written here: {location}", hint="This is a bug.")

    def get(self, location: Location) -> StoredObject:
        return self._store.get(location)

    def exists(self, location: Location) -> bool:
        return self._store.exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        return self._store.stream(location)


class StateReader:
    """Reads the state of one execution.

    Attributes:
        execution_id: whose state it is.
        pages: reads what pointers lead to; None where there is no place to read from.
    """

    def __init__(
        self,
        store: ObjectStore,
        place: Place | None,
        execution_id: str | None,
        *,
        retry: RetryStrategy | None = None,
        keeps: bool = True,
    ) -> None:
        """Read what `store` has at `place`; nothing is read yet.

        Args:
            store: the objects.
            place: where they are; None where there is nothing to read.
            execution_id: whose state it is; only that is read.
            retry: in place of a short backoff.
            keeps: whether what was read is kept, for another read.
        """
        settings = place.settings if place else Settings()
        self._workspace = Workspace(settings, _ReadOnly(store), retry or _RETRY)
        self.execution_id = execution_id
        cache = self._workspace.cache if keeps else ByteCache(0)
        self.objects = Objects(self._workspace, execution_id, cache=cache)
        self.pages = PageReader(self.objects)

    @property
    def usage(self) -> UsageSnapshot:
        """What has been asked of the store so far."""
        return self._workspace.usage.snapshot()

    def document(self, path: str) -> Json:
        """Return the JSON document of an object of this execution."""
        return decode(self.objects.read(path), path=path)


def reader_at(store: ObjectStore, path: str) -> StateReader:
    """Return a reader of the execution that a content-addressed path belongs to."""
    return StateReader(store, place_of(path), execution_in(path))
