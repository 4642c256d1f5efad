"""Where a stored document is: its pack, and its bytes in the pack.

A pack is named by the digest of its bytes, so its path is not known before the last byte is
written. Until then, pointers contain a stand-in for the path. When the pack is sealed, every
pointer with the stand-in gets the path; this module does it for all of them.
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
        path: `s3://` path of the pack, or its stand-in while the pack is being written.
        start: the position of its first byte in the pack.
        length: the number of its bytes there.
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
    """The path of a pack that is being written, and the pointers that wait for it.

    Attributes:
        stand_in: a path of the same length, which only this process knows.
        path: the path itself, once it is known.
    """

    def __init__(self, home: str, token: str, number: int) -> None:
        """Make a stand-in for a path.

        Args:
            home: the beginning of the path, ending in `/`.
            token: a token from `new_token`.
            number: distinguishes names with the same token.
        """
        self.stand_in = f"{home}{token}{number:0{_DIGITS - len(token)}x}"
        self.path: str | None = None
        self._waiting: list[JsonObject] = []
        _NAMES[self.stand_in] = self

    def settle(self, path: str) -> None:
        """Set the path, and give it to every pointer that waits for it."""
        self.path = path
        for form in self._waiting:
            form[PATH] = path
        self._waiting.clear()

    def await_path(self, form: JsonObject) -> None:
        """Note a pointer that contains the stand-in."""
        self._waiting.append(form)


# The names of all open units of work.
_NAMES: Final[WeakValueDictionary[str, PackName]] = WeakValueDictionary()


def new_token() -> str:
    """Return half of a digest, which no string contains by chance or by guessing."""
    return secrets.token_hex(_DIGITS // 4)


def name_of(path: str) -> PackName | None:
    """Return the name whose stand-in a path is, or None for any other path."""
    return _NAMES.get(path)


def settled(address: Address) -> Address:
    """Return an address with the path of its pack, if that is known by now."""
    name = _NAMES.get(address.path)
    return address if name is None or name.path is None else address._replace(path=name.path)


def digest_in(path: str) -> str | None:
    """Return the SHA-256 in the path of a pack, or None for any other path."""
    match = _PACK_PATH.fullmatch(path)
    return match[1] if match else None


def beside(path: str, digest: str) -> str:
    """Return the path of the pack with that digest under the same execution."""
    return path[:-_DIGITS] + digest
