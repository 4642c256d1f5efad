"""Which objects are known to be stored, without asking the store.

Those that this process has seen there lately, and those that the bag at hand points to.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import chain
from threading import Lock
from typing import Final

from universal_sync_core.values.pointer import Pointer

# After that an object is sent again, and S3 answers 412 where it is still there: `statebag gc`
# may have deleted what nothing referred to, of a workflow that nobody worked on for 14 days.
KNOWN_SECONDS: Final = 300.0
# Each takes about 300 bytes; a value of 100 MB has some 1,600 objects.
MOST_KNOWN: Final = 16_384


class KnownObjects:
    """Remembers for some minutes which objects were stored or read by this process.

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
        self._seen: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def note(self, paths: Iterable[str]) -> None:
        """Note that these objects were in the store just now."""
        now = (self._monotonic(), self._wall())
        with self._lock:
            for path in paths:
                self._seen[path] = now
                self._seen.move_to_end(path)
            while len(self._seen) > MOST_KNOWN:
                self._seen.popitem(last=False)

    def __contains__(self, path: str) -> bool:
        """Tell whether the object was seen in the store in the last few minutes, by both clocks."""
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
        self._forms: dict[str, set[tuple[str, int, int | None]]] = {}

    def add(self, pointers: Iterable[Pointer]) -> None:
        """Take the pointers of a bag; they are looked through when one is first asked for."""
        self._unread = chain(self._unread, pointers)

    def __contains__(self, path: str) -> bool:
        """Tell whether the bag points to an object."""
        return path in self._read()

    def has(self, pointer: Pointer) -> bool:
        """Tell whether the bag has this very pointer."""
        return (pointer.kind, pointer.size, pointer.count) in self._read().get(pointer.path, ())

    def _read(self) -> dict[str, set[tuple[str, int, int | None]]]:
        for pointer in self._unread:
            form = (pointer.kind, pointer.size, pointer.count)
            self._forms.setdefault(pointer.path, set()).add(form)
        self._unread = ()
        return self._forms
