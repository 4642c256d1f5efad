"""Packs: the documents that one call adds, one after another, each readable by its range alone.

A document is a zstd frame of its JSON and a newline, so that a pack as a whole is a zstd stream of
JSON lines. Other writers may store plain JSON; the bytes of a document show which it is.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.limits import KIB
from universal_sync_core.values.address import Address, PackName
from universal_sync_core.values.budget import Budget, Cost

if TYPE_CHECKING:
    import zstandard

# A pack over this size is ended and another begun, so that they are sent in parallel.
PACK_BYTES: Final = 4 * KIB * KIB
# Packs of this product end near 4 MiB, with far fewer.
MOST_DOCUMENTS: Final = KIB * KIB
_LEVEL: Final = 3
_THREADS: Final = 2
# https://www.rfc-editor.org/rfc/rfc8878#name-zstandard-frames
_FRAME: Final = b"\x28\xb5\x2f\xfd"
_BLOCK_HEADER_BYTES: Final = 3
_CHECKSUM_BYTES: Final = 4
_RUN_OF_ONE_BYTE: Final = 1
_PIECE_BYTES: Final = KIB * KIB
# JSON of other writers may begin with a little white space.
_BEGINNING_BYTES: Final = 64
_NOT_ONE_FRAME: Final = "not a single whole zstd frame"

_OF_THREAD = threading.local()


class Pack:
    """A pack that is being written."""

    def __init__(self, name: PackName) -> None:
        """Begin an empty pack.

        Args:
            name: gets the path once it is known.
        """
        self.name = name
        # The length and digest of each document, and its bytes, by its start.
        self._by_start: dict[int, tuple[tuple[int, str], bytes]] = {}
        self.size = 0

    @property
    def count(self) -> int:
        """The number of documents in it."""
        return len(self._by_start)

    def add(self, frame: bytes) -> Address:
        """Add a document at the end, and return its address."""
        digest = hashlib.sha256(frame).hexdigest()
        address = Address(self.name.stand_in, self.size, len(frame), digest)
        self._by_start[self.size] = (len(frame), digest), frame
        self.size += len(frame)
        return address

    def drop_from(self, count: int) -> None:
        """Remove the documents after the first `count`."""
        while len(self._by_start) > count:
            self.size, _ = self._by_start.popitem()

    def part(self, at: Address) -> bytes | None:
        """Return the bytes of a document, or None if it is not here."""
        known, part = self._by_start.get(at.start, (None, None))
        return part if known == (at.length, at.digest) else None

    def documents(self, path: str) -> Iterator[tuple[Address, bytes]]:
        """Yield the address of each document, under the path of the pack, and its bytes."""
        for start, ((length, digest), part) in self._by_start.items():
            yield Address(path, start, length, digest), part

    def body(self) -> bytes:
        """Return the bytes of the pack."""
        return b"".join(part for _, part in self._by_start.values())

    def digest(self) -> str:
        """Return the SHA-256 of the bytes of the pack, in hex."""
        digest = hashlib.sha256()
        for _, part in self._by_start.values():
            digest.update(part)
        return digest.hexdigest()


def to_frame(body: bytes) -> bytes:
    """Return a JSON document in the form that a pack stores."""
    frame: bytes = _compressor().compress(body + b"\n")
    return frame


def to_frames(bodies: Sequence[bytes]) -> list[bytes]:
    """Return what `to_frame` does for each of some documents, compressed on two processors."""
    lines: list[bytes | bytearray | memoryview] = [body + b"\n" for body in bodies]
    frames = _compressor().multi_compress_to_buffer(lines, threads=_THREADS)
    return [frames[number].tobytes() for number in range(len(frames))]


def encoding_of(body: bytes) -> str | None:
    """Return the Content-Encoding of a pack."""
    return "zstd" if body.startswith(_FRAME) else None


def from_frame(stored: bytes, path: str, budget: Budget) -> bytes:
    """Return the JSON of a document of a pack; its bytes are spent before it is unpacked.

    Raises:
        UnreadableObjectError: it is not a single whole frame.
        StateTooLargeError: it is larger than what is left of the budget.
    """
    if not stored.startswith(_FRAME):
        budget.spend(Cost(len(stored)), path)
        return stored.removesuffix(b"\n")
    return unzstd(stored, path, budget).removesuffix(b"\n")


def json_size(stored: bytes) -> int | None:
    """Return the stated size of a document's JSON in bytes, or None if it is not stated."""
    import zstandard  # noqa: PLC0415

    if not stored.startswith(_FRAME):
        return len(stored.removesuffix(b"\n"))
    try:
        size: int = zstandard.frame_content_size(stored)
    except zstandard.ZstdError:
        return None
    return size - len(b"\n") if size > 0 else None


