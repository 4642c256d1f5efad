"""The tutorial, done as it says: its files in an empty folder, its commands, what they show."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs import pages
from tests.packaging.conftest import (
    LAYER,
    Environment,
    environment,  # noqa: F401 - a fixture
    run_pytest,
)

TUTORIAL = pages.DOCS / "tutorial.md"
FILES = {
    block.label: block.text
    for block in pages.blocks()
    if block.page == TUTORIAL and "." in block.label
}
COMMANDS = re.findall(r"^python -m pytest (\S+)$", TUTORIAL.read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing in it but the files of the tutorial."""
    empty = tmp_path / "tutorial"
    for name, text in FILES.items():
        (empty / name).parent.mkdir(parents=True, exist_ok=True)
        (empty / name).write_text(text, encoding="utf-8")
    return empty


def test_every_file_has_a_name_of_its_own_and_is_named_in_the_text() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    assert set(COMMANDS) == {name for name in FILES if name.startswith("test_")}
    assert all(f"`{name}`" in text for name in FILES)
    assert len(FILES) == len(re.findall(r"^```\w+ \S+\.\w+$", text, re.MULTILINE))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_of_the_tutorial_succeeds(folder: Path, name: str) -> None:
    """The workflow before fails as the page says, and the one after does not."""
    ran = run_pytest(folder, name)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_tutorial_needs_nothing_but_the_package(
    folder: Path,
    environment: Environment,  # noqa: F811 - the fixture
) -> None:
    environment.install(f"{LAYER}[testing]")
    for name in COMMANDS:
        ran = environment.run("pytest", "-q", name, cwd=folder)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_user_test_file_is_short() -> None:
    lines = [line for line in FILES["test_after.py"].splitlines() if line]
    assert len(lines) <= 20


def test_only_the_form_of_the_answers_changed() -> None:
    before, after = (ast.parse(FILES[f"worker/{name}.py"]) for name in ("before", "after"))
    assert _functions(before) == _functions(after) == ["handler", "collect", "extract", "report"]
    machine: dict[str, Any] = json.loads(FILES["before.asl.json"])
    assert list(machine["States"]) == ["Collect", "Extract", "Report"]


def _functions(module: ast.Module) -> list[str]:
    return [each.name for each in module.body if isinstance(each, ast.FunctionDef)]
