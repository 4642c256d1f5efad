"""Reading documents of packs and other objects: by ranges, verified, and with retries."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from universal_sync_core.errors import ChecksumMismatchError
from universal_sync_core.packs.outbox import Outbox
from universal_sync_core.packs.places import Places
from universal_sync_core.packs.ranges import Reach, joined
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.retry import RetryStrategy
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location, Part, StoredObject
from universal_sync_core.values.address import Address, digest_in
from universal_sync_core.values.budget import Budget

P = ParamSpec("P")
T = TypeVar("T")


class Fetching(Places):
    """Returns the stored bytes of documents: from what this call added, the cache, or S3."""

    def __init__(
        self,
        runtime: Runtime,
        execution_id: str | None,
        *,
        retry: RetryStrategy | None = None,
        cache: ByteCache | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Take part in one call; nothing is read or written yet.

        Args:
            runtime: its store and counters are used.
            execution_id: the execution that owns these objects; without it, none can be read or
                written.
            retry: replaces the retry strategy of the process.
            cache: replaces the cache of the process.
            budget: how much may be read; replaces what the settings allow.
        """
        super().__init__(runtime.settings, execution_id)
        self.budget = budget or Budget.of(runtime.settings)
        self._runtime = runtime
        self._retry = retry or runtime.retry
        self._cache = runtime.cache if cache is None else cache
        self._usage = runtime.usage
        self._seen = runtime.known
        self._outbox = Outbox()

    def retried(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `func` returns, with the same retries as requests."""
        return self._retry.execute(func, *args, **kwargs)

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the body of any object piece by piece, unverified and without retries."""
        self._usage.count_request()
        for piece in self._runtime.store.stream(location):
            self._usage.count_read(len(piece))
            yield piece

    def _stored(self, addresses: Sequence[Address], *, fresh: bool = False) -> dict[Address, bytes]:
        """Return the stored bytes of documents, verified.

        Args:
            addresses: the places of the documents.
            fresh: whether they must have been seen in the store in the last few minutes.
        """
        found: dict[Address, bytes] = {}
        missing: list[Address] = []
        for at in dict.fromkeys(addresses):
            stored = None if fresh and not self._is_there(at) else self.at_hand(at)
            if stored is None:
                self.require_allowed(at.path)
                missing.append(at)
            else:
                found[at] = stored
        if missing:
            self.budget.require_readable(sum(at.length for at in missing), missing[0].path)
        reaches = list(joined(missing))
        for each in in_parallel(self.documents_in, reaches):
            found |= each
        return found

    def _is_there(self, at: Address) -> bool:
        return at in self._seen or self._outbox.get(at) is not None

    def at_hand(self, at: Address) -> bytes | None:
        """Return the stored bytes of a document that takes no request, or None."""
        pending = self._outbox.get(at)
        if pending is not None:
            return pending
        self.require_allowed(at.path)
        stored = self._cache.get(at)
        if stored is None and (pack := self._cache.get(at.path)) is not None:
            stored = pack[at.start : at.stop]
            return stored if is_sound(stored, at) else None
        return stored

    def keep(self, at: Address, stored: bytes) -> None:
        """Keep a document that was read and verified."""
        self._cache.put(at, stored)
        self._seen.note([at, at.path])

    def documents_in(self, reach: Reach) -> dict[Address, bytes]:
        """Return the documents that are wanted from some bytes of a pack, verified."""
        return self.retried(self._verified, reach)

    def _verified(self, reach: Reach) -> dict[Address, bytes]:
        body = self._part_once(reach)
        found: dict[Address, bytes] = {}
        for at in reach.documents:
            stored = body[at.start - reach.part.start : at.stop - reach.part.start]
            if not is_sound(stored, at):
                raise ChecksumMismatchError("the stored bytes have another digest", path=at.path)
            found[at] = stored
        for at, stored in found.items():
            self.keep(at, stored)
        return found

    def part(self, reach: Reach) -> bytes:
        """Return some bytes of a pack, not verified."""
        self.require_allowed(reach.path)
        return self.retried(self._part_once, reach)

    def _part_once(self, reach: Reach) -> bytes:
        self.budget.require_readable(reach.part.length, reach.path)
        self._usage.count_request()
        stored = self._runtime.store.get(Location.parse(reach.path), reach.part)
        self._usage.count_read(len(stored.body))
        return stored.body

    def pack(self, path: str) -> bytes:
        """Return the bytes of a whole pack, verified."""
        pending = self._outbox.record(path)
        if pending is not None:
            return pending
        self.require_allowed(path)
        stored = self._cache.get(path)
        if stored is None:
            stored = self.retried(self._object, path, digest_in(path)).body
            self._cache.put(path, stored)
            self._seen.note([path])
        return stored

    def _object(self, path: str, checksum: str | None = None) -> StoredObject:
        self._usage.count_request()
        # Anybody who may write to the bucket may store terabytes: one byte too many is enough.
        most = Part(0, self.budget.max_size + 1)
        stored = self._runtime.store.get(Location.parse(path), most)
        self._usage.count_read(len(stored.body))
        self.budget.require_readable(len(stored.body), path)
        if checksum is not None and hashlib.sha256(stored.body).hexdigest() != checksum:
            raise ChecksumMismatchError("the stored bytes have another digest", path=path)
        return stored


def is_sound(stored: bytes, at: Address) -> bool:
    """Tell whether the bytes of a document have its digest."""
    return hashlib.sha256(stored).hexdigest() == at.digest
