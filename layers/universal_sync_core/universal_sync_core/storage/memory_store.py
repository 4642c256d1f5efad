"""An object store in a dict, for tests and for use without AWS."""

from collections.abc import Iterator

from universal_sync_core.errors import MissingObjectError
from universal_sync_core.storage.store import Location, Part, StoredObject

_PIECE = 64 * 1024


class MemoryStore:
    """Keeps objects in memory; like the S3 store, it creates objects and never replaces one."""

    def __init__(self) -> None:
        """Start empty."""
        self.objects: dict[Location, StoredObject] = {}

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create the object, and return False if one of that name exists already."""
        stored = StoredObject(body, content_encoding)
        return self.objects.setdefault(location, stored) is stored

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the object, or a part of it; raise MissingObjectError if there is none."""
        try:
            stored = self.objects[location]
        except KeyError as error:
            raise MissingObjectError("no such object", path=str(location)) from error
        if part is None:
            return stored
        body = stored.body[part.start : part.stop]
        return StoredObject(body, stored.content_encoding)

    def exists(self, location: Location) -> bool:
        """Tell whether the object exists, without reading it."""
        return location in self.objects

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the body piece by piece; raise MissingObjectError if there is none."""
        body = self.get(location).body
        return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
