"""The content-addressed objects of one execution, as one call sees them.

What a call adds is sent when the call ends, all at once and before any pointer to it is returned.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
)
from universal_sync_core.pages.encoding import from_stored, to_stored
from universal_sync_core.pages.trees import require_root
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.keys import STATE_FOLDER, execution_prefix, items_prefix
from universal_sync_core.storage.known import InBag
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.retry import RetryStrategy
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.codec import Json
from universal_sync_core.values.pointer import Pointer, digest_in

P = ParamSpec("P")
T = TypeVar("T")


class Objects:
    """Reads and adds objects of one execution."""

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
            runtime: whose store and counters are used.
            execution_id: whose objects these are; without it none can be read or written.
            retry: in place of that of the process.
            cache: in place of that of the process.
            budget: what may be read, in place of what the settings allow.
        """
        self.budget = budget or Budget.of(runtime.settings)
        self._workspace = runtime
        self._settings = runtime.settings
        self._retry = retry or runtime.retry
        self._cache = runtime.cache if cache is None else cache
        self._usage = runtime.usage
        self._seen = runtime.known
        self._execution_id = execution_id
        self._pending: dict[str, tuple[bytes, StoredObject]] = {}
        self._pending_bytes = 0
        self._in_bag = InBag()
        self.readable: list[str] = []  # more `s3://` prefixes than those of the settings

    @property
    def execution_id(self) -> str | None:
        """Whose objects these are, where that is known."""
        return self._execution_id

    def belong_to(self, execution_id: Json) -> None:
        """Take the execution id of a bag, where none is known yet."""
        if self._execution_id is None and type(execution_id) is str and execution_id:
            self._execution_id = execution_id
            self.require_keys()

    def require_keys(self) -> None:
        """Raise InvalidRequestError where S3 would not take the keys of this execution."""
        if self.can_write:
            _ = self.home

    @property
    def can_write(self) -> bool:
        """Whether there is a bucket and an execution to write under."""
        return bool(self._settings.bucket and self._execution_id)

    @property
    def home(self) -> str:
        """The `s3://` prefix this execution writes its state under."""
        bucket, execution_id = self._require_owner()
        return f"s3://{bucket}/{execution_prefix(self._settings, execution_id)}{STATE_FOLDER}"

    @property
    def items_home(self) -> str:
        """The `s3://` prefix this execution stages the items of its maps under."""
        bucket, execution_id = self._require_owner()
        return f"s3://{bucket}/{items_prefix(self._settings, execution_id)}"

    def _require_owner(self) -> tuple[str, str]:
        """Return bucket and execution; InvalidRequestError where one of them is not known."""
        if not self._settings.bucket:
            raise InvalidRequestError("offloading needs a bucket: set STATE_BUCKET")
        if not self._execution_id:
            message = "offloading needs an execution_id, in the context or in the bag"
            raise InvalidRequestError(message, field="execution_id")
        return self._settings.bucket, self._execution_id

    def require_allowed(self, path: str, *, also: Iterable[str] = ()) -> None:
        """Raise PointerNotAllowedError where `path` leads out of the allowed places.

        Args:
            path: an `s3://` path.
            also: prefixes under which it may be besides.
        """
        own = [self.home] if self.can_write else []
        places = [*self._settings.allowed_prefixes, *own, *self.readable, *also]
        if not path.startswith(tuple(places)):
            message = (
                "the path leads out of the places this execution may read"
                if self._settings.bucket
                else "nothing that is in S3 may be read: set STATE_BUCKET"
            )
            raise PointerNotAllowedError(message, field="s3_path")

    def is_known(self, path: str) -> bool:
        """Tell whether this one object is known to be stored, without asking the store.

        It is where this process has stored or read it lately, or the state at hand points to it.
        """
        return path in self._seen or path in self._in_bag

    def remember(self, pointers: Iterable[Pointer]) -> None:
        """Note pointers of the state at hand: what they lead to is stored, all of it."""
        self._in_bag.add(pointers)

    def require_stored(self, pointers: Iterable[Pointer]) -> None:
        """Look up pointers that came in from outside, before they are believed.

        It takes one request for each, side by side, and none for one that the state at hand has,
        too, or that leads to what this process has stored lately.

        Raises:
            PointerNotAllowedError: one leads out of the allowed places.
            MissingObjectError: one leads nowhere.
            MalformedPointerError: one to a list or map leads to another kind, or another count.
        """
        new = [pointer for pointer in pointers if not self._in_bag.has(pointer)]
        for pointer in new:
            self.require_allowed(pointer.path)
        trees = {pointer.path for pointer in new if pointer.kind != "value"}
        asked = [(path, path in trees) for path in dict.fromkeys(each.path for each in new)]
        bodies = dict(zip(asked, in_parallel(self._look_up, asked), strict=True))
        for pointer in new:
            if pointer.kind != "value":
                body = bodies[pointer.path, True]
                require_root(self.budget.document(body, pointer.path), pointer)

    def _look_up(self, asked: tuple[str, bool]) -> bytes:
        """Return the body of an object that is stored, or nothing where it is not wanted."""
        path, wanted = asked
        body = self._at_hand(path)
        if path not in self._pending and (path not in self._seen or (wanted and body is None)):
            if wanted and body is None:
                return self._read(path)
            if not self.retried(self._exists, path):
                raise MissingObjectError("a pointer leads to no object", path=path)
            self._seen.note([path])
        return body or b""

    def add(self, body: bytes) -> str:
        """Return the path under which `body` will be stored; StateTooLargeError if too large."""
        self.budget.require_readable(len(body), "a value that is to be stored")
        stored = to_stored(body)
        path = self.home + hashlib.sha256(stored.body).hexdigest()
        if not self.is_known(path) and path not in self._pending:
            self._pending[path] = (body, stored)
            self._pending_bytes += len(body)
        return path

    def create_items(self, body: bytes) -> Location:
        """Store a JSON array of items now, uncompressed; one that is there already stays."""
        path = f"{self.items_home}{hashlib.sha256(body).hexdigest()}.json"
        if self.retried(self._create, path, StoredObject(body)):
            self._usage.count_write(len(body))
        return Location.parse(path)

    def mark(self) -> int:
        """Return a mark of what has been added so far, for `drop_if_known`."""
        return len(self._pending)

    def drop_if_known(self, root: str, mark: int) -> None:
        """Send nothing added since `mark` where the state at hand points to `root`.

        Args:
            root: refers to all that was added. That this object alone was seen would not do: of
                those it refers to one may have failed to be stored.
            mark: as it was before.
        """
        if root in self._in_bag:
            for path in list(self._pending)[mark:]:
                self._pending_bytes -= len(self._pending.pop(path)[0])

    def read_many(self, paths: Sequence[str]) -> list[bytes]:
        """Return the verified, decoded bodies, in the order of the paths.

        Raises:
            PointerNotAllowedError: a path leads out of the allowed places.
            MissingObjectError: there is no such object.
            ChecksumMismatchError: the bytes do not have the digest in the path.
            UnreadableObjectError, StateTooLargeError: a wrong encoding; past the budget.
        """
        bodies = {path: self._at_hand(path) for path in paths}
        missing = [path for path, body in bodies.items() if body is None]
        bodies.update(zip(missing, in_parallel(self._read, missing), strict=True))
        return [body for path in paths if (body := bodies[path]) is not None]

    def read(self, path: str, checksum: str | None = None) -> bytes:
        """Return one verified, decoded body; errors as in `read_many`.

        Args:
            path: of any object in an allowed place.
            checksum: SHA-256 of the stored bytes in hex, where the path does not carry it.
        """
        digest = digest_in(path)
        if checksum is None or checksum == digest:
            return self.read_many([path])[0]
        if digest is not None:
            raise ChecksumMismatchError("the object has another checksum", path=path)
        self.require_allowed(path)
        return self.retried(self._fetch, path, checksum)

    def _at_hand(self, path: str) -> bytes | None:
        pending = self._pending.get(path)
        if pending is None:
            self.require_allowed(path)
        body = pending[0] if pending else self._cache.get(path)
        if body is not None:
            self.budget.spend(Cost(len(body)), path)
        return body

    def _read(self, path: str) -> bytes:
        body = self.retried(self._fetch, path)
        if digest_in(path) is not None:  # any other object may change
            self._cache.put(path, body)
            self._seen.note([path])
        return body

    def retried(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `func` returns, tried again as requests are."""
        return self._retry.execute(func, *args, **kwargs)

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the body of any object piece by piece, unverified and not tried again."""
        self._usage.count_request()
        for piece in self._workspace.store.stream(location):
            self._usage.count_read(len(piece))
            yield piece

    def flush_over(self, size: int) -> None:
        """Send what has been added where it is more than `size` bytes."""
        if self._pending_bytes > size:
            self.flush()

    def flush(self) -> None:
        """Send everything added since the last time; return when all of it is stored.

        None of it counts as stored before the last of it is: an object is added after those it
        refers to.
        """
        in_parallel(self._send, list(self._pending.items()))
        self._seen.note(self._pending)
        for path, (body, _) in self._pending.items():
            self._cache.put(path, body)
        self._pending.clear()
        self._pending_bytes = 0

    def _fetch(self, path: str, checksum: str | None = None) -> bytes:
        self._usage.count_request()
        stored = self._workspace.store.get(Location.parse(path))
        self._usage.count_read(len(stored.body))
        digest = checksum or digest_in(path)
        if digest is not None and hashlib.sha256(stored.body).hexdigest() != digest:
            raise ChecksumMismatchError("the stored bytes do not have their digest", path=path)
        return from_stored(stored, path, self.budget)

    def _exists(self, path: str) -> bool:
        self._usage.count_request()
        return self._workspace.store.exists(Location.parse(path))

    def _send(self, item: tuple[str, tuple[bytes, StoredObject]]) -> None:
        path, (_, stored) = item
        if self.retried(self._create, path, stored):
            self._usage.count_write(len(stored.body))

    def _create(self, path: str, stored: StoredObject) -> bool:
        self._usage.count_request()
        at, encoding = Location.parse(path), stored.content_encoding
        return self._workspace.store.put(at, stored.body, content_encoding=encoding)
