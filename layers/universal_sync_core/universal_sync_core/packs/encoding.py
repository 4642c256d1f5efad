"""Decoding objects that others wrote, by their Content-Encoding."""

from collections.abc import Callable
from typing import Final, TypeAlias

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.packs.frames import unzstd
from universal_sync_core.storage.store import StoredObject
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.compression import gunzip

# The coding of a streamed upload: S3 removes its framing, but may leave its name.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
_OF_TRANSFER: Final = {"aws-chunked"}
# Names of text encodings that tools write there. JSON is UTF-8, and ASCII is a part of UTF-8.
_OF_TEXT: Final = {"utf-8", "utf8", "us-ascii", "ascii"}
# https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding: names ignore case and come in lists.
_NO_CODINGS: Final = {"", "identity", *_OF_TRANSFER, *_OF_TEXT}
_GZIP: Final = b"\x1f\x8b"
# https://www.zlib.net/zlib_tech.html
_MOST_EXPANSION: Final = 1_032

Decoder: TypeAlias = Callable[[bytes, str, Budget], bytes]


def from_stored(stored: StoredObject, path: str, budget: Budget) -> bytes:
    """Return the decoded body of a stored object; its bytes are spent before it is decoded.

    Raises:
        UnreadableObjectError: its encoding is unknown or wrong.
        StateTooLargeError: it is larger than the rest of the budget.
    """
    codings = _codings(stored.content_encoding or "")
    if not codings:
        budget.spend(Cost(len(stored.body)), path)
    body = stored.body
    for coding in reversed(codings):
        try:
            body = _DECODERS[coding](body, path, budget)
        except KeyError as error:
            known = ", ".join(_DECODERS)
            message = f"unknown Content-Encoding (known are {known})"
            raise UnreadableObjectError(message, path=path) from error
    return body


def _codings(header: str) -> list[str]:
    """Return the codings of a Content-Encoding in the order they were applied."""
    names = (name.strip().lower() for name in header.split(","))
    return [name for name in names if name not in _NO_CODINGS]


def _from_gzip(body: bytes, path: str, budget: Budget) -> bytes:
    # A member ends with its size modulo 2^32. https://www.rfc-editor.org/rfc/rfc1952
    stated = int.from_bytes(body[-4:], "little")
    if stated > len(body) * _MOST_EXPANSION or not body.startswith(_GZIP):
        raise UnreadableObjectError("not a single whole gzip member", path=path)
    budget.spend(Cost(stated), path)
    return gunzip(body, stated, path)


_DECODERS: Final[dict[str, Decoder]] = {
    "zstd": unzstd,
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
}
