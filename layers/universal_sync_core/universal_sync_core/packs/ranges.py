"""Which ranges of packs are asked for, so that many documents take few requests."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import Part
from universal_sync_core.values.address import Address

# To read past so many bytes takes less than another request.
GAP_BYTES: Final = 64 * KIB
# More than that is asked for in parts, side by side.
PART_BYTES: Final = 4 * KIB * KIB


class Reach(NamedTuple):
    """Some bytes of a pack that are to be read together.

    Attributes:
        path: of the pack.
        part: which bytes.
        documents: those that it was asked for.
    """

    path: str
    part: Part
    documents: tuple[Address, ...]


def joined(addresses: Iterable[Address]) -> Iterator[Reach]:
    """Yield what to read, so that what lies near each other is one request."""
    run: list[Address] = []
    for at in sorted(set(addresses)):
        if run and not _is_near(run, at):
            yield _reach(run)
            run = []
        run.append(at)
    if run:
        yield _reach(run)


def whole(roots: Iterable[tuple[Address, int]], most: int) -> Iterator[Reach]:
    """Yield what to read of values that are read whole, before it is known what they are made of.

    All that was written with a root stands before it, and takes no more bytes than its JSON.

    Args:
        roots: where each root is, and the bytes of its value as JSON.
        most: bytes; nothing is read ahead of what says that it is larger.
    """
    merged = _merged(roots)
    if sum(stop - start for _, start, stop in merged) > most:
        return
    for path, start, stop in merged:
        for begin in range(start, stop, PART_BYTES):
            yield Reach(path, Part(begin, min(PART_BYTES, stop - begin)), ())


class Windows:
    """Parts of packs that were read ahead, unverified."""

    def __init__(self) -> None:
        """Start without any."""
        self._parts: dict[str, list[tuple[int, bytes]]] = {}

    def add(self, reach: Reach, body: bytes) -> None:
        """Hold a part; parts of one pack come in their order."""
        parts = self._parts.setdefault(reach.path, [])
        if parts and parts[-1][0] + len(parts[-1][1]) == reach.part.start:
            start, before = parts.pop()
            parts.append((start, before + body))
        else:
            parts.append((reach.part.start, body))

    def get(self, at: Address) -> bytes | None:
        """Return the bytes at an address, or None where they are not held."""
        for start, body in self._parts.get(at.path, ()):
            if start <= at.start and at.stop <= start + len(body):
                return body[at.start - start : at.stop - start]
        return None

    def clear(self) -> None:
        """Let go of all."""
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
