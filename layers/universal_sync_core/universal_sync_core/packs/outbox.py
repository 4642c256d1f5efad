"""The packs that one call adds, on their way to the store; the last is still being written."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from universal_sync_core.packs.frames import PACK_BYTES, Pack, to_frame, to_frames
from universal_sync_core.packs.relative_pointers import relative
from universal_sync_core.storage.known import Identity, identity
from universal_sync_core.values.address import (
    Address,
    PackName,
    beside,
    digest_in,
    new_token,
    settled,
)
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.pointer import Pointer

# Fewer documents than these are compressed before a second thread has begun.
_MANY: Final = 8


class Mark(NamedTuple):
    """How far an outbox is filled: packs begun, documents in the last of them, and values."""

    packs: int
    documents: int
    values: int


class Outbox:
    """Takes documents, and returns packs.

    The address of a document is known at once, except for the digest of its pack, which every
    pointer needs before it leaves. `values.address` fills it in once the pack is complete.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._names: list[PackName] = []
        self._open: Pack | None = None
        self._sealed: dict[str, Pack] = {}
        self._values: dict[Identity, Address] = {}

    @cached_property
    def _token(self) -> str:
        return new_token()

    @property
    def size(self) -> int:
        """The number of bytes held."""
        return sum(pack.size for pack in self._packs())

    def add(self, body: bytes, home: str) -> Address:
        """Add the JSON of a document to the open pack, and return its address."""
        pack = self._opened(home)
        return self._added(to_frame(self._in_stored_form(body, pack)), pack)

    def add_all(self, bodies: Sequence[bytes], home: str) -> list[Address]:
        """Add documents as `add` does, in less time where they are many."""
        token = self._token.encode()
        if len(bodies) < _MANY or any(token in body for body in bodies):
            return [self.add(body, home) for body in bodies]
        return [self._added(frame, self._opened(home)) for frame in to_frames(bodies)]

    def add_copy(self, stored: bytes, home: str) -> Address:
        """Add a document as another pack stores it; it must not refer to that pack."""
        return self._added(stored, self._opened(home))

    def add_record(self, value: Json, home: str) -> str:
        """Add a document as a pack of its own, found by its path alone, and return the path.

        It stays plain JSON, so that its first bytes tell what it is.
        """
        self.seal()
        pack = Pack(self._new_name(home))
        pack.add(encode(value) + b"\n")
        return self._settled(pack)

    def reference(self, at: Address, home: str) -> list[Json]:
        """Return how the next document refers to another one: its pack, and where it begins.

        In the same pack, the pack is empty and the start counts back from the document itself.
        """
        at = settled(at)
        pack = self._opened(home)
        if at.path == pack.name.stand_in:
            return ["", pack.size - at.start]
        return [digest_in(at.path) if at.path.startswith(home) else at.path, at.start]

    def named(self, body: bytes) -> bytes:
        """Return JSON with the paths of packs in place of their stand-ins."""
        if self._token.encode() in body:
            for name in self._names:
                if name.path is not None:
                    body = body.replace(name.stand_in[-64:].encode(), name.path[-64:].encode())
        return body

    def remember(self, root: Pointer) -> None:
        """Note a value that was added whole."""
        self._values.setdefault(identity(root), root.at)

    def same(self, root: Pointer) -> Address | None:
        """Return where the same value was added before, or None."""
        return self._values.get(identity(root))

    def mark(self) -> Mark:
        """Return how far the outbox is filled."""
        return Mark(len(self._names), self._open.count if self._open else 0, len(self._values))

    def drop_from(self, mark: Mark) -> None:
        """Remove what was added since the mark, except from a pack that has become full."""
        begun = self._names[mark.packs :]
        self._sealed = {path: pack for path, pack in self._sealed.items() if pack.name not in begun}
        while len(self._values) > mark.values:
            self._values.popitem()
        if self._open is not None:
            self._open.drop_from(mark.documents if len(self._names) == mark.packs else 0)

    def get(self, at: Address) -> bytes | None:
        """Return the bytes of a held document, or None."""
        for pack in self._packs():
            if at.path in (pack.name.stand_in, pack.name.path):
                return pack.part(at)
        return None

    def record(self, path: str) -> bytes | None:
        """Return the bytes of a whole held pack, or None."""
        pack = self._sealed.get(path)
        return pack.body() if pack else None

    def seal(self) -> None:
        """End the open pack: from now on, its path is known."""
        pack, self._open = self._open, None
        if pack is not None and pack.count:
            self._settled(pack)

    def sealed(self) -> list[tuple[str, Pack]]:
        """End the open pack, and return the paths and packs to send."""
        self.seal()
        return list(self._sealed.items())

    def clear(self, paths: Iterable[str]) -> None:
        """Drop packs that were sent."""
        for path in paths:
            del self._sealed[path]

    @property
    def open_path(self) -> str | None:
        """The stand-in for the path of the pack that is being written, if there is one."""
        return self._open.name.stand_in if self._open else None

    def _added(self, stored: bytes, pack: Pack) -> Address:
        at = pack.add(stored)
        if pack.size > PACK_BYTES:
            self.seal()
        return at

    def _packs(self) -> Iterator[Pack]:
        yield from self._sealed.values()
        if self._open is not None:
            yield self._open

    def _opened(self, home: str) -> Pack:
        if self._open is None:
            self._open = Pack(self._new_name(home))
        return self._open

    def _new_name(self, home: str) -> PackName:
        name = PackName(home, self._token, len(self._names))
        self._names.append(name)
        return name

    def _settled(self, pack: Pack) -> str:
        path = beside(pack.name.stand_in, pack.digest())
        pack.name.settle(path)
        self._sealed.setdefault(path, pack)
        return path

    def _in_stored_form(self, body: bytes, pack: Pack) -> bytes:
        """Return a document in its stored form, where pointers into its own pack have no path."""
        if self._token.encode() not in body:
            return body
        return relative(self.named(body), pack.name.stand_in[-64:], pack.size)
