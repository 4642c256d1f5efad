"""A store of files, so that the memory of a process holds only the objects that it reads."""

from collections.abc import Iterator
from pathlib import Path

from universal_sync_core.limits import KIB
from universal_sync_core.storage.store import Location, Part, StoredObject


class DiskStore:
    """Keeps objects as files of one folder, and how they are encoded in their names."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that is there."""
        self._folder = folder

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Write the file; return False where there is one."""
        if self.exists(location):
            return False
        (self._folder / f"{_name(location)}.{content_encoding or ''}").write_bytes(body)
        return True

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Read the file, or a part of it."""
        file = next(self._folder.glob(f"{_name(location)}.*"))
        start, length = part or (0, -1)
        with file.open("rb") as opened:
            opened.seek(start)
            body = opened.read(length)
        return StoredObject(body, file.suffix.removeprefix(".") or None)

    def exists(self, location: Location) -> bool:
        """Tell whether there is a file."""
        return any((self._folder / f"{_name(location)}{end}").exists() for end in (".", ".zstd"))

    def stream(self, location: Location) -> Iterator[bytes]:
        """Read the file in pieces."""
        with next(self._folder.glob(f"{_name(location)}.*")).open("rb") as file:
            while piece := file.read(256 * KIB):
                yield piece


def _name(location: Location) -> str:
    return location.key.rsplit("/", 1)[1].removesuffix(".json")
