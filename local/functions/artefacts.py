"""Deployed code: zipped as `sam package` does, unpacked as Lambda does."""

import hashlib
import io
import shutil
import time
import uuid
import zipfile
from pathlib import Path

# Unpacked code of earlier runs: kept, since Python's own compiled files lie there too.
_KEPT = 8
# Another cloud may run from what was used lately.
_IN_USE_SECONDS = 24 * 60 * 60


def zipped(directory: Path) -> bytes:
    """Return a directory as a zip archive; equal content gives equal bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                # Without times; mode 0644, as Lambda needs to read it.
                entry = zipfile.ZipInfo(path.relative_to(directory).as_posix())
                entry.external_attr = 0o644 << 16
                target.writestr(entry, path.read_bytes())
    return archive.getvalue()


class CodeCache:
    """Directories of unpacked archives, named by their content."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def unpack(self, archive: bytes) -> Path:
        """Return the directory that holds what is in the archive."""
        directory = self._root / hashlib.sha256(archive).hexdigest()
        if directory.is_dir():
            directory.touch()
        else:
            self._extract(archive, directory)
            prune(self._root, keep=_KEPT)
        return directory

    def _extract(self, archive: bytes, directory: Path) -> None:
        unfinished = directory.with_name(f"{directory.name}.{uuid.uuid4().hex}")
        with zipfile.ZipFile(io.BytesIO(archive)) as source:
            source.extractall(unfinished)
        publish(unfinished, directory)


def publish(unfinished: Path, directory: Path) -> None:
    """Give a finished directory its name, unless another process has been faster."""
    try:
        unfinished.rename(directory)
    except OSError:
        if not directory.is_dir():
            raise
        shutil.rmtree(unfinished)


def prune(root: Path, *, keep: int) -> None:
    """Remove what was not used for a day, except the directories used last."""
    used = sorted(((path.stat().st_mtime, path) for path in root.iterdir()), reverse=True)
    for moment, directory in used[keep:]:
        if moment < time.time() - _IN_USE_SECONDS:
            shutil.rmtree(directory, ignore_errors=True)
