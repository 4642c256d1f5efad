"""How objects that others wrote are encoded: their Content-Encoding says so."""

from collections.abc import Callable
from typing import Final, TypeAlias

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.packs.frames import unzstd
from universal_sync_core.storage.store import StoredObject
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.compression import gunzip

# Of an upload by way of a stream, whose framing S3 takes off and whose name it may leave.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
_OF_TRANSFER: Final = {"aws-chunked"}
# What tools write there of a text. JSON is UTF-8, of which ASCII is a part.
_OF_TEXT: Final = {"utf-8", "utf8", "us-ascii", "ascii"}
# https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding: names have no case, come in lists.
_NO_CODINGS: Final = {"", "identity", *_OF_TRANSFER, *_OF_TEXT}
_GZIP: Final = b"\x1f\x8b"
# https://www.zlib.net/zlib_tech.html
_MOST_EXPANSION: Final = 1_032

Decoder: TypeAlias = Callable[[bytes, str, Budget], bytes]


def from_stored(stored: StoredObject, path: str, budget: Budget) -> bytes:
    """Return the body of a stored object; its bytes are spent before they are there.

    Raises:
        UnreadableObjectError: an unknown or wrong encoding.
        StateTooLargeError: it is larger than what is left of the budget.
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
    # A member ends in its size modulo 2^32. https://www.rfc-editor.org/rfc/rfc1952
    stated = int.from_bytes(body[-4:], "little")
    if stated > len(body) * _MOST_EXPANSION or not body.startswith(_GZIP):
        raise UnreadableObjectError("no single whole gzip member", path=path)
    budget.spend(Cost(stated), path)
    return gunzip(body, stated, path)


_DECODERS: Final[dict[str, Decoder]] = {
    "zstd": unzstd,
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
}
