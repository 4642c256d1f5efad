"""Virtual environments of their own, and pytest as a user runs it there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "universal_sync_core"
USER_PROJECT = Path(__file__).parent / "user_project"
# Collected where it is copied to, by a pytest of its own.
collect_ignore = ["user_project"]

_PINNED = re.compile(r"^([A-Za-z0-9._-]+==[^\\\n]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: where it is.
        constraints: file with the versions to install.
    """

    folder: Path
    constraints: Path

    def install(self, *requirements: str) -> None:
        """Install packages at the pinned versions."""
        quietly = ["--quiet", "--disable-pip-version-check", "--constraint", str(self.constraints)]
        self.run("pip", "install", *quietly, *requirements, cwd=self.folder).check_returncode()

    def run(
        self, module: str, *arguments: str, cwd: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a module as a user would who knows nothing of the repository."""
        return run(self.folder / "bin" / "python", module, *arguments, cwd=cwd, **variables)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment with nothing in it but pip."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603 - ours
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join(pinned()), encoding="utf-8")
    return Environment(folder, constraints)


def pinned() -> Iterator[str]:
    """Yield the lines of requirements-dev.txt as constraints, which have neither hash nor extra."""
    for found in _PINNED.finditer((ROOT / "requirements-dev.txt").read_text(encoding="utf-8")):
        yield found[1].strip()


def run(
    python: Path, module: str, *arguments: str, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a module in a folder, with none of this process's Python settings."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(  # noqa: S603 - commands of these tests
        [python, "-m", module, *arguments],
        cwd=cwd,
        env={**inherited, "SAM_CLI_TELEMETRY": "0", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of a user's, with the package as if it were installed."""
    plugin = ["-p", "local.pytest_plugin", "-q", "-W", "error", *arguments]
    paths = f"{LAYER}:{ROOT}"
    return run(Path(sys.executable), "pytest", *plugin, cwd=folder, PYTHONPATH=paths)
