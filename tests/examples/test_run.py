"""The whole example, as `make run` starts it, over a few services."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
    # A process of its own: there is one local cloud in a process, and other tests have theirs.
    return subprocess.run(  # noqa: S603 - arguments of ours
        [sys.executable, "-m", "examples.api_catalog", "--limit", "8", *arguments],
        cwd=REPOSITORY,
        input=answer,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def approved() -> "subprocess.CompletedProcess[str]":
    return run()


def test_run_shows_all_it_has_to(approved: "subprocess.CompletedProcess[str]") -> None:
    assert approved.returncode == 0, approved.stdout + approved.stderr
    assert approved.stdout.count("holds  ") == 5
    assert "holds  the hydrated final state equals" in approved.stdout


def test_run_tells_what_goes_on(approved: "subprocess.CompletedProcess[str]") -> None:
    said = approved.stdout

    milestones = [
        "building",
        "every service is described",
        "the branches are joined",
        "waits for a person's approval",
        "the person's answer is merged",
        "waits for the publication job",
        "the report is written",
    ]
    assert sorted(milestones, key=said.index) == milestones


def test_run_writes_a_page_and_says_where(approved: "subprocess.CompletedProcess[str]") -> None:
    (line,) = [line for line in approved.stdout.splitlines() if "a page about it: " in line]
    page = Path(line.rpartition("a page about it: ")[2]).read_text(encoding="utf-8")
    assert "SUCCEEDED" in page
    for state in ("RunSegment", "ForkBranch", "MergeCallback"):
        assert f">{state}</text>" in page
    assert "current_state.catalog" in page


@pytest.mark.slow
def test_declined_catalog_is_reported_and_not_published() -> None:
    declined = run("--interactive", answer="n\n")

    assert declined.returncode == 0, declined.stdout + declined.stderr
    assert "Publish the catalog? [y/N]" in declined.stdout
    assert "publication job" not in declined.stdout
    assert "holds  the hydrated final state equals" in declined.stdout


@pytest.mark.slow
def test_execution_that_fails_fails_the_run() -> None:
    # With no service there is nothing to compare: the branches fail, and what builds on them.
    failed = run("--limit", "0")

    assert failed.returncode == 1
    assert "FAILS  the execution succeeded" in failed.stdout


@pytest.mark.slow
def test_run_that_is_kept_is_looked_at_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "examples.api_catalog", "--limit", "8", "--keep"]
    in_background = ["/bin/sh", "-c", f"trap '' INT; exec {shlex.join(command)}"]
    with subprocess.Popen(  # noqa: S603 - arguments of ours
        in_background, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as kept:
        try:
            assert kept.stdout is not None
            told = []
            for line in kept.stdout:
                told.append(line)
                if "Ctrl-C" in line:
                    break
            environment = dict(re.findall(r"  export (\w+)=(\S+)", "".join(told)))
            (looks,) = [line for line in told if "ARGS='show " in line]
            shown = subprocess.run(  # noqa: S603 - what it told
                [sys.executable, "-m", "statebag", *looks.split("'")[1].split()],
                env=os.environ | environment | {"PYTHONPATH": "layers/universal_sync_core:."},
                cwd=REPOSITORY,
                capture_output=True,
                text=True,
                check=False,
            )
            assert "catalog" in shown.stdout, shown.stderr
            assert kept.poll() is None
        finally:
            kept.send_signal(signal.SIGINT)
        assert kept.wait(30) == 0
