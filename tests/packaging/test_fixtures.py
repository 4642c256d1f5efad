"""The fixtures as a user's pytest finds them; one cloud in each, so in processes of their own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import local
from tests.packaging.conftest import LAYER, ROOT, USER_PROJECT, run_pytest

HEAVY = {"boto3", "botocore", "moto", "samcli", "samtranslator", "universal_sync_core"}
WITHOUT_MOTO = "import sys\nsys.modules['moto'] = None\n"
USES_CLOUD = "def test_uses_the_cloud(local_cloud):\n    assert local_cloud.outputs\n"
OVERRIDES = """
import pytest

@pytest.fixture(scope="session")
def segment_runner(worker_function):
    return worker_function(".", name="Another")
"""


def test_users_test_file_passes(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    shutil.copytree(USER_PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    ran = run_pytest(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_second_worker_in_a_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_first.py").write_text(USES_CLOUD, encoding="utf-8")
    (tmp_path / "test_second.py").write_text(OVERRIDES + USES_CLOUD, encoding="utf-8")
    ran = run_pytest(tmp_path)
    assert "1 passed, 1 error" in ran.stdout
    assert "runs with another segment_runner already" in ran.stdout


def test_cloud_says_what_to_install_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(WITHOUT_MOTO, encoding="utf-8")
    (tmp_path / "test_cloud.py").write_text(USES_CLOUD, encoding="utf-8")
    ran = run_pytest(tmp_path)
    assert ran.returncode == 1
    assert "local_cloud needs more (" in ran.stdout
    assert 'pip install "<checkout>/layers/universal_sync_core[testing]"' in ran.stdout


def test_plugin_costs_other_tests_nothing() -> None:
    code = "import sys, local.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run(  # noqa: S603 - the statement above
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{LAYER}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "local.pytest_plugin" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY


@pytest.mark.parametrize("name", local.__all__)
def test_public_names_are_what_they_say(name: str) -> None:
    assert getattr(local, name).__name__ == name


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Cloud'"):
        _ = local.Cloud
