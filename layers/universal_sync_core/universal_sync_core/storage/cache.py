"""A cache of immutable objects, bounded by bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class ByteCache:
    """Keeps the most recently used packs and documents in their stored form.

    Keys are content-addressed, and bodies are verified before they go in, so a hit needs no check.
    """

    def __init__(self, max_bytes: int) -> None:
        """Start empty, and never hold more than `max_bytes`."""
        self._max_bytes = max_bytes
        self._bytes = 0
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, path: Hashable) -> bytes | None:
        """Return the body, or None if it is not held."""
        with self._lock:
            body = self._bodies.get(path)
            if body is not None:
                self._bodies.move_to_end(path)
            return body

    def put(self, path: Hashable, body: bytes) -> None:
        """Hold the body, and drop those that were not used for longest."""
        with self._lock:
            if len(body) > self._max_bytes or path in self._bodies:
                return
            self._bodies[path] = body
            self._bytes += len(body)
            while self._bytes > self._max_bytes:
                _, dropped = self._bodies.popitem(last=False)
                self._bytes -= len(dropped)
