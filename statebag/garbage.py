"""Which objects nothing refers to any more.

Two rules make a mistake keep an object, never delete one. Whatever looks like the path of an
object is a reference, wherever it stands. And what cannot be read keeps all of its execution.

Within an execution that runs nothing is deleted by default: state is content-addressed and created
once, so a function may at any moment write a value that is there already, unreferenced and old,
and then refer to it.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from statebag.aws import Cloud
from statebag.inventory import Stored
from statebag.places import Place, place_of
from statebag.reading import StateReader
from statebag.roots import Owner
from universal_sync_core.codec import Json, decode, encode
from universal_sync_core.compress import is_packed, unpack
from universal_sync_core.errors import MissingObjectError, StoredDataError
from universal_sync_core.keys import execution_in
from universal_sync_core.page_format import is_node, parse_node
from universal_sync_core.page_reader import child_path
from universal_sync_core.parallel import in_parallel
from universal_sync_core.pointer import PACKED_MARK, digest_in

# A snapshot, and a failure record, begin like this; both are written by the core alone.
_KEPT_BEGINNINGS: Final = (b'{"snapshot_id":', b'{"failure_record":')
_BEGINNING_BYTES: Final = 32
_AT_ONCE: Final = 256
_PATH: Final = re.compile(
    rb"s3://[a-z0-9][a-z0-9.-]+/[^\"\\\s]*?v1/[^/\"\\\s]+/sha256/[0-9a-f]{64}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is kept although nothing live refers to it.

    Attributes:
        now: the time.
        grace: nothing younger is deleted, nor what it refers to: it may be on its way into a state.
        keep_snapshots: how long snapshots and failure records are kept; None for as long as
            they are there.
        within_live: whether unreachable objects of executions that run may be deleted, too.
    """

    now: datetime
    grace: timedelta
    keep_snapshots: timedelta | None = None
    within_live: bool = False


@dataclass(slots=True, kw_only=True)
class Collection:
    """What was found of one execution.

    Attributes:
        objects: its content-addressed objects, by path.
        garbage: those that may be deleted.
        reason: why nothing of it may be, where that is so.
    """

    owner: Owner
    objects: dict[str, Stored]
    garbage: list[Stored] = field(default_factory=list)
    reason: str | None = None

    @property
    def size(self) -> int:
        """Bytes of its objects."""
        return sum(stored.size for stored in self.objects.values())

    @property
    def garbage_size(self) -> int:
        """Bytes of the garbage."""
        return sum(stored.size for stored in self.garbage)


