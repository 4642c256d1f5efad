"""How bodies are stored: plain, or compressed where large; the object itself says which."""

from typing import Final

from universal_sync_core.codec import KIB
from universal_sync_core.compress import gunzip
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.store import StoredObject

COMPRESS_OVER_BYTES: Final = 256 * KIB
# Half of the largest object a 1 GiB function can decode.
MAX_DECODED_BYTES: Final = 256 * KIB * KIB
_LEVEL: Final = 3


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
    if stored.content_encoding in (None, "", "identity"):
        return stored.body
    try:
        if stored.content_encoding == "zstd":
            return _from_zstd(stored.body)
        if stored.content_encoding == "gzip":
            return gunzip(stored.body, MAX_DECODED_BYTES)
    except UnreadableObjectError as error:
        raise UnreadableObjectError("wrong encoding, or too large", path=path) from error
    raise UnreadableObjectError("unknown Content-Encoding", path=path)


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
