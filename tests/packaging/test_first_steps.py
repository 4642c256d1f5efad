"""What the pages say to type first, in a fresh checkout and in empty folders."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.docs import pages
from tests.packaging.conftest import ROOT, pinned

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

NEW_WORKER = ROOT / "examples" / "new_worker" / "README.md"
NAME = "my-worker"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that git tracks, with nothing that a command has made."""
    folder = tmp_path_factory.mktemp("fresh") / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
            (folder / name).chmod((ROOT / name).stat().st_mode)
    return folder


def typed(command: str, folder: Path, checkout: Path, **environment: str) -> str:
    """Return what a command says that is typed in a folder; its placeholders are filled in."""
    filled = command.replace("<checkout>", str(checkout))
    # Whoever types it is in no make: the one that runs the tests hands on its variables.
    of_make = {"MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "VENV", "PYTHON"}
    words = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    done = subprocess.run(  # noqa: S603 - what the pages say
        ["/bin/bash", "-c", "\n".join(["set -e", *(f"export {each}" for each in words), filled])],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in of_make},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def block_with(page: Path, text: str) -> str:
    """Return the block of a page that has this text."""
    (block,) = (each.text for each in pages.blocks_of(page) if text in each.text)
    return block


@pytest.fixture
def constraints(tmp_path: Path) -> str:
    """Return a file with the versions that are pinned, for pip to take."""
    file = tmp_path / "constraints.txt"
    file.write_text("\n".join(pinned()), encoding="utf-8")
    return str(file)


def test_first_command_of_the_readme_installs_runs_and_holds(checkout: Path) -> None:
    command = block_with(ROOT / "README.md", "make run").strip()
    said = typed(command, checkout, checkout)
    assert "Installing" in said
    promised = re.findall(
        r"^    holds  ([^:]+):", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert re.findall(r"^holds  ([^:]+):", said, re.MULTILINE) == promised


def test_commands_of_the_help_do_what_it_says(checkout: Path) -> None:
    said = typed("make help", checkout, checkout)
    (example,) = re.findall(r"make invoke EVENT=\S+", said)
    assert '"state_data"' in typed(example, checkout, checkout)
    (site,) = re.findall(r"open (\S+)", typed("make docs", checkout, checkout))
    assert (checkout / site).is_file()


def test_sam_and_statebag_are_on_the_path_of_the_environment(
    checkout: Path, tmp_path: Path
) -> None:
    deploy = block_with(pages.DOCS / "howto" / "deploy.md", "make venv")
    steps = "\n".join(line for line in deploy.splitlines() if "sam" not in line)
    assert "SAM CLI" in typed(f"{steps}\nsam --version", checkout, checkout)
    machine = block_with(pages.DOCS / "howto" / "keep-your-state-machine.md", '"Find orders"')
    (tmp_path / "orders.asl.json").write_text(machine, encoding="utf-8")
    assess = f"{steps}\ncd {tmp_path}\nstatebag assess orders.asl.json --input-bytes 1000"
    assert "Find parcels" in typed(assess, checkout, checkout)


def test_new_worker_is_made_in_an_empty_folder_and_its_tests_pass(
    checkout: Path, tmp_path: Path, constraints: str
) -> None:
    typed("make venv", checkout, checkout)
    sam = str(checkout / ".venv" / "bin")
    empty = tmp_path / "empty"
    empty.mkdir()
    make = f'export PATH="{sam}:$PATH"\n{block_with(NEW_WORKER, "--no-input")}'
    typed(make, empty, checkout, SAM_CLI_TELEMETRY="0")
    readme = (empty / NAME / "README.md").read_text(encoding="utf-8")
    steps = "\n".join(
        re.findall(r"^    ((?:python -m venv|\.venv/bin/python).*)$", readme, re.MULTILINE)
    )
    said = typed(steps, empty / NAME, checkout, PIP_CONSTRAINT=constraints)
    assert "3 passed" in said


def test_tutorial_begins_in_an_empty_folder(
    checkout: Path, tmp_path: Path, constraints: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    steps = block_with(pages.DOCS / "tutorial.md", "pip install")
    show = "python -c 'import universal_sync_core.local; print(\"installed\")'\nsam --version"
    said = typed(f"{steps}\n{show}", empty, checkout, PIP_CONSTRAINT=constraints)
    assert "installed" in said
    assert "SAM CLI" in said
