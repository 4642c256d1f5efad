"""The SAM command line, run quietly."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SAID_LINES = 40


def sam(
    arguments: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str]
) -> tuple[bool, str]:
    """Run it, and give whether it succeeded, and what it said: of a failure the end.

    Args:
        arguments: those of the command line.
        cwd: where it runs.
        environment: variables besides those of this process.
    """
    done = subprocess.run(  # fixed program
        [sys.executable, "-m", "samcli", *map(str, arguments)],
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **environment},
        cwd=cwd,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return True, done.stdout
    return False, "\n".join(done.stdout.splitlines()[-_SAID_LINES:])
