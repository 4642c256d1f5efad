"""Where a stored document is: its pack, and the bytes of it.

A pack is named by the digest of its bytes, so that nobody knows its path before the last of them is
written. Until then a stand-in is in the path's place. Whatever was given a pointer with the
stand-in has the path from the moment that the pack is sealed: that is solved here, for all.
"""

import re
import secrets
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from universal_sync_core.values.codec import JsonObject

PATH: Final = "__s3_path"
_DIGITS: Final = 64
_PACK_PATH: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/(?:.*/)?v1/[^/]+/packs/([0-9a-f]{64})")


class Address(NamedTuple):
    """Where a document is.

    Attributes:
        path: `s3://` path of the pack, or what stands in for it while it is being written.
        start: of its first byte in the pack.
        length: of its bytes there.
        digest: SHA-256 of those bytes, in hex.
    """

    path: str
    start: int
    length: int
    digest: str

    @property
    def stop(self) -> int:
        """The position after its last byte."""
        return self.start + self.length


class PackName:
    """The path of a pack that is being written, and the pointers that are waiting for it.

    Attributes:
        stand_in: a path of the same length, of which nobody outside this process knows.
        path: the path itself, once it is known.
    """

    def __init__(self, home: str, token: str, number: int) -> None:
        """Stand in for a path.

        Args:
            home: what the path begins with; it ends in `/`.
            token: of `new_token`.
            number: tells those of one token apart.
        """
        self.stand_in = f"{home}{token}{number:0{_DIGITS - len(token)}x}"
        self.path: str | None = None
        self._waiting: list[JsonObject] = []
        _NAMES[self.stand_in] = self

    def settle(self, path: str) -> None:
        """Take the path, and give it to every pointer that waits."""
        self.path = path
        for form in self._waiting:
            form[PATH] = path
        self._waiting.clear()

    def await_path(self, form: JsonObject) -> None:
        """Note a pointer that has the stand-in in it."""
        self._waiting.append(form)


# Those of the units of work that are open.
_NAMES: Final[WeakValueDictionary[str, PackName]] = WeakValueDictionary()


def new_token() -> str:
    """Return what no text holds by chance or by guessing: half of a digest."""
    return secrets.token_hex(_DIGITS // 4)


def name_of(path: str) -> PackName | None:
    """Return the name that a path stands in for, or None of any other path."""
    return _NAMES.get(path)


def settled(address: Address) -> Address:
    """Return an address with the path of its pack, where that is known by now."""
    name = _NAMES.get(address.path)
    return address if name is None or name.path is None else address._replace(path=name.path)


def digest_in(path: str) -> str | None:
    """Return the SHA-256 that the path of a pack carries, or None for another path."""
    match = _PACK_PATH.fullmatch(path)
    return match[1] if match else None


def beside(path: str, digest: str) -> str:
    """Return the path of the pack of that digest under the same execution."""
    return path[:-_DIGITS] + digest
