"""Where the sources are, and where what is built goes: in the repository, and installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import local
from local.stack.project import TEMPLATE, cache_of

ROOT = Path(__file__).parents[2]
ASKS = """
from installed.local.stack.project import TEMPLATE, cache_of
print(TEMPLATE, cache_of(TEMPLATE), sep="\\n")
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder like that of an installed package."""
    folder = tmp_path / "installed" / "local"
    (folder / "project").mkdir(parents=True)
    (folder / "stack").mkdir()
    for package in (folder.parent, folder, folder / "stack"):
        (package / "__init__.py").touch()
    shutil.copy(Path(local.__file__).parent / "stack" / "project.py", folder / "stack")
    return folder


def ask(folder: Path, **variables: str) -> list[Path]:
    """Return the template and the cache as the installed package says them."""
    said = subprocess.run(  # noqa: S603 - the statements above
        [sys.executable, "-c", ASKS],
        cwd=folder.parents[1],
        env={"PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in said.stdout.splitlines()]


def test_in_the_repository_both_are_there() -> None:
    assert ROOT / "template.yaml" == TEMPLATE
    assert cache_of(TEMPLATE) == ROOT / ".aws-sam" / "local"


def test_users_template_has_its_cache_beside_it(tmp_path: Path) -> None:
    assert cache_of(tmp_path / "template.yaml") == tmp_path / ".aws-sam" / "local"


def test_installed_the_template_is_within_and_the_cache_is_the_users(
    installed: Path, tmp_path: Path
) -> None:
    template, cache = ask(installed, HOME=str(tmp_path))
    assert template == installed / "project" / "template.yaml"
    assert cache == tmp_path / ".cache" / "universal-sync-core"


@pytest.mark.parametrize(("chosen", "taken"), [("/var/cache/me", True), ("relative", False)])
def test_cache_is_where_the_user_has_it(
    installed: Path, tmp_path: Path, chosen: str, *, taken: bool
) -> None:
    _, cache = ask(installed, HOME=str(tmp_path), XDG_CACHE_HOME=chosen)
    parent = Path(chosen) if taken else tmp_path / ".cache"
    assert cache == parent / "universal-sync-core"
