"""Reading compressed files of others while their bytes arrive: gzip and zstd, told by content."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.limits import KIB

_GZIP: Final = b"\x1f\x8b"
# https://www.rfc-editor.org/rfc/rfc8878#name-zstandard-frames
# A file may begin with a frame of other programs' data, which is skipped, as pzstd writes one.
_ZSTD: Final = (b"\x28\xb5\x2f\xfd", *(bytes((n, 0x2A, 0x4D, 0x18)) for n in range(0x50, 0x60)))
_MAGIC_BYTES: Final = 4
_FILL: Final = b"\0"
# A block of 128 KiB may take 4 bytes of a frame, so this few bytes expand to some megabytes.
_FED_BYTES: Final = KIB
# A window takes its full size in memory, however small the file is.
_MOST_WINDOW_BYTES: Final = 128 * KIB * KIB


class _Decoder(Protocol):
    """Decodes one member of a file, like the objects of `zlib` and `zstandard`."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def uncompressed(pieces: Iterable[bytes], path: str) -> Iterator[bytes]:
    """Yield the bytes of a file piece by piece, decompressed if it is gzip or zstd.

    Args:
        pieces: the stored bytes of the file.
        path: the path of the file, for messages.

    Raises:
        UnreadableObjectError: it is damaged, or breaks off.
    """
    rest = begun(pieces, _MAGIC_BYTES)
    head = next(rest)
    stored = chain([head], rest)
    if head.startswith(_GZIP):
        yield from _decoded(stored, _gzip_decoder, zlib.error, "gzip", path)
    elif head.startswith(_ZSTD):
        import zstandard  # noqa: PLC0415 - few calls meet such a file

        decoder = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
        yield from _decoded(stored, decoder.decompressobj, zstandard.ZstdError, "zstd", path)
    else:
        yield from stored


def begun(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes, and at least `size` of them at first, if there are as many."""
    rest, head = iter(pieces), b""
    while len(head) < size and (piece := next(rest, None)) is not None:
        head += piece
    yield head
    yield from rest


def _gzip_decoder() -> _Decoder:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _decoded(
    stored: Iterable[bytes],
    new: Callable[[], _Decoder],
    failure: type[Exception],
    kind: str,
    path: str,
) -> Iterator[bytes]:
    """Yield the content of the members of a file, one after another; zeros may fill its end."""
    decoder = new()
    try:
        for data in _fed(stored):
            while data := data.lstrip(_FILL) if decoder.eof else data:
                decoder = new() if decoder.eof else decoder
                if piece := decoder.decompress(data):
                    yield piece
                data = decoder.unused_data  # noqa: PLW2901 - the bytes of the next member
    except failure as error:
        raise UnreadableObjectError(f"not readable {kind}", path=path) from error
    if not decoder.eof:
        raise UnreadableObjectError(f"the {kind} file breaks off", path=path)


def _fed(stored: Iterable[bytes]) -> Iterator[bytes]:
    for piece in stored:
        yield from (piece[at : at + _FED_BYTES] for at in range(0, len(piece), _FED_BYTES))
