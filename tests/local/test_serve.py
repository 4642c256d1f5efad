"""A local cloud to develop a worker on: its own worker and state machine, looked at by statebag."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import serve
from local.servers import ports
from local.serving.watching import Watched

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
        (["--worker", "nowhere"], "nowhere is not a directory"),
        (["--worker", ".", "--handler", "nothing.handler"], "no module nothing"),
        (["--worker", ".", "--handler", "app"], "app is not a handler"),
        (["--worker", ".", "--handler", ".handler"], ".handler is not a handler"),
        (["--state-machine", "nowhere.json"], "nowhere.json cannot be read"),
        (["--state-machine", "."], ". cannot be read: Is a directory"),
        (["--state-machine", "broken.json"], "broken.json is not valid JSON"),
    ],
)
def test_worker_or_state_machine_that_cannot_be_read_is_named_before_anything_is_started(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    handlers = [(sent, signal.getsignal(sent)) for sent in (signal.SIGINT, signal.SIGTERM)]
    try:
        assert serve.main(arguments) == 1
    finally:
        for sent, handler in handlers:
            signal.signal(sent, handler)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "x"], "a port is a number from 1 to 65535"),
        (["--port", "0"], "a port is a number from 1 to 65535"),
        (["--port", "65536"], "a port is a number from 1 to 65535"),
        (["--watch"], "--watch needs --worker or --state-machine"),
    ],
)
def test_options_that_cannot_be_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        serve.main(arguments)
    assert refused.value.code == 2
    assert said in capsys.readouterr().err


def test_a_port_that_is_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = [(sent, signal.getsignal(sent)) for sent in (signal.SIGINT, signal.SIGTERM)]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        try:
            assert serve.main(["--port", str(port)]) == 1
        finally:
            for sent, handler in handlers:
                signal.signal(sent, handler)
    assert f"port {port} of 127.0.0.1 is in use" in capsys.readouterr().err


def test_what_is_edited_is_seen_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    inner = tmp_path / "inner"
    watched = Watched(tmp_path)
    assert not watched.has_changed()
    inner.mkdir()
    for change in (
        lambda: (tmp_path / "app.py").write_text("22"),
        lambda: (inner / "more.py").write_text(""),
        (inner / "more.py").unlink,
    ):
        change()
        assert watched.has_changed()
        assert not watched.has_changed()
    for made in ("__pycache__", ".git", "node_modules"):
        (tmp_path / made).mkdir()
        (tmp_path / made / "file").write_text("")
    assert not watched.has_changed()


@pytest.mark.slow
def test_worker_and_state_machine_are_deployed_again_when_they_change(tmp_path: Path) -> None:
    worker, own = tmp_path / "worker", tmp_path / "own.asl.json"
    worker.mkdir()
    (worker / "app.py").write_text(WORKER)
    own.write_text(json.dumps(OWN))
    (port,) = ports.free(1)
    options = ["--worker", str(worker), "--state-machine", str(own), "--port", str(port), "--watch"]
    command = [sys.executable, "-m", "local.serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as served:  # noqa: S603
        try:
            environment, (_, machine) = told_by(served)
            assert environment["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"
            assert ended_run(environment, machine)["status"] == "FAILED"
            (worker / "app.py").write_text("def handler(event, context):\n    return 'mended'\n")
            assert said_by(served, "deployed again") == f"{worker} was deployed again"
            assert ended_run(environment, machine)["output"] == '"mended"'
            own.write_text("{")
            assert "the earlier version stays" in said_by(served, "stays")
            states = {"Charge": {"Type": "Pass", "Result": "passed", "End": True}}
            own.write_text(json.dumps(OWN | {"States": states}))
            assert said_by(served, "deployed again") == f"{own} was deployed again"
            assert ended_run(environment, machine)["output"] == '"passed"'
        finally:
            served.terminate()
            served.wait(20)
    assert ports.is_free(port)


def said_by(served: subprocess.Popen[str], word: str) -> str:
    """Return the next line with a word in it, without the time it begins with."""
    assert served.stdout is not None
    return next(line for line in served.stdout if word in line).strip().partition(" ")[2]


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
    ended = ended_run(environment, machine)
    assert ended["status"] == "FAILED"
    return str(ended["executionArn"])


def ended_run(environment: dict[str, str], machine: str) -> dict[str, Any]:
    """Run a state machine to its end; return what is told of the execution."""
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
    while (told := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return dict(told)


def statebag(environment: dict[str, str], *arguments: str) -> str:
    path = f"{ROOT}:{ROOT}/layers/universal_sync_core"
    given = os.environ | environment | {"PYTHONPATH": path}
    command = [sys.executable, "-m", "statebag", *arguments]
    ran = subprocess.run(command, env=given, text=True, capture_output=True, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
