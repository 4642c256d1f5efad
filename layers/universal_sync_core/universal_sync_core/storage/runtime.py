"""What all calls of a process share: settings, store, known objects and counters."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from threading import Lock

from universal_sync_core.settings import Settings
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.storage.retry import ExponentialBackoffRetry, RetryStrategy
from universal_sync_core.storage.store import Location, ObjectStore, read_record
from universal_sync_core.storage.usage import Usage

# Times to keep from an invocation, so that it can still answer: by retries, and by a request.
_RESERVE_SECONDS = 2.0
_LEAST_RESERVE_SECONDS = 0.25


class Runtime:
    """Settings, store, cache, known objects and counters; the store is made when first needed."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore | None = None,
        retry: RetryStrategy | None = None,
    ) -> None:
        """Hold the settings; `store` and `retry` replace the S3 store and its backoff."""
        self.settings = settings
        self.cache = ByteCache(settings.cache_bytes)
        self.known = KnownObjects()
        self.usage = Usage()
        self._store = store
        self._making_store = Lock()
        self._retry = retry
        self._deadline: Callable[[], float] = lambda: float("inf")

    @property
    def store(self) -> ObjectStore:
        """The object store of this process."""
        with self._making_store:  # many threads may need it first
            if self._store is None:
                from universal_sync_core.storage.s3_store import S3Store  # noqa: PLC0415 - with boto3

                self._store = S3Store(
                    kms_key_id=self.settings.kms_key_id, request_seconds=self._request_seconds
                )
            return self._store

    @cached_property
    def retry(self) -> RetryStrategy:
        """The retry strategy of requests, within the time that is left."""
        return self._retry or ExponentialBackoffRetry(
            seconds_left=self.seconds_left, on_retry=self.usage.count_retry
        )

    def read(self, location: Location) -> bytes:
        """Return the bytes of a record, with retries; the errors are those of `read_record`."""
        return self.retry.execute(read_record, self.store, location)

    def create(self, location: Location, body: bytes) -> bool:
        """Create an object, with retries, and return False if it exists already."""
        return self.retry.execute(self.store.put, location, body)

    def exists(self, location: Location) -> bool:
        """Tell whether there is an object, with retries."""
        return self.retry.execute(self.store.exists, location)

    def seconds_left(self) -> float:
        """Return the seconds until the invocation must answer."""
        return self._deadline() - _RESERVE_SECONDS

    def _request_seconds(self) -> float:
        """Return how long a request may take: Lambda would end the call without an error's name."""
        return self._deadline() - _LEAST_RESERVE_SECONDS

    @contextmanager
    def until(self, milliseconds_left: Callable[[], int]) -> Iterator[None]:
        """Bound all requests and retries by the time that an invocation has left.

        Args:
            milliseconds_left: returns that time, such as `get_remaining_time_in_millis` of a Lambda
                context.
        """
        before = self._deadline
        self._deadline = lambda: milliseconds_left() / 1000
        try:
            yield
        finally:
            self._deadline = before


_USED: ContextVar[Runtime | None] = ContextVar("runtime", default=None)


@cache
def _of_process(_process: int) -> Runtime:
    """Return the runtime of a process: one that was forked off must not share connections."""
    return Runtime(Settings.from_env(os.environ))


def current() -> Runtime:
    """Return the runtime in use: the one of `use`, or the one from the environment."""
    return _USED.get() or _of_process(os.getpid())


@contextmanager
def use(
    *,
    settings: Settings,
    store: ObjectStore | None = None,
    retry: RetryStrategy | None = None,
) -> Iterator[Runtime]:
    """Use another runtime for a while, for instance over a MemoryStore."""
    token = _USED.set(Runtime(settings, store, retry))
    try:
        yield current()
    finally:
        _USED.reset(token)
