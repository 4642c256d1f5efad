"""The template for a new worker: what `sam init` makes of it works as it is."""

import sys
from pathlib import Path

import pytest
from cfnlint.api import lint_file

from tests.packaging.conftest import LAYER, ROOT, run, run_pytest

TEMPLATE = ROOT / "examples" / "new_worker"
NAME = "priced-orders"
PACKAGE = f"{LAYER}[testing]"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that was made, in a home without any settings of SAM's."""
    folder = tmp_path_factory.mktemp("new_worker")
    arguments = ["--no-input", "--location", str(TEMPLATE), "--name", NAME]
    made = run(Path(sys.executable), "samcli", "init", *arguments, cwd=folder, HOME=str(folder))
    assert made.returncode == 0, made.stderr
    return folder / NAME


def test_nothing_of_the_template_is_left_unfilled(project: Path) -> None:
    files = [path for path in project.rglob("*") if path.is_file()]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert not [name for name, text in texts.items() if "cookiecutter" in text]
    named = {name for name, text in texts.items() if NAME in text}
    assert named == {"README.md", "samconfig.toml", "template.yaml"}


def test_its_own_tests_pass(project: Path) -> None:
    ran = run_pytest(project)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_its_template_is_clean(project: Path) -> None:
    assert lint_file(project / "template.yaml") == []


def test_what_pip_installs_for_its_tests_is_the_package_of_the_checkout(project: Path) -> None:
    named = (project / "tests" / "requirements.txt").read_text(encoding="utf-8").split()
    assert named == [PACKAGE]
