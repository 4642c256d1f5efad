"""The packs of one execution, as one call sees them.

What a call adds is sent when the call ends, all at once and before any pointer to it is returned.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from universal_sync_core.packs.encoding import from_stored
from universal_sync_core.packs.fetching import Fetching
from universal_sync_core.packs.frames import Pack, documents_in, encoding_of, from_frame, json_size
from universal_sync_core.packs.outbox import Mark
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.known import InBag, identity
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.retry import RetryStrategy
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.address import Address, name_of, settled
from universal_sync_core.values.budget import Budget, Document
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer, placed, pointers_inline


class Objects(Fetching):
    """Reads and adds documents of one execution."""

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
        super().__init__(runtime, execution_id, retry=retry, cache=cache, budget=budget)
        self._in_bag = InBag()

    def remember(self, pointers: Iterable[Pointer]) -> None:
        """Note pointers of the state at hand: what they lead to is stored, all of it."""
        self._in_bag.add(pointers)

    def look_up(self, pointers: Iterable[Pointer]) -> list[tuple[Pointer, Document]]:
        """Read what pointers lead to that came in from outside, before they are believed.

        Its digest is checked; of a list or a map only the root is read. All are read side by side.
        Nothing is asked for one that the state at hand has, too, or that leads to what this process
        has stored or read lately and holds.

        Returns:
            Those that are new, with what they lead to, but for values whose size is as it is said.

        Raises:
            PointerNotAllowedError: one leads out of the allowed places.
            MissingObjectError: one leads nowhere.
            ChecksumMismatchError: one leads to something else.
        """
        new = [pointer for pointer in pointers if not self._in_bag.has(pointer)]
        for pointer in new:
            self.require_allowed(pointer.path)
        stored = self._stored([settled(pointer.at) for pointer in new], fresh=True)
        found = [(pointer, settled(pointer.at)) for pointer in new]
        return [
            (pointer, self._document(stored[at], at, self.budget))
            for pointer, at in found
            if pointer.kind != "value" or json_size(stored[at]) != pointer.size
        ]

    def add(self, body: bytes) -> Address:
        """Add the JSON of a document; return where it is going to be.

        Raises:
            StateTooLargeError: it is larger than what any call could read again.
        """
        self.budget.require_readable(len(body), "a value that is to be stored")
        return self._outbox.add(body, self.home)

    def copies(self, addresses: Sequence[Address]) -> list[Address]:
        """Add documents of other packs once more; return where they are going to be.

        They are unpacked one at a time, which takes nothing from the budget of the call. Errors as
        in `read_many`.
        """
        stored = self._stored(addresses)
        return [self._copied(stored[at], at) for at in addresses]

    def _copied(self, stored: bytes, at: Address) -> Address:
        value, facts = self._document(stored, at, self.budget.renewed())
        if facts.clean and encoding_of(stored):
            return self._outbox.add_copy(stored, self.home)
        return self._outbox.add(encode(value), self.home)

    @property
    def open_pack(self) -> str | None:
        """What stands for the path of the pack that is being written, if there is one."""
        return self._outbox.open_path

    def add_record(self, value: Json) -> str:
        """Add a document that its path alone leads to, such as a snapshot; return the path."""
        return self._outbox.add_record(value, self.home)

    def reference(self, at: Address) -> list[Json]:
        """Return how the document that is added next names another of this store."""
        return self._outbox.reference(at, self.home)

    def seal(self) -> None:
        """End the pack that is being written: pointers into it have their paths from now on."""
        self._outbox.seal()

    def settle(self, value: Json) -> None:
        """Give all pointers in a value their paths, for it is about to be written elsewhere."""
        if any(name_of(pointer.path) for pointer in pointers_inline(value)):
            self.seal()

    def create_items(self, body: bytes) -> Location:
        """Store a JSON array of items now, uncompressed; one that is there already stays."""
        body = self._outbox.named(body)
        path = f"{self.items_home}{hashlib.sha256(body).hexdigest()}.json"
        if self.retried(self._create, path, StoredObject(body)):
            self._usage.count_write(len(body))
        return Location.parse(path)

    def mark(self) -> Mark:
        """Return a mark of what has been added so far, for `once`."""
        return self._outbox.mark()

    def once(self, root: Pointer, mark: Mark, old: Pointer | None = None) -> Pointer:
        """Return a pointer to a value that was added since `mark`, or to the same one as it is.

        Where the state at hand points to the same value, or this call has added it before, nothing
        of it is sent again.

        Args:
            root: refers to all that was added.
            mark: as it was before.
            old: stands where the pointer is to stand.
        """
        known = self._known(root, old)
        if known is None:
            self._outbox.remember(root)
            return root
        self._outbox.drop_from(mark)
        return replace(root, at=known)

    def _known(self, root: Pointer, old: Pointer | None) -> Address | None:
        if old is not None and identity(old) == identity(root) and old.path.startswith(self.home):
            return old.at
        return self._in_bag.same(root) or self._outbox.same(root)

    def read_many(self, addresses: Sequence[Address]) -> list[bytes]:
        """Return the JSON of documents, verified, in the order of the addresses.

        Raises:
            PointerNotAllowedError: an address leads out of the allowed places.
            MissingObjectError: there is no such pack.
            ChecksumMismatchError: the bytes there have another digest.
            UnreadableObjectError, StateTooLargeError: a wrong encoding; past the budget.
        """
        found = [settled(at) for at in addresses]
        stored = self._stored(found)
        return [from_frame(stored[at], at.path, self.budget) for at in found]

    def documents(self, addresses: Sequence[Address]) -> list[Document]:
        """Return the same as values, in which pointers are as they stand in a bag."""
        found = [settled(at) for at in addresses]
        stored = self._stored(found)
        return [self._document(stored[at], at, self.budget) for at in found]

    def record(self, path: str) -> tuple[Address, Document]:
        """Return where the last document of a pack is, and what it is; errors as in `read_many`."""
        stored = self.pack(path)
        at = list(documents_in(stored, path))[-1]
        return at, self._document(stored[at.start : at.stop], at, self.budget)

    def records(self, paths: Sequence[str]) -> list[Json]:
        """Return what several packs were written for, read side by side."""
        asked = [path for path in dict.fromkeys(paths) if self._outbox.record(path) is None]
        in_parallel(self.pack, asked)
        return [self.record(path)[1].value for path in paths]

    def read(self, path: str, checksum: str | None = None) -> bytes:
        """Return the decoded body of an object that is no pack; errors as in `read_many`.

        Args:
            path: of any object in an allowed place.
            checksum: SHA-256 of the stored bytes in hex, where they are to have one.
        """
        self.require_allowed(path)
        return from_stored(self.retried(self._object, path, checksum), path, self.budget)

    def _document(self, stored: bytes, at: Address, budget: Budget) -> Document:
        document = budget.document(from_frame(stored, at.path, budget), at.path)
        if not document.facts.clean:
            placed(document.value, at)
        return document

    def flush_over(self, size: int) -> None:
        """Send what has been added where it is more than `size` bytes."""
        if self._outbox.size > size:
            self.flush()

    def flush(self) -> None:
        """Send everything added since the last time; return when all of it is stored.

        No document counts as stored before the last of them is: each is added after those it
        refers to.
        """
        self.seal()
        packs = self._outbox.sealed()
        in_parallel(self._send, [each for each in packs if each[0] not in self._seen])
        for path, pack in packs:
            documents = dict(pack.documents(path))
            self._seen.note(documents)
            for at, stored in documents.items():
                self._cache.put(at, stored)
            if len(documents) == 1:  # which its path alone may be asked for
                self._cache.put(path, pack.body())
        self._outbox.clear(path for path, _ in packs)

    def _send(self, item: tuple[str, Pack]) -> None:
        path, pack = item
        body = pack.body()
        if self.retried(self._create, path, StoredObject(body, encoding_of(body))):
            self._usage.count_write(len(body))
        self._seen.note([path])  # not again, where the call fails by another and is made again

    def _create(self, path: str, stored: StoredObject) -> bool:
        self._usage.count_request()
        at, encoding = Location.parse(path), stored.content_encoding
        return self._runtime.store.put(at, stored.body, content_encoding=encoding)
