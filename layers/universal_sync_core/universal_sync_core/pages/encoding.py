"""How bodies are stored: plain, or compressed where large; the object itself says which."""

from collections.abc import Callable
from typing import BinaryIO, Final, TypeAlias

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import StoredObject
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.compression import gunzip

COMPRESS_OVER_BYTES: Final = 256 * KIB
_PIECE_BYTES: Final = KIB * KIB
_LEVEL: Final = 3
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


def to_stored(body: bytes) -> StoredObject:
    """Return the body as it is to be stored: over 256 KiB as zstd, where that is smaller."""
    if len(body) <= COMPRESS_OVER_BYTES:
        return StoredObject(body)
    import zstandard  # noqa: PLC0415 - few calls meet a value this large

    compressed = zstandard.ZstdCompressor(level=_LEVEL).compress(body)
    return StoredObject(compressed, "zstd") if len(compressed) < len(body) else StoredObject(body)


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


def _from_zstd(body: bytes, path: str, budget: Budget) -> bytes:
    import zstandard  # noqa: PLC0415 - few calls meet an object that is compressed

    decompressor = zstandard.ZstdDecompressor()
    try:
        size = zstandard.frame_content_size(body)
        if size < 0:  # the frame does not say; it is decompressed once only to see
            with decompressor.stream_reader(body) as reader:
                size = _size_of(reader, budget.size_left)
        budget.spend(Cost(size), path)
        return decompressor.decompress(body, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise UnreadableObjectError("no single whole zstd frame", path=path) from error


def _size_of(reader: BinaryIO, limit: int) -> int:
    """Return how many bytes there are to read; of more than `limit`, only that they are more."""
    size = 0
    while size <= limit and (piece := reader.read(_PIECE_BYTES)):
        size += len(piece)
    return size


_DECODERS: Final[dict[str, Decoder]] = {
    "zstd": _from_zstd,
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
}
