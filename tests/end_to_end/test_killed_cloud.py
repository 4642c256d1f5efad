"""A cloud that dies in the middle of a run takes nothing with it that S3 has."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from local.clients import Clients
from local.servers.seaweed import Seaweed
from tests.end_to_end.workflow import Json, folded, results_of
from universal_sync_core import hydrate_state
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store

pytestmark = pytest.mark.local

ROOT = Path(__file__).parents[2]
SEGMENTS: list[Json] = [
    {"current_state": {f"report {n}": f"{n:03} " * 750}, "state_history": [{"segment": n}]}
    for n in range(60)
]
VALUE: Json = {"segments": SEGMENTS, "segments_per_execution": 10}
KILLED_IN = 3
"""Which execution of the chain has begun when the cloud is killed."""


@contextmanager
def _running(endpoint: str, value: Json) -> Iterator["subprocess.Popen[str]"]:
    """Start a cloud in a process of its own and run a workflow there."""
    command = [sys.executable, "-m", "tests.end_to_end.continuing", endpoint]
    packages = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "universal_sync_core")])
    process = subprocess.Popen(  # noqa: S603 - arguments of ours
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": packages},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(value))
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        _stream(process).close()


def _lines(process: "subprocess.Popen[str]") -> Iterator[Any]:
    return map(json.loads, _stream(process))


def _stream(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdout is not None
    return process.stdout


@pytest.mark.slow
def test_workflow_goes_on_from_its_last_record_after_the_cloud_was_killed() -> None:
    with Seaweed.start() as seaweed:
        with _running(seaweed.endpoint, VALUE) as killed:
            *_, last_input = islice(_lines(killed), KILLED_IN)
        assert last_input.keys() == {"resume_from"}

        with _running(seaweed.endpoint, last_input) as second:
            *_, bag = _lines(second)

        bucket = last_input["resume_from"].split("/")[2]
        store = S3Store(client=Clients(seaweed.endpoint).client("s3"))
        with runtime.use(settings=Settings(bucket=bucket), store=store):
            final = hydrate_state(bag)
    assert results_of(final) == folded(VALUE, *SEGMENTS)
    assert len(final["execution_chain"]) == len(SEGMENTS) / 10
