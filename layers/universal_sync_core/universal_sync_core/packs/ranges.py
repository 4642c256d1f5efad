"""Planning which ranges of packs to read, so that many documents take few requests."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import Part
from universal_sync_core.values.address import Address

# Reading this many unneeded bytes takes less time than another request.
GAP_BYTES: Final = 64 * KIB
# A larger range is read in parts, in parallel.
PART_BYTES: Final = 4 * KIB * KIB


class Reach(NamedTuple):
    """Some bytes of a pack to read together.

    Attributes:
        path: the path of the pack.
        part: the bytes.
        documents: the documents that are wanted from it.
    """

    path: str
    part: Part
    documents: tuple[Address, ...]


def joined(addresses: Iterable[Address]) -> Iterator[Reach]:
    """Yield what to read, so that documents near each other are one request."""
    run: list[Address] = []
    for at in sorted(set(addresses)):
        if run and not _is_near(run, at):
            yield _reach(run)
            run = []
        run.append(at)
    if run:
        yield _reach(run)


def whole(roots: Iterable[tuple[Address, int]], most: int) -> Iterator[Reach]:
    """Yield what to read for whole values before their documents are known.

    Everything written with a root is before it, and takes no more bytes than the value's JSON.

    Args:
        roots: the address of each root, and the bytes of its value as JSON.
        most: the most bytes; a value with a larger stated size is not read ahead.
    """
    merged = _merged(roots)
    if sum(stop - start for _, start, stop in merged) > most:
        return
    for path, start, stop in merged:
        for begin in range(start, stop, PART_BYTES):
            yield Reach(path, Part(begin, min(PART_BYTES, stop - begin)), ())


class Windows:
    """Parts of packs that were read ahead, not verified yet."""

    def __init__(self) -> None:
        """Start without parts."""
        self._parts: dict[str, list[tuple[int, bytearray]]] = {}

    def add(self, reach: Reach, body: bytes) -> None:
        """Hold a part; parts of the same pack must come in order."""
        parts = self._parts.setdefault(reach.path, [])
        if not parts or parts[-1][0] + len(parts[-1][1]) != reach.part.start:
            parts.append((reach.part.start, bytearray()))
        parts[-1][1].extend(body)

    def get(self, at: Address) -> bytes | None:
        """Return the bytes at an address, or None if they are not held."""
        for start, body in self._parts.get(at.path, ()):
            if start <= at.start and at.stop <= start + len(body):
                return bytes(body[at.start - start : at.stop - start])
        return None

    def clear(self) -> None:
        """Drop everything."""
        self._parts.clear()


def _is_near(run: Sequence[Address], at: Address) -> bool:
    first, last = run[0], run[-1]
    return (
        at.path == last.path
        and at.start <= last.stop + GAP_BYTES
        and at.stop - first.start <= PART_BYTES
    )


def _reach(run: Sequence[Address]) -> Reach:
    start = run[0].start
    return Reach(run[0].path, Part(start, max(at.stop for at in run) - start), tuple(run))


def _merged(roots: Iterable[tuple[Address, int]]) -> list[tuple[str, int, int]]:
    spans = sorted((at.path, max(0, at.start - size), at.stop) for at, size in roots)
    merged: list[tuple[str, int, int]] = []
    for path, start, stop in spans:
        last = merged[-1] if merged else ("", 0, 0)
        if last[0] == path and start <= last[2] + GAP_BYTES:
            merged[-1] = (path, last[1], max(stop, last[2]))
        else:
            merged.append((path, start, stop))
    return merged
