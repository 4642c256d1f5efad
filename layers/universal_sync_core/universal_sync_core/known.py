"""Which objects this process has itself seen in the store, and lately enough to rely on it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final

# After that an object is sent again, and S3 answers 412 where it is still there: `statebag gc`
# may have deleted what nothing referred to. Its `--grace` is a day at least.
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
