"""What pip installs, in environments that know nothing of this repository."""

import json
import shutil
from pathlib import Path

import pytest

from tests.packaging.conftest import LAYER, ROOT, USER_PROJECT, Environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

OWNED = """
import importlib.metadata, json
names = ["universal-sync-core", "universal-sync-core-statebag"]
print(json.dumps([[str(file) for file in importlib.metadata.files(name)] for name in names]))
"""


def files_of(environment: Environment) -> set[Path]:
    """Return what is installed, without what Python compiled."""
    (packages,) = environment.folder.glob("lib/python3*/site-packages")
    found = (path for path in packages.rglob("*") if path.is_file())
    return {path for path in found if path.suffix != ".pyc"}


def test_users_test_file_passes_with_nothing_but_the_package(
    environment: Environment, tmp_path: Path
) -> None:
    environment.install(f"{LAYER}[testing]")
    installed = files_of(environment)
    shutil.copytree(USER_PROJECT, tmp_path / "user", ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "cache"

    ran = environment.run(
        "pytest", "-q", "-W", "error", cwd=tmp_path / "user", XDG_CACHE_HOME=str(cache)
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout
    assert {path.name for path in (cache / "universal-sync-core").iterdir()} == {"builds", "code"}
    assert files_of(environment) == installed


def test_core_alone_needs_neither_powertools_nor_pydantic(
    environment: Environment, tmp_path: Path
) -> None:
    environment.install(str(LAYER))
    parts = ("universal_sync_core.storage.s3_store", "universal_sync_core.local")
    code = f"import universal_sync_core, {', '.join(parts)}"
    (tmp_path / "imports.py").write_text(code, encoding="utf-8")

    ran = environment.run("imports", cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert not any("pydantic" in str(path) for path in files_of(environment))


def test_command_is_installed_beside_the_package(environment: Environment, tmp_path: Path) -> None:
    environment.install(str(ROOT))
    (tmp_path / "owned.py").write_text(OWNED, encoding="utf-8")

    core, command = json.loads(environment.run("owned", cwd=tmp_path).stdout)
    shown = environment.run("statebag", "--help", cwd=tmp_path)

    assert not set(core) & set(command)
    assert shown.returncode == 0, shown.stderr
    assert "timeline" in shown.stdout
