"""A local cloud to develop a worker on: its own worker and state machine, looked at by statebag."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from local import serve

ROOT = Path(__file__).parents[2]
WORKER = """
def handler(event, context):
    raise ValueError("order 17 has no lines")
"""
CALL = {"Type": "Task", "Resource": "${Worker}", "End": True}
OWN = {"StartAt": "Charge", "States": {"Charge": CALL}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--worker", "nowhere"], "nowhere is no directory"),
        (["--worker", ".", "--handler", "nothing.handler"], "no module nothing"),
    ],
)
def test_worker_that_is_not_there_is_named_before_anything_is_started(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    handlers = [(sent, signal.getsignal(sent)) for sent in (signal.SIGINT, signal.SIGTERM)]
    try:
        assert serve.main(arguments) == 1
    finally:
        for sent, handler in handlers:
            signal.signal(sent, handler)
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_run_of_ones_own_worker_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(WORKER)
    (tmp_path / "own.asl.json").write_text(json.dumps(OWN))
    options = ["--worker", str(tmp_path), "--state-machine", str(tmp_path / "own.asl.json")]
    command = [sys.executable, "-m", "local.serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as served:  # noqa: S603
        try:
            environment, machines = told_by(served)
            for machine, go_on in zip(
                machines, ("statebag resume", "redrive-execution"), strict=True
            ):
                arn = failed_run(environment, machine)
                said = statebag(environment, "failure", arn)
                assert 'raise ValueError("order 17 has no lines")' in said
                assert go_on in said
        finally:
            served.terminate()


def told_by(served: subprocess.Popen[str]) -> tuple[dict[str, str], list[str]]:
    """Return the environment to use and the state machines, once all is up."""
    assert served.stdout is not None
    environment: dict[str, str] = {}
    machines: dict[str, str] = {}
    for line in served.stdout:
        if found := re.match(r"  export (\w+)=(\S+)", line):
            environment[found[1]] = found[2]
        if found := re.match(r"  (\w*StateMachineArn): (\S+)", line):
            machines[found[1]] = found[2]
        if "Ctrl-C" in line:
            break
    return environment, [machines[name] for name in ("StateMachineArn", "YourStateMachineArn")]


def failed_run(environment: dict[str, str], machine: str) -> str:
    """Run a state machine until it has failed; return the execution."""
    states = boto3.client(
        "stepfunctions",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    arn = states.start_execution(stateMachineArn=machine, input='{"total_segments": 1}')[
        "executionArn"
    ]
    deadline = time.monotonic() + 60
    while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert status == "FAILED"
    return arn


def statebag(environment: dict[str, str], *arguments: str) -> str:
    path = f"{ROOT}:{ROOT}/layers/universal_sync_core"
    given = os.environ | environment | {"PYTHONPATH": path}
    command = [sys.executable, "-m", "statebag", *arguments]
    ran = subprocess.run(command, env=given, text=True, capture_output=True, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
