"""Writing a file: of state for its owner alone, through no link, and whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from statebag.errors import RefusedError

# State may hold secrets: nobody else reads the file.
_MODE: Final = 0o600


def write_file(file: Path, body: bytes, *, force: bool, mode: int = _MODE) -> None:
    """Write a new file, or with `force` replace the one that has its name.

    Args:
        file: where to write.
        body: what to write.
        force: whether to replace a file.
        mode: who may read it; by default its owner alone.

    Raises:
        RefusedError: there is something of that name, or it cannot be written.
    """
    try:
        if force:
            _replace(file, body, mode)
        else:
            _create(file, body, mode)
    except FileExistsError as error:
        hint = "Overwrite it with --force."
        raise RefusedError(f"{file} already exists", hint=hint) from error
    except OSError as error:
        hint = "Give a file that can be written: -o FILE."
        raise RefusedError(f"{file}: {error.strerror}", hint=hint) from error


def _create(file: Path, body: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with _whole(file), os.fdopen(descriptor, "wb") as opened:
        opened.write(body)


def _replace(file: Path, body: bytes, mode: int) -> None:
    """Write beside the file, and rename: what was there, or where it led to, is not touched."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    with _whole(Path(name)):
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(body)
            os.fchmod(descriptor, mode)
        Path(name).replace(file)


@contextmanager
def _whole(file: Path) -> Iterator[None]:
    """Remove a new file if it is not written to its end: the disk is full, or somebody stops it."""
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise
