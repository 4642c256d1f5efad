"""How bodies are stored: plain, or compressed where large; the object itself says which."""

from collections.abc import Callable
from typing import Final

from universal_sync_core.codec import KIB
from universal_sync_core.compress import gunzip
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.store import StoredObject

COMPRESS_OVER_BYTES: Final = 256 * KIB
# Half of the largest object a 1 GiB function can decode.
MAX_DECODED_BYTES: Final = 256 * KIB * KIB
_LEVEL: Final = 3
# Of an upload by way of a stream, whose framing S3 takes off and whose name it may leave.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
_OF_TRANSFER: Final = {"aws-chunked"}
# What tools write there of a text. JSON is UTF-8, of which ASCII is a part.
_OF_TEXT: Final = {"utf-8", "utf8", "us-ascii", "ascii"}
# https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding: names have no case, come in lists.
_NO_CODINGS: Final = {"", "identity", *_OF_TRANSFER, *_OF_TEXT}


def to_stored(body: bytes) -> StoredObject:
    """Return the body as it is to be stored: over 256 KiB as zstd, where that is smaller."""
    if len(body) <= COMPRESS_OVER_BYTES:
        return StoredObject(body)
    import zstandard  # noqa: PLC0415 - few calls meet a value this large

    compressed = zstandard.ZstdCompressor(level=_LEVEL).compress(body)
    return StoredObject(compressed, "zstd") if len(compressed) < len(body) else StoredObject(body)


def from_stored(stored: StoredObject, path: str) -> bytes:
    """Return the body of a stored object.

    Raises:
        UnreadableObjectError: an unknown or wrong encoding, or more than 256 MiB.
    """
    body = stored.body
    for coding in reversed(_codings(stored.content_encoding or "")):
        try:
            body = _DECODERS[coding](body)
        except KeyError as error:
            known = ", ".join(_DECODERS)
            message = f"unknown Content-Encoding (known are {known})"
            raise UnreadableObjectError(message, path=path) from error
        except UnreadableObjectError as error:
            raise UnreadableObjectError("wrong encoding, or too large", path=path) from error
    return body


def _codings(header: str) -> list[str]:
    """Return the codings of a Content-Encoding in the order they were applied."""
    names = (name.strip().lower() for name in header.split(","))
    return [name for name in names if name not in _NO_CODINGS]


def _from_gzip(body: bytes) -> bytes:
    return gunzip(body, MAX_DECODED_BYTES)


def _from_zstd(body: bytes) -> bytes:
    import zstandard  # noqa: PLC0415

    try:
        if zstandard.frame_content_size(body) > MAX_DECODED_BYTES:  # -1: the frame does not say
            raise UnreadableObjectError(f"expands past {MAX_DECODED_BYTES:,} bytes", path="(body)")
        return zstandard.ZstdDecompressor().decompress(
            body, max_output_size=MAX_DECODED_BYTES, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise UnreadableObjectError("no single whole zstd frame", path="(body)") from error


_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "zstd": _from_zstd,
    "gzip": _from_gzip,
    "x-gzip": _from_gzip,
}
