"""Which objects are known to be stored, without asking the store.

Those that this process has seen there lately, and those that the bag at hand points to.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import chain
from threading import Lock
from typing import Final, TypeAlias

from universal_sync_core.values.address import Address
from universal_sync_core.values.pointer import Pointer

# After that an object is sent again, and S3 answers 412 where it is still there: `statebag gc`
# may have deleted what nothing referred to, of a workflow that nobody worked on for 14 days.
KNOWN_SECONDS: Final = 300.0
# Each takes about 400 bytes; a value of 100 MB has some 3,200 documents.
MOST_KNOWN: Final = 16_384

# A pack, or a document of one.
Place: TypeAlias = str | Address
# What two pointers to equal values of one execution have in common.
Identity: TypeAlias = tuple[str, str, int, int | None]


def identity(pointer: Pointer) -> Identity:
    """Return what tells the value of a pointer from others, wherever it is."""
    return (pointer.at.digest, pointer.kind, pointer.size, pointer.count)


class KnownObjects:
    """Remembers for some minutes which packs and documents were stored or read by this process.

    It says nothing of what an object refers to. That a body is in the cache says nothing either:
    the cache may serve it for days.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Start with nothing seen.

        Args:
            monotonic: a clock that is never set, but may stand still with a frozen container.
            wall: a clock that goes on meanwhile, but may be set.
        """
        self._monotonic = monotonic
        self._wall = wall
        self._seen: OrderedDict[Place, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def note(self, paths: Iterable[Place]) -> None:
        """Note that these packs or documents were in the store just now."""
        now = (self._monotonic(), self._wall())
        with self._lock:
            for path in paths:
                self._seen[path] = now
                self._seen.move_to_end(path)
            while len(self._seen) > MOST_KNOWN:
                self._seen.popitem(last=False)

    def __contains__(self, path: Place) -> bool:
        """Tell whether it was seen in the store in the last few minutes, by both clocks."""
        with self._lock:
            seen = self._seen.get(path)
        if seen is None:
            return False
        ages = (self._monotonic() - seen[0], abs(self._wall() - seen[1]))
        return max(ages) < KNOWN_SECONDS


class InBag:
    """What the bag at hand points to: it is stored, with all that it refers to."""

    def __init__(self) -> None:
        """Start without a bag."""
        self._unread: Iterable[Pointer] = ()
        self._known: dict[tuple[str, Identity], set[Address]] = {}

    def add(self, pointers: Iterable[Pointer]) -> None:
        """Take the pointers of a bag; they are looked through when one is first asked for."""
        self._unread = chain(self._unread, pointers)

    def has(self, pointer: Pointer) -> bool:
        """Tell whether the bag has this very pointer."""
        return pointer.at in self._read().get(_key(pointer), ())

    def same(self, pointer: Pointer) -> Address | None:
        """Return where the same value is, of the same execution, that the bag points to."""
        return min(self._read().get(_key(pointer), ()), default=None)

    def _read(self) -> dict[tuple[str, Identity], set[Address]]:
        for pointer in self._unread:
            self._known.setdefault(_key(pointer), set()).add(pointer.at)
        self._unread = ()
        return self._known


def _key(pointer: Pointer) -> tuple[str, Identity]:
    return _folder(pointer.path), identity(pointer)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
