"""Documents that are read side by side, so that those that have come are decoded meanwhile."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from universal_sync_core.packs.fetching import Fetching, is_sound
from universal_sync_core.packs.ranges import PART_BYTES, Reach, Span, joined, whole
from universal_sync_core.storage.parallel import SideBySide
from universal_sync_core.values.address import Address, settled
from universal_sync_core.values.pointer import Pointer

# The stored bytes of documents, verified.
Stored: TypeAlias = dict[Address, bytes]


class Arrivals:
    """The documents of one load."""

    def __init__(self, fetching: Fetching, requests: SideBySide) -> None:
        """Begin nothing yet.

        Args:
            fetching: reads the documents.
            requests: what is requested, until the end of its block.
        """
        self._fetching = fetching
        self._requests = requests
        self._ahead: dict[str, list[_Ahead]] = {}
        self._bytes_ahead = 0
        self._bytes_asked = 0

    def begin_whole(self, pointers: Iterable[Pointer]) -> None:
        """Begin to read values that are needed whole, with as few requests as possible."""
        roots = [(settled(pointer.at), pointer.size) for pointer in pointers]
        wanted = [
            (at, size)
            for at, size in roots
            if self._ahead_with(at) is None and self._fetching.at_hand(at) is None
        ]
        spans = whole(wanted, self._fetching.budget.size_left - self._bytes_ahead)
        is_alone = len(spans) == 1 and not self._ahead and not self._bytes_asked
        for span in spans:
            waits = self._begun(span.parts(), is_alone=is_alone)
            self._ahead.setdefault(span.path, []).append(_Ahead(span, waits))
            self._bytes_ahead += span.length

    def _begun(self, parts: Sequence[Reach], *, is_alone: bool) -> list[Callable[[], bytes]]:
        """Begin to read parts, and return a function for each that waits for its bytes.

        A single part that nothing else is read beside needs no thread: who waits for it reads it.
        """
        if is_alone and len(parts) == 1:
            return [cache(partial(self._fetching.part, parts[0]))]
        return [each.result for each in self._requests.begin(self._fetching.part, parts)]

    def begin(self, addresses: Iterable[Address]) -> Iterator[Stored]:
        """Begin to read documents, and return an iterator over those that come together.

        They are requested in the order of the addresses, each with those near it. The errors are
        those of `Objects.read_many`.
        """
        at_hand: Stored = {}
        ahead: dict[Address, _Ahead] = {}
        missing: list[Address] = []
        for at in addresses:
            if (stored := self._fetching.at_hand(at)) is not None:
                at_hand[at] = stored
            elif (held := self._ahead_with(at)) is not None:
                ahead[at] = held
            else:
                missing.append(at)
        return self._arriving(at_hand, ahead, self._asked(missing))

    def _asked(self, missing: Sequence[Address]) -> deque[Future[Stored]]:
        """Request documents; all that are requested and not used yet must fit what may be read."""
        if missing:
            self._bytes_asked += sum(at.length for at in missing)
            self._fetching.budget.require_readable(self._bytes_asked, missing[0].path)
        rank = {at: number for number, at in enumerate(missing)}
        reaches = sorted(joined(missing), key=lambda each: min(rank[at] for at in each.documents))
        return deque(self._requests.begin(self._fetching.documents_in, reaches))

    def _arriving(
        self, at_hand: Stored, ahead: Mapping[Address, "_Ahead"], asked: deque[Future[Stored]]
    ) -> Iterator[Stored]:
        damaged: list[Address] = []
        for at, held in ahead.items():
            stored = held.bytes_of(at)
            if is_sound(stored, at):
                self._fetching.keep(at, stored)
                at_hand[at] = stored
            else:  # perhaps only on its way
                damaged.append(at)
        yield at_hand
        asked += self._asked(damaged)
        while asked:
            found = asked.popleft().result()
            self._bytes_asked -= sum(map(len, found.values()))
            yield found

    def _ahead_with(self, at: Address) -> "_Ahead | None":
        """Return what is being read ahead with a document in it, or None."""
        return next((each for each in self._ahead.get(at.path, ()) if each.span.holds(at)), None)


class _Ahead(NamedTuple):
    """A span that is being read ahead, and what waits for each of its parts; none is verified."""

    span: Span
    waits: Sequence[Callable[[], bytes]]

    def bytes_of(self, at: Address) -> bytes:
        """Return the bytes of a document in it."""
        start, stop = at.start - self.span.start, at.stop - self.span.start
        numbers = range(start // PART_BYTES, (stop - 1) // PART_BYTES + 1)
        begins = [(number, number * PART_BYTES) for number in numbers]
        return b"".join(
            self.waits[number]()[max(0, start - begin) : stop - begin] for number, begin in begins
        )
