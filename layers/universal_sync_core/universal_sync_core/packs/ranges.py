"""Planning which ranges of packs to read, so that many documents take few requests."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from universal_sync_core.limits import KIB
from universal_sync_core.packs.frames import PACK_BYTES
from universal_sync_core.storage.store import Part
from universal_sync_core.values.address import Address

# Reading this many unneeded bytes takes less time than another request.
GAP_BYTES: Final = 64 * KIB
# A larger range is read in parts, in parallel. A pack of pages is one part, with the page that
# filled it.
PART_BYTES: Final = PACK_BYTES + 64 * KIB


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


class Span(NamedTuple):
    """Consecutive bytes of a pack that are read ahead, in parts.

    Attributes:
        path: the path of the pack.
        start: the position of the first byte.
        stop: the position after the last.
    """

    path: str
    start: int
    stop: int

    def parts(self) -> list[Reach]:
        """Return the parts to read."""
        return [
            Reach(self.path, Part(begin, min(PART_BYTES, self.stop - begin)), ())
            for begin in range(self.start, self.stop, PART_BYTES)
        ]

    def holds(self, at: Address) -> bool:
        """Tell whether a document of the pack is in it."""
        return self.start <= at.start and at.stop <= self.stop

    @property
    def length(self) -> int:
        """The number of its bytes."""
        return self.stop - self.start


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


def whole(roots: Iterable[tuple[Address, int]], most: int) -> list[Span]:
    """Return what to read for whole values before their documents are known.

    Everything written with a root is before it, and takes no more bytes than the value's JSON.

    Args:
        roots: the address of each root, and the bytes of its value as JSON.
        most: the most bytes; values with a larger stated size are not read ahead.
    """
    merged = _merged(roots)
    return merged if sum(span.length for span in merged) <= most else []


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


def _merged(roots: Iterable[tuple[Address, int]]) -> list[Span]:
    merged: list[Span] = []
    for path, start, stop in sorted((at.path, at.start - size, at.stop) for at, size in roots):
        last = merged[-1] if merged else Span("", 0, 0)
        if last.path == path and start <= last.stop + GAP_BYTES:
            merged[-1] = last._replace(stop=max(stop, last.stop))
        else:
            merged.append(Span(path, max(0, start), stop))
    return merged