def first_byte(stored: bytes) -> bytes:
    """Return the first byte of a document's JSON, which tells its kind; none if it is damaged."""
    import zstandard  # noqa: PLC0415

    if not stored.startswith(_FRAME):
        return stored[:_BEGINNING_BYTES].lstrip()[:1]
    try:
        with _decompressor().stream_reader(stored) as reader:
            return reader.read(_BEGINNING_BYTES).lstrip()[:1]
    except zstandard.ZstdError:
        return b""


def unzstd(stored: bytes, path: str, budget: Budget) -> bytes:
    """Return the content of a zstd frame; the errors are those of `from_frame`."""
    import zstandard  # noqa: PLC0415 - a call that reads nothing does not need it

    try:
        size = zstandard.frame_content_size(stored)
        if size < 0:  # the frame does not state it: decompress it once only to measure
            size = _size_of(stored, budget.size_left)
        budget.spend(Cost(size), path)
        body: bytes = _decompressor().decompress(
            stored, max_output_size=size, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise UnreadableObjectError(_NOT_ONE_FRAME, path=path) from error
    if len(body) < size:  # of several frames that state no size, only the first is decompressed
        raise UnreadableObjectError(_NOT_ONE_FRAME, path=path)
    return body


def documents_in(body: bytes, path: str) -> Iterator[Address]:
    """Yield the address of each document of a whole pack.

    Raises:
        UnreadableObjectError: it is not a row of frames, or one of more than any pack has.
    """
    for start, stop in spans_in(body, path):
        digest = hashlib.sha256(memoryview(body)[start:stop]).hexdigest()
        yield Address(path, start, stop - start, digest)


def spans_in(body: bytes, path: str) -> Iterator[tuple[int, int]]:
    """Yield where each document of a whole pack starts and stops, as `documents_in`."""
    start = count = 0
    while start < len(body):
        count += 1
        if count > MOST_DOCUMENTS:
            message = f"a pack with over {MOST_DOCUMENTS:,} documents"
            raise UnreadableObjectError(message, path=path)
        is_frame = body.startswith(_FRAME, start)
        stop = _frame_stop(body, start) if is_frame else (body.find(b"\n", start) + 1 or len(body))
        if stop > len(body):
            raise UnreadableObjectError("the pack breaks off", path=path)
        yield start, stop
        start = stop


def _frame_stop(body: bytes, start: int) -> int:
    """Return where a frame ends, from the headers of its blocks."""
    import zstandard  # noqa: PLC0415

    try:
        at = start + zstandard.frame_header_size(body[start : start + 32])
        has_checksum = zstandard.get_frame_parameters(body[start : start + 32]).has_checksum
    except zstandard.ZstdError:
        return len(body) + 1
    is_last = False
    while not is_last:
        header = int.from_bytes(body[at : at + _BLOCK_HEADER_BYTES], "little")
        if at + _BLOCK_HEADER_BYTES > len(body):
            return len(body) + 1
        is_last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        at += _BLOCK_HEADER_BYTES + (1 if kind == _RUN_OF_ONE_BYTE else size)
    return at + (_CHECKSUM_BYTES if has_checksum else 0)


def _size_of(stored: bytes, limit: int) -> int:
    """Return how many bytes are in a frame; if over `limit`, any number that is larger."""
    size = 0
    with _decompressor().stream_reader(stored) as reader:
        while size <= limit and (piece := reader.read(_PIECE_BYTES)):
            size += len(piece)
    return size


def _compressor() -> "zstandard.ZstdCompressor":
    """Return the compressor of this thread."""
    import zstandard  # noqa: PLC0415

    if not hasattr(_OF_THREAD, "compressor"):
        _OF_THREAD.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    made: zstandard.ZstdCompressor = _OF_THREAD.compressor
    return made


def _decompressor() -> "zstandard.ZstdDecompressor":
    """Return the decompressor of this thread."""
    import zstandard  # noqa: PLC0415

    if not hasattr(_OF_THREAD, "decompressor"):
        _OF_THREAD.decompressor = zstandard.ZstdDecompressor()
    made: zstandard.ZstdDecompressor = _OF_THREAD.decompressor
    return made
