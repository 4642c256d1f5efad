"""The examples of the contributor's page are patches that apply, and whose tests pass."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import ruff  # type: ignore[import-untyped] # it ships without types

from tests.docs import pages

PAGE = pages.DOCS / "contributing.md"
# What a patch may change, and what its tests need.
PARTS = ("docs", "events", "functions", "layers", "local", "statebag", "statemachine", "tests")
FILES = ("pyproject.toml", "template.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A patch of the page.

    Attributes:
        heading: of the section that it stands in.
        patch: as `git apply` takes it.
        tests: what the sentence after it says to run: the value of `TESTS`.
    """

    heading: str
    patch: str
    tests: str

    def __str__(self) -> str:
        return self.heading

    @property
    def files(self) -> list[str]:
        """The names of the files that it adds or changes."""
        return re.findall(r"^\+\+\+ b/(\S+)$", self.patch, re.MULTILINE)


def read_examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    found = []
    for section in text.split("\n## ")[1:]:
        patches = re.findall(r"^```diff\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        tests = re.findall(r'^ *make test TESTS="?([^"\n]+?)"?$', section, re.MULTILINE)
        heading = section.partition("\n")[0]
        if patches:
            found.append(Example(heading=heading, patch="".join(patches), tests=tests[-1]))
    return found


EXAMPLES = read_examples()


def run(command: list[str], folder: Path) -> str:
    """Return what a command prints; it has to succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=EXAMPLES, ids=str)
def example(request: pytest.FixtureRequest) -> Example:
    found: Example = request.param
    return found


@pytest.fixture
def patched(example: Example, tmp_path: Path) -> Path:
    """Return a copy of the code with the patch of an example applied."""
    ignored = shutil.ignore_patterns("__pycache__", "_build", "node_modules")
    for part in PARTS:
        shutil.copytree(pages.ROOT / part, tmp_path / part, ignore=ignored)
    for name in FILES:
        shutil.copy(pages.ROOT / name, tmp_path)
    (tmp_path / "example.patch").write_text(example.patch, encoding="utf-8")
    run(["git", "apply", "-C1", "example.patch"], tmp_path)
    return tmp_path


def test_there_is_an_example_of_each_kind() -> None:
    assert [example.heading for example in EXAMPLES] == [
        "A new action",
        "A new merge strategy",
        "A new store",
        "A new command of statebag",
    ]


@pytest.mark.slow
def test_the_tests_of_an_example_pass_where_it_is_applied(example: Example, patched: Path) -> None:
    chosen = example.tests.split()
    said = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen], patched)
    assert re.search(r"\b\d+ passed", said)


@pytest.mark.slow
def test_the_tests_of_an_example_fail_without_its_code(example: Example, patched: Path) -> None:
    """Take back what the patch changes outside the tests: they notice."""
    for name in example.files:
        if not name.startswith(("tests/", "events/")):
            (patched / name).unlink()
            if (pages.ROOT / name).exists():
                shutil.copy(pages.ROOT / name, patched / name)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603 - ours
        [*command, *example.tests.split()], cwd=patched, capture_output=True, check=False
    )
    assert done.returncode != 0


def test_an_example_is_written_as_the_code_is(example: Example, patched: Path) -> None:
    written = [name for name in example.files if name.endswith(".py")]
    assert written
    run([ruff.find_ruff_bin(), "check", "--no-cache", *written], patched)
    run([ruff.find_ruff_bin(), "format", "--no-cache", "--check", *written], patched)
