"""The package's own page: its code blocks are a worker and the tests of it, and they pass."""

import json
import re
from pathlib import Path

import pytest

from tests.packaging.conftest import LAYER, run_pytest

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CHECK = "def handler(event, _context):\n    return event\n"
MACHINE = {
    "StartAt": "Check",
    "States": {"Check": {"Type": "Task", "Resource": "${CheckFunction}", "End": True}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with what the page shows, and what it speaks of."""
    worker, *tests = BLOCK.findall((LAYER / "README.md").read_text(encoding="utf-8"))
    files = {
        "src/worker.py": worker,
        "test_worker.py": "\n".join(tests),
        "check/check.py": CHECK,
        "mine.asl.json": json.dumps(MACHINE),
        "pytest.ini": "[pytest]\npythonpath = src\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_what_the_page_shows_passes(folder: Path) -> None:
    ran = run_pytest(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
