"""Thousands of hostile values through every action: refused by name, or whole, and never a leak.

What an attempt and a kind of value are, `attempts.py` and `pieces.py` say. To look at one again:
`python -m tests.hostile --seed 1 --only "<number> "`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import actions, fields, forgeries  # noqa: F401 - register makers and attempts
from tests.hostile.attempts import ATTEMPTS
from tests.hostile.corpus import MAX_MEGABYTES, MAX_SECONDS
from tests.hostile.faults import FAULTS
from tests.hostile.pieces import MAKERS

PROJECT = Path(__file__).parents[2]
SOURCES = ("layers/universal_sync_core", "functions/state_data_manager", ".")
# Each kind in each place once.
ROUND = len(ATTEMPTS) * len(MAKERS)


def process(*arguments: str, seconds: int = 500) -> subprocess.CompletedProcess[str]:
    """Send a corpus in a process of its own, of the memory of a function."""
    return subprocess.run(  # noqa: S603 - a module of ours
        [sys.executable, "-W", "ignore", "-m", "tests.hostile", *arguments],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": ":".join(SOURCES)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def sent(*arguments: str, seconds: int = 500) -> dict[str, Any]:
    """Send a corpus, and return what came of it."""
    completed = process(*arguments, seconds=seconds)
    assert completed.returncode == 0, completed.stderr[-2_000:]
    report: dict[str, Any] = json.loads(completed.stdout.splitlines()[-1])
    return report


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return sent("--count", str(ROUND), seconds=560)


def test_everything_is_refused_by_name_or_whole_and_nothing_leaks(report: dict[str, Any]) -> None:
    assert not report["wrong"]


def test_no_call_takes_longer_than_it_may(report: dict[str, Any]) -> None:
    seconds, call = report["slowest"]
    assert seconds < MAX_SECONDS, call


def test_no_call_takes_more_memory_than_it_may(report: dict[str, Any]) -> None:
    megabytes, call = report["largest"]
    assert megabytes < MAX_MEGABYTES, call


def test_every_kind_was_sent_and_the_harmless_ones_were_taken(report: dict[str, Any]) -> None:
    kinds = {outcome.rsplit(" ", 1)[0] for outcome in report["outcomes"]}
    assert kinds == MAKERS.keys()
    for harmless in ("ordinary", "odd_keys", "escaped_tower", "own_pointer", "wide"):
        outcomes = report["outcomes"]
        assert outcomes[f"{harmless} taken"] > outcomes.get(f"{harmless} refused", 0)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2])
def test_the_same_holds_for_other_seeds(seed: int) -> None:
    report = sent("--count", str(4 * ROUND), "--seed", str(seed), "--seconds", "550", seconds=580)
    assert not report["is_wrong"], (report["wrong"], report["slowest"], report["largest"])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wall_that_is_taken_down_is_noticed(fault: str) -> None:
    """Without the budget the process may also run out of its memory, which nobody overlooks."""
    options = ("--count", str(ROUND), "--only", FAULTS[fault].seen_by)
    assert not sent(*options)["wrong"]
    completed = process(*options, "--fault", fault)
    if fault == "budget" and completed.returncode:
        return
    assert json.loads(completed.stdout.splitlines()[-1])["is_wrong"]
