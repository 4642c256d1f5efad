"""The example in Node.js, with the packages that its lock file names."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "node_worker"
FILES = (".npmrc", "package.json", "package-lock.json", "pointers.mjs")


def installed(folder: Path, others: Iterable[str] = ()) -> Path:
    """Return a folder with the example and some others of its files, ready to run."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    for name in (*FILES, *others):
        shutil.copy(EXAMPLE / name, folder)
    subprocess.run([npm, "ci", "--silent"], cwd=folder, check=True)  # noqa: S603 - fixed words
    return folder
