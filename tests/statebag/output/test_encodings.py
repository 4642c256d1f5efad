"""Output for terminals and programs whose encoding has only some characters."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
BAG = {"execution_id": "orders-1", "current_state": {"name": "é☃"}}


def shown(encoding: str, *options: str) -> bytes:
    path = f"{REPOSITORY}:{REPOSITORY}/layers/universal_sync_core"
    return subprocess.run(  # noqa: S603 - arguments of ours
        [sys.executable, "-m", "statebag", "show", "-", *options],
        cwd=REPOSITORY,
        env={"PYTHONPATH": path, "PYTHONIOENCODING": encoding},
        input=json.dumps(BAG).encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_what_an_encoding_does_not_have_is_escaped(encoding: str) -> None:
    assert r'"é\u2603"' in shown(encoding).decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16"])
def test_json_for_a_program_is_utf_8_in_any_locale(encoding: str) -> None:
    assert json.loads(shown(encoding, "--json").decode("utf-8")) == BAG
