"""Reading state through the core, verified, and with no way to write."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NoReturn, TypeVar

from statebag.account.aws import Cloud
from statebag.account.places import Place, place_of
from statebag.budgets import budget_of
from statebag.errors import RefusedError
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.settings import Settings
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.retry import ExponentialBackoffRetry, RetryStrategy
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import (
    Location,
    ObjectStore,
    Part,
    StoredObject,
    read_record,
)
from universal_sync_core.storage.usage import UsageSnapshot
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.codec import Json

Item = TypeVar("Item")
Result = TypeVar("Result")

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

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        return self._store.get(location, part)

    def exists(self, location: Location) -> bool:
        return self._store.exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        return self._store.stream(location)


class StateReader:
    """Reads the state of one execution.

    Attributes:
        execution_id: whose state it is.
        budget: what may be read in all.
        pages: reads what pointers lead to; None where there is no place to read from.
    """

    def __init__(  # noqa: PLR0913 - what a read depends on
        self,
        store: ObjectStore,
        place: Place | None,
        execution_id: str | None,
        *,
        retry: RetryStrategy | None = None,
        keeps: bool = True,
        budget: Budget | None = None,
    ) -> None:
        """Read what `store` has at `place`; nothing is read yet.

        Args:
            store: the objects.
            place: where they are; None where there is nothing to read.
            execution_id: whose state it is; only that is read.
            retry: in place of a short backoff.
            keeps: whether what was read is kept, for another read.
            budget: what may be read, in place of the usual for one command.
        """
        settings = place.settings if place else Settings()
        self._workspace = Runtime(settings, _ReadOnly(store), retry or _RETRY)
        self.execution_id = execution_id
        cache = self._workspace.cache if keeps else ByteCache(0)
        self.budget = budget or budget_of()
        self.objects = Objects(self._workspace, execution_id, cache=cache, budget=self.budget)
        self.pages = PageReader(self.objects)

    @property
    def usage(self) -> UsageSnapshot:
        """What has been asked of the store so far."""
        return self._workspace.usage.snapshot()

    def document(self, path: str) -> Json:
        """Return the JSON document that a pack of this execution was written for, its last."""
        return self.objects.record(path)[1].value


def read_each(
    func: Callable[[Item], Result], items: Sequence[Item], reader: Callable[[Item], StateReader]
) -> list[Result | None]:
    """Return `func` of each item, in their order; None where one alone is more than the budget.

    They are read side by side as long as all of them fit into one budget, and else one by one.

    Args:
        func: reads and looks at what an item names.
        items: objects, each read once and not kept.
        reader: tells which reader `func` reads an item with.
    """

    def tried(item: Item) -> Result | None:
        try:
            return func(item)
        except StateTooLargeError:
            return None

    readers = [reader(item) for item in items]
    shared = readers[0].budget.renewed() if readers else None
    for each in readers:
        each.objects.budget = shared or each.budget
    found = in_parallel(tried, items)
    for position, item in enumerate(items):
        if found[position] is None:
            readers[position].objects.budget = readers[position].budget.renewed()
            found[position] = tried(item)
    return found


def body_at(cloud: Cloud, location: Location) -> bytes:
    """Return a record, trying again where S3 is busy; the errors are those of `read_record`."""
    return _RETRY.execute(read_record, cloud.store, location)


def reader_of(cloud: Cloud, place: Place | None, execution_id: str | None) -> StateReader:
    """Return a reader of an execution's state, which all that a command reads share a budget of."""
    return StateReader(cloud.store, place, execution_id, budget=cloud.budget)


def reader_at(cloud: Cloud, path: str) -> StateReader:
    """Return a reader of the execution that a content-addressed path belongs to."""
    return reader_of(cloud, place_of(path), execution_in(path))
