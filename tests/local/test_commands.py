"""The two commands, on the real template."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import invoke

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"


def test_invoke_prints_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke.main([str(EVENTS / "init_segments.json")]) == 0
    assert "state_data" in json.loads(capsys.readouterr().out)


def test_invoke_calls_the_function_that_knows_the_action(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke.main([str(EVENTS / "job_ended_succeeded.json")]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "SUCCEEDED"


def test_invoke_fails_with_the_error_of_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke.main([str(EVENTS / "unknown_action.json")]) == 1
    captured = capsys.readouterr()
    assert "UnknownActionError" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ("{", "is not JSON")])
def test_invoke_names_a_file_that_is_no_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    path = tmp_path / "event.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert invoke.main([str(path)]) == 2
    assert said in capsys.readouterr().err


def port_told_by(served: subprocess.Popen[str]) -> int:
    """Return the port of the endpoint, once all is up."""
    assert served.stdout is not None
    port = 0
    for line in served.stdout:
        if found := re.search(r"AWS_ENDPOINT_URL=http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
        if "Ctrl-C" in line:
            break
    return port


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_serve_stays_until_interrupted_and_leaves_nothing(sent: signal.Signals) -> None:
    in_background = f"trap '' INT; exec {sys.executable} -m local.serve"
    command = ["/bin/sh", "-c", in_background]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as served:  # noqa: S603
        try:
            port = port_told_by(served)
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            served.send_signal(sent)
            assert served.wait(20) == 0
        finally:
            served.terminate()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
