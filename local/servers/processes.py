"""Child processes that never outlive this one, however it ends."""

import contextlib
import glob
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from ..errors import StoppedError

# The kernel sends the child SIGKILL when the *thread* that started it ends: prctl(2), option 1 is
# PR_SET_PDEATHSIG. It holds across execve, so that the program itself need not know of it. A parent
# that ended before is not the parent any more.
_BOUND_TO_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class Processes:
    """Starts processes from one thread of its own, which lives as long as this object is open."""

    def __init__(self) -> None:
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="processes")
        self._running: set[subprocess.Popen[bytes]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop whatever still runs."""
        self._stop_all()
        self._starter.shutdown()
        self._stop_all()  # what was about to start meanwhile

    def _stop_all(self) -> None:
        for process in list(self._running):
            self.stop(process)

    def start(
        self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, log: Path
    ) -> "subprocess.Popen[bytes]":
        """Return the started process; what it prints goes to the end of `log`.

        Raises:
            StoppedError: this object is closed.
        """
        try:
            started = self._starter.submit(self._start, command, env, cwd, log)
        except RuntimeError as error:  # an executor that is shut down says it so
            raise StoppedError from error
        return started.result()

    def _start(
        self, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path, log: Path
    ) -> "subprocess.Popen[bytes]":
        bound = [sys.executable, "-I", "-S", "-c", _BOUND_TO_PARENT]
        bound += [str(os.getpid()), *map(str, command)]
        with log.open("ab") as output:
            process = subprocess.Popen(
                bound,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C on the terminal is ours: we stop the children in order.
                start_new_session=True,
            )
        self._running.add(process)
        return process

    def stop(self, process: "subprocess.Popen[bytes]", *, grace_seconds: float = 0) -> None:
        """End a process and all that it has started; first asked to, if it is given a grace."""
        family = [process.pid, *descendants(process.pid)]
        if grace_seconds and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
        for pid in family if process.poll() is None else family[1:]:
            _kill(pid)
        process.wait()
        self._running.discard(process)


def descendants(pid: int) -> Iterator[int]:
    """Give what a process has started that still runs, and what that has; nothing once it ended."""
    # Not a Path's glob: Python 3.11's raises where a process ends while it looks.
    for children in glob.iglob(f"/proc/{pid}/task/*/children"):  # noqa: PTH207
        for child in _read(Path(children)).split():
            yield int(child)
            yield from descendants(int(child))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended since
        return ""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
