"""The packs of one execution, as one call reads and writes them.

Everything that a call adds is sent when the call ends, in parallel and before any pointer to it is
returned.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.packs.collector import new_objects_only
from universal_sync_core.packs.encoding import from_stored
from universal_sync_core.packs.fetching import Fetching
from universal_sync_core.packs.frames import (
    Pack,
    encoding_of,
    first_byte,
    from_frame,
    json_size,
    spans_in,
)
from universal_sync_core.packs.outbox import Mark
from universal_sync_core.packs.relative_pointers import absolute
from universal_sync_core.storage.known import InBag, identity
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.address import Address, name_of, settled
from universal_sync_core.values.budget import Budget, Document
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer, pointers_inline


class Objects(Fetching):
    """Reads and adds documents of one execution.

    Attributes:
        bag_pointers: returns the pointers of the current state; all that they lead to is stored.
    """

    bag_pointers: Callable[[], Iterable[Pointer]] = tuple

    @cached_property
    def _in_bag(self) -> InBag:
        return InBag(self.bag_pointers())

    def look_up(self, pointers: Iterable[Pointer]) -> list[tuple[Pointer, Document]]:
        """Read the values of pointers that came in from outside before these are trusted.

        Their digests are checked. For a list or a map, only the root is read. All are read in
        parallel. There is no request for a pointer that the current state also has, or whose value
        this process has stored or read lately and still holds.

        Returns:
            The new ones with their documents, except single values whose stated size matches the
            pointer.

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
        """Add the JSON of a document, and return its future address.

        Raises:
            StateTooLargeError: it is larger than any call could read again.
        """
        return self.add_all([body])[0]

    def add_all(self, bodies: Sequence[bytes]) -> list[Address]:
        """Add documents as `add` does, in less time where they are many."""
        for body in bodies:
            self.budget.require_readable(len(body), "a value to store")
        return self._outbox.add_all(bodies, self.home)

    def copies(self, addresses: Sequence[Address]) -> list[Address]:
        """Add documents of other packs once more, and return their future addresses.

        They are unpacked one at a time, which does not count against the budget of the call. The
        errors are those of `read_many`.
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
        """The stand-in for the path of the pack that is being written, if there is one."""
        return self._outbox.open_path

    def add_record(self, value: Json) -> str:
        """Add a document that is found by its path alone, such as a snapshot; return the path."""
        return self._outbox.add_record(value, self.home)

    def reference(self, at: Address) -> list[Json]:
        """Return how the next added document refers to another one of this store."""
        return self._outbox.reference(at, self.home)

    def seal(self) -> None:
        """End the pack that is being written: from now on, pointers into it have their paths."""
        self._outbox.seal()

    def settle(self, value: Json) -> None:
        """Give all pointers in a value their paths before it is written elsewhere."""
        if any(name_of(pointer.path) for pointer in pointers_inline(value)):
            self.seal()

    def create_items(self, body: bytes, suffix: str = "json") -> Location:
        """Store an object for an ItemReader now, uncompressed; an existing one stays.

        Args:
            body: a JSON array of items, or the paths of files with items, one per line.
            suffix: the end of its name.
        """
        body = self._outbox.named(body)
        path = f"{self.items_home}{hashlib.sha256(body).hexdigest()}.{suffix}"
        if self.retried(self._create, path, StoredObject(body)):
            self._usage.count_write(len(body))
        return Location.parse(path)

    def mark(self) -> Mark:
        """Mark what has been added so far, for `once`."""
        return self._outbox.mark()

    def once(self, root: Pointer, mark: Mark, old: Pointer | None = None) -> Pointer:
        """Return a pointer to a value that was added since `mark`, or to its equal stored before.

        If the current state points to the same value, or this call has added it before, it is not
        sent again.

        Args:
            root: the pointer to everything that was added.
            mark: the mark from before.
            old: the pointer that the new one replaces.
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
            MissingObjectError: a pack does not exist.
            ChecksumMismatchError: stored bytes have another digest.
            UnreadableObjectError, StateTooLargeError: the encoding is wrong; or it is past the
                budget.
        """
        found = [settled(at) for at in addresses]
        stored = self._stored(found)
        return [from_frame(stored[at], at.path, self.budget) for at in found]

    def documents(self, addresses: Sequence[Address]) -> list[Document]:
        """Return the documents decoded, with pointers in the form that a bag has."""
        found = [settled(at) for at in addresses]
        stored = self._stored(found)
        documents = self.decoded(stored)
        return [documents[at] for at in found]

    def decoded(self, stored: Mapping[Address, bytes]) -> dict[Address, Document]:
        """Return stored documents decoded, as `documents` does."""
        with new_objects_only():
            return {at: self._document(body, at, self.budget) for at, body in stored.items()}

    def holds_map(self, at: Address) -> bool:
        """Tell whether a document is an object, without decoding or spending all of it."""
        at = settled(at)
        return first_byte(self._stored([at])[at]) == b"{"

    def record(self, path: str) -> tuple[Address, Document]:
        """Return the last document of a pack and its address, with the errors of `read_many`."""
        stored = self.pack(path)
        if not stored:  # somebody may store one, whose name is the digest of no bytes
            raise UnreadableObjectError("the pack is empty", path=path)
        [(start, stop)] = deque(spans_in(stored, path), maxlen=1)
        last = stored[start:stop]
        at = Address(path, start, stop - start, hashlib.sha256(last).hexdigest())
        return at, self._document(last, at, self.budget)

    def records(self, paths: Sequence[str]) -> list[Json]:
        """Return the last documents of several packs, read in parallel."""
        asked = [path for path in dict.fromkeys(paths) if self._outbox.record(path) is None]
        in_parallel(self.pack, asked)
        return [self.record(path)[1].value for path in paths]

    def read(self, path: str, checksum: str | None = None) -> bytes:
        """Return the decoded body of an object other than a pack, with the errors of `read_many`.

        Args:
            path: the path of any object in an allowed place.
            checksum: the SHA-256 that the stored bytes must have, in hex; None for any.
        """
        self.require_allowed(path)
        return from_stored(self.retried(self._object, path, checksum), path, self.budget)

    def _document(self, stored: bytes, at: Address, budget: Budget) -> Document:
        document = budget.document(from_frame(stored, at.path, budget), at.path)
        if not document.facts.clean:
            absolute(document.value, at)
        return document

    def flush_over(self, size: int) -> None:
        """Send what has been added if it is more than `size` bytes."""
        if self._outbox.size > size:
            self.flush()

    def flush(self) -> None:
        """Send everything added since the last time, and return when all of it is stored.

        No document counts as stored before the last one is, since each comes after those that it
        refers to.
        """
        packs = self._outbox.sealed()
        if not packs:
            return
        in_parallel(self._send, [each for each in packs if each[0] not in self._seen])
        for path, pack in packs:
            documents = dict(pack.documents(path))
            self._seen.note(documents)
            for at, stored in documents.items():
                self._cache.put(at, stored)
            if len(documents) == 1:  # it may be asked for by its path alone
                self._cache.put(path, pack.body())
        self._outbox.clear(path for path, _ in packs)

    def _send(self, item: tuple[str, Pack]) -> None:
        path, pack = item
        body = pack.body()
        if self.retried(self._create, path, StoredObject(body, encoding_of(body))):
            self._usage.count_write(len(body))
        self._seen.note([path])  # not sent again if another pack fails and the call is retried

    def _create(self, path: str, stored: StoredObject) -> bool:
        self._usage.count_request()
        at, encoding = Location.parse(path), stored.content_encoding
        return self._runtime.store.put(at, stored.body, content_encoding=encoding)