class Collector:
    """Marks what is reachable, and tells what is left."""

    def __init__(
        self,
        cloud: Cloud,
        policy: Policy,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read through `cloud`; `told` is told the number of objects read."""
        self._cloud = cloud
        self._policy = policy
        self._told = told
        self._reached: set[str] = set()
        self._readers: dict[str | None, StateReader] = {}
        self._unreadable: set[str | None] = set()

    def collect(self, collections: dict[str, Collection]) -> None:
        """Note in each collection what of it is garbage."""
        for collection in collections.values():
            for text in collection.owner.texts:
                self._mark(paths_in(text))
        self._mark(self._new(collections))
        candidates = self._candidates(collections)
        self._mark(self._kept_snapshots(candidates))
        candidates = {p: each for p, each in candidates.items() if p not in self._reached}
        for collection in collections.values():
            collection.reason = self._reason(collection.owner)
            if collection.reason is None:
                collection.garbage = [
                    stored for path, stored in collection.objects.items() if path in candidates
                ]

    def _new(self, collections: dict[str, Collection]) -> list[str]:
        """Return what may be on its way into a state, and would need all it refers to."""
        latest = self._policy.now - self._policy.grace
        return [
            path
            for collection in collections.values()
            if self._reason(collection.owner) is None
            for path, stored in collection.objects.items()
            if stored.modified >= latest
        ]

    def _candidates(self, collections: dict[str, Collection]) -> dict[str, Stored]:
        return {
            path: stored
            for collection in collections.values()
            if self._reason(collection.owner) is None
            for path, stored in collection.objects.items()
            if path not in self._reached
        }

    def _kept_snapshots(self, candidates: dict[str, Stored]) -> list[str]:
        """Return the snapshots and failure records among the candidates that are to be kept."""
        keep = self._policy.keep_snapshots
        young = [
            (path, stored)
            for path, stored in candidates.items()
            if keep is None or self._policy.now - stored.modified <= keep
        ]
        begins = in_parallel(lambda item: self._begins_as_kept(item[1]), young)
        return [path for (path, _), is_kept in zip(young, begins, strict=True) if is_kept]

    def _begins_as_kept(self, stored: Stored) -> bool:
        beginning = self._cloud.inventory.head(stored.location, _BEGINNING_BYTES)
        return beginning.startswith(_KEPT_BEGINNINGS)

    def _reason(self, owner: Owner) -> str | None:
        """Return why nothing of an execution may be deleted, or None."""
        if not owner.is_known:
            return "no execution of Step Functions"
        if owner.execution_id in self._unreadable:
            return "some of its state cannot be read"
        if owner.is_live and not self._policy.within_live:
            return "it runs"
        return "a Distributed Map is under way" if owner.is_live and owner.has_map_run else None

    def _mark(self, paths: Iterable[str]) -> None:
        """Note objects, and all they refer to, as reached."""
        waiting = deque(self._first_reached(paths))
        while waiting:
            batch = [waiting.popleft() for _ in range(min(_AT_ONCE, len(waiting)))]
            for path in batch:  # made here: the threads below only read
                self._reader(path)
            found = in_parallel(self._references, batch)
            self._told(len(batch))
            for references in found:
                waiting.extend(self._first_reached(references))

    def _first_reached(self, paths: Iterable[str]) -> list[str]:
        """Return those of the paths that nothing has led to before, and note them."""
        new = [path for path in dict.fromkeys(paths) if path not in self._reached]
        self._reached.update(new)
        return new

    def _reader(self, path: str) -> StateReader:
        execution_id = execution_in(path)
        if execution_id not in self._readers:
            # Each object is read once.
            self._readers[execution_id] = StateReader(
                self._cloud.store, place_of(path), execution_id, keeps=False
            )
        return self._readers[execution_id]

    def _references(self, path: str) -> list[str]:
        try:
            return list(references_in(self._reader(path).objects.read(path), path))
        except MissingObjectError:
            return []
        except StoredDataError:
            self._unreadable.add(execution_in(path))
            return []


def paths_in(text: bytes) -> Iterator[str]:
    """Yield everything in a text that looks like the path of an object of state."""
    for match in _PATH.finditer(text):
        path = match[0].decode()
        if digest_in(path) is not None:
            yield path


def references_in(body: bytes, path: str) -> Iterator[str]:
    """Yield the paths that a stored document refers to.

    Raises:
        StoredDataError: it is no document of this version.
    """
    yield from paths_in(body)
    document = decode(body, path=path)
    if is_node(document):
        for child in parse_node(body, path).children:
            yield child_path(path, child.ref)
    if PACKED_MARK.encode() in body:
        for text in _packed_texts(document):
            yield from paths_in(text)


def content_of(cloud: Cloud, place: Place, prefix: str) -> dict[str, Stored]:
    """Return the content-addressed objects of an execution, by their paths."""
    found = cloud.inventory.objects(place.bucket, f"{prefix}sha256/")
    return {str(each.location): each for each in found if digest_in(str(each.location))}


def _packed_texts(value: Json) -> Iterator[bytes]:
    if is_packed(value):
        inner = unpack(value)
        yield encode(inner)
        yield from _packed_texts(inner)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _packed_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _packed_texts(item)
