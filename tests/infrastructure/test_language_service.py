"""The state machine as AWS's own language service for ASL reads it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "language_service"
MACHINE = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"


def diagnostics_of(machine: Path, folder: Path) -> list[object]:
    """Return what the language service has to say of a state machine."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js and npm")
    for name in (".npmrc", "package.json", "package-lock.json", "check.js"):
        shutil.copy(HERE / name, folder)
    subprocess.run([npm, "ci", "--silent"], cwd=folder, check=True)  # noqa: S603 - fixed words
    command = [node, "check.js", str(machine)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_language_service_finds_nothing_wrong(tmp_path: Path) -> None:
    # Its newest release does not know this type, which Step Functions has read since 2025.
    # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
    text = MACHINE.read_text(encoding="utf-8")
    known = text.replace('"InputType": "PARQUET"', '"InputType": "JSONL"')
    assert known != text
    machine = tmp_path / "machine.asl.json"
    machine.write_text(known, encoding="utf-8")
    assert diagnostics_of(machine, tmp_path) == []


@pytest.mark.slow
def test_language_service_finds_a_state_that_is_not_there(tmp_path: Path) -> None:
    machine = json.loads(MACHINE.read_text(encoding="utf-8"))
    machine["StartAt"] = "Nowhere"
    broken = tmp_path / "broken.asl.json"
    broken.write_text(json.dumps(machine), encoding="utf-8")
    assert diagnostics_of(broken, tmp_path)
