"""Objects that are known to be stored, without a request.

They are those that this process has seen in the store lately, and those that the current bag points
to.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final, TypeAlias

from universal_sync_core.values.address import Address
from universal_sync_core.values.pointer import Pointer

# After this time an object is sent again, and S3 answers 412 if it is still there: `statebag gc`
# may have deleted unreferenced objects of a workflow that was idle for 14 days.
KNOWN_SECONDS: Final = 300.0
# An entry takes about 400 bytes; a value of 100 MB has some 3,200 documents.
MOST_KNOWN: Final = 16_384

# The path of a pack, or the address of a document in one.
Place: TypeAlias = str | Address
# Two pointers to equal values of one execution share this.
Identity: TypeAlias = tuple[str, str, int, int | None]


def identity(pointer: Pointer) -> Identity:
    """Return what distinguishes a pointer's value from others, wherever it is stored."""
    return (pointer.at.digest, pointer.kind, pointer.size, pointer.count)


class KnownObjects:
    """Remembers for some minutes which packs and documents this process stored or read.

    An entry says nothing about the objects that it refers to. Nor does a body in the cache say that
    its object is stored: the cache may serve it for days.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Start with nothing seen.

        Args:
            monotonic: a clock that is never adjusted, but may stop while the container is frozen.
            wall: a clock that goes on meanwhile, but may be adjusted.
        """
        self._monotonic = monotonic
        self._wall = wall
        self._seen: OrderedDict[Place, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def note(self, paths: Iterable[Place]) -> None:
        """Note that these packs or documents are in the store now."""
        now = (self._monotonic(), self._wall())
        with self._lock:
            for path in paths:
                self._seen[path] = now
                self._seen.move_to_end(path)
            while len(self._seen) > MOST_KNOWN:
                self._seen.popitem(last=False)

    def __contains__(self, path: Place) -> bool:
        """Tell whether the object was seen in the store in the last few minutes, by both clocks."""
        with self._lock:
            seen = self._seen.get(path)
        if seen is None:
            return False
        ages = (self._monotonic() - seen[0], abs(self._wall() - seen[1]))
        return max(ages) < KNOWN_SECONDS


class InBag:
    """The values that the current bag points to: they are stored, with all that they refer to."""

    def __init__(self, pointers: Iterable[Pointer]) -> None:
        """Take the pointers of a bag."""
        self._known: dict[tuple[str, Identity], set[Address]] = {}
        for pointer in pointers:
            self._known.setdefault(_key(pointer), set()).add(pointer.at)

    def has(self, pointer: Pointer) -> bool:
        """Tell whether the bag has exactly this pointer."""
        return pointer.at in self._known.get(_key(pointer), ())

    def same(self, pointer: Pointer) -> Address | None:
        """Return where the bag already points to the same value of the same execution, or None."""
        return min(self._known.get(_key(pointer), ()), default=None)


def _key(pointer: Pointer) -> tuple[str, Identity]:
    return _folder(pointer.path), identity(pointer)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
