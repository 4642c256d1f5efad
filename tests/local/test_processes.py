"""Child processes end with what has started them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.errors import StoppedError
from local.functions import emulator
from local.functions.artefacts import CodeCache
from local.functions.emulator import Program
from local.functions.invocations import Functions
from local.functions.pool import EmulatorPool
from local.servers import ports
from local.servers.processes import Processes, descendants

ROOT = Path(__file__).parents[2]
PARENT = """
import sys, time
from pathlib import Path
from local.servers.processes import Processes
processes = Processes()
child = processes.start(["/bin/sleep", "60"], env={}, cwd=Path("/"), log=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(60)
"""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _becomes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def _functions(processes: Processes, directory: Path) -> Functions:
    return Functions(
        processes=processes,
        runtime=directory,
        code=CodeCache(directory),
        logs_dir=directory,
        emulators=1,
        concurrency=None,
        environment={},
    )


def test_child_of_a_killed_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:  # noqa: S603
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _runs(child)
        os.kill(parent.pid, signal.SIGKILL)
        assert _becomes_true(lambda: not _runs(child))


def test_closing_ends_a_child_and_what_it_has_started(tmp_path: Path) -> None:
    written = tmp_path / "log"
    with Processes() as processes:
        shell = ["/bin/sh", "-c", "sleep 60 & echo $!; wait"]
        child = processes.start(shell, env={}, cwd=tmp_path, log=written)
        assert _becomes_true(lambda: written.read_text(encoding="utf-8").endswith("\n"))
        grandchild = int(written.read_text(encoding="utf-8"))
    assert not _runs(child.pid)
    assert _becomes_true(lambda: not _runs(grandchild))  # nobody waits for it


def test_event_that_still_waits_is_gone_with_the_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Processes() as processes:
        pass
    program = Program(handler="worker.handler", code=tmp_path, environment={}, timeout=1)
    pool = EmulatorPool(processes, program, size=1, log=tmp_path / "log")
    functions = _functions(processes, tmp_path)
    monkeypatch.setattr(functions, "_pool", lambda _: pool)
    unhandled: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", unhandled.append)
    function: Any = None
    with pytest.raises(StoppedError):
        functions.invoke(function, b"{}")
    before = set(threading.enumerate())
    functions.invoke_later(function, b"{}")
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert unhandled == []


def test_what_events_under_way_need_stays_until_they_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, ended = threading.Event(), []

    def run(_: Functions, __: Any, payload: bytes, ___: str) -> None:
        stopped.wait()
        ended.append(payload)

    monkeypatch.setattr(Functions, "_run", run)
    functions = _functions(Processes(), tmp_path)
    function: Any = None
    for payload in (b"1", b"2"):
        functions.invoke_later(function, payload)
    threading.Timer(0.05, stopped.set).start()

    functions.await_later()

    assert sorted(ended) == [b"1", b"2"]


def test_process_that_ends_while_it_is_looked_at_has_started_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def vanished(_: object) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr(os, "scandir", vanished)

    assert list(descendants(os.getpid())) == []


def test_free_ports_differ() -> None:
    assert len(set(ports.free(20))) == 20


def test_pool_gives_its_place_back_when_an_emulator_does_not_start(tmp_path: Path) -> None:
    class Refusal(Exception):  # noqa: N818
        pass

    def refuse(*_: object) -> None:
        raise Refusal

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("local.functions.pool.Emulator", refuse)
        pool = EmulatorPool(None, None, size=1, log=tmp_path)  # type: ignore[arg-type]
        for _ in range(3):
            with pytest.raises(Refusal):
                pool.invoke(b"{}")


def test_emulator_that_gives_no_answer_serves_no_other_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_START_SECONDS", 0.1)
    program = Program(handler="", code=tmp_path, environment={}, timeout=0)
    with socket.create_server((ports.LOOPBACK, 0)) as silent, Processes() as processes:
        monkeypatch.setattr(ports, "free", lambda _: (silent.getsockname()[1], 0))
        hanging = ["/bin/sleep", "60"]
        monkeypatch.setattr(
            emulator.Emulator,
            "_start",
            lambda *_: processes.start(hanging, env=os.environ, cwd=tmp_path, log=tmp_path / "log"),
        )
        pool = EmulatorPool(processes, program, size=1, log=tmp_path / "log")

        assert b"Runtime.ExitError" in pool.invoke(b"{}").payload
        assert processes._running == set()
