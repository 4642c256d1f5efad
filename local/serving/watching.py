"""Files that somebody edits: whether they have changed since one looked last.

Their times and sizes are compared, every now and then. That works on every file system, also on
those of containers and virtual machines, which do not report changes.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

_Seen: TypeAlias = dict[Path, tuple[int, int]]
# What programs write there by themselves.
_NOT_EDITED = {"__pycache__", "node_modules"}


class Watched:
    """A file, or a directory with all that is in it."""

    def __init__(self, path: Path) -> None:
        """Watch from now on."""
        self._path = path
        self._seen = self._look()

    def has_changed(self) -> bool:
        """Tell whether something was written, added or removed since the last call."""
        now = self._look()
        changed = now != self._seen
        self._seen = now
        return changed

    def _look(self) -> _Seen:
        found: _Seen = {}
        for path in self._files():
            try:
                told = path.stat()
            except OSError:  # an editor has just taken it away
                continue
            found[path] = (told.st_mtime_ns, told.st_size)
        return found

    def _files(self) -> Iterator[Path]:
        if not self._path.is_dir():
            yield self._path
            return
        for folder, inner, files in os.walk(self._path):
            inner[:] = [name for name in inner if name not in _NOT_EDITED and name[0] != "."]
            yield from (Path(folder, name) for name in files)
