"""The end-to-end tests, on a stack in an account."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from .access import Access
from .commands import ROOT
from .errors import CommandError
from .findings import Finding

_TESTS = "tests/end_to_end"
# A test's own limit of five minutes is that of the local cloud.
_SECONDS = 1_800
_SAID_LINES = 20


def run(access: Access, stack: str) -> Iterator[Finding]:
    """Run the tests that need no more than an account has, and give those that fail.

    Raises:
        CommandError: pytest did not come to run them.
    """
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results.xml"
        command = [sys.executable, "-m", "pytest", _TESTS, "-p", "account.pytest_plugin"]
        command += ["--stack", stack, "-m", "not slow and not local", "-p", "no:cacheprovider"]
        command += ["--timeout", str(_SECONDS), "-q", f"--junit-xml={results}"]
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command,
            env={**os.environ, "AWS_DEFAULT_REGION": access.region},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if not results.exists():
            said = "\n".join(done.stdout.splitlines()[-_SAID_LINES:])
            raise CommandError(f"pytest failed:\n{said}{done.stderr}")
        yield from failures_in(results)


def failures_in(results: Path) -> Iterator[Finding]:
    """Yield the tests that failed by a file of results as JUnit has it."""
    for case in ET.parse(results).iter("testcase"):  # noqa: S314 - pytest wrote it
        module = case.get("classname", "").rpartition(".")[2]
        for failed in (*case.findall("failure"), *case.findall("error")):
            yield Finding(
                part="tests",
                subject=f"{module}::{case.get('name')}",
                expected="passes",
                seen=failed.get("message", "").partition("\n")[0],
            )
