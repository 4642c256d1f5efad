"""ministack as a second emulator of AWS, on loopback alone."""

import os
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.servers import ports
from local.servers.processes import Processes

ACCOUNT = "123456789012"
_LAUNCH = Path(__file__).with_name("launch.py")
_START_SECONDS = 60
# Waits and the pauses between retries take a twentieth of their time.
_SCALE = "0.05"


class MinistackMissingError(Exception):
    """It is not installed."""


def python_of_ministack() -> Path:
    """Give the interpreter of the environment that `make slow` has installed it in.

    Raises:
        MinistackMissingError: there is none.
    """
    python = Path(os.environ.get("MINISTACK", "")) / "bin" / "python"
    if not python.is_file():
        raise MinistackMissingError("`make slow` installs ministack, and says where by MINISTACK")
    return python.absolute()


@contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Run ministack, and give the variables that lead an AWS SDK there."""
    with tempfile.TemporaryDirectory(prefix="ministack-") as work, Processes() as processes:
        directory = Path(work)
        (port,) = ports.free(1)
        log = directory / "log"
        process = processes.start(
            [python_of_ministack(), _LAUNCH], env=_environment(port, work), cwd=directory, log=log
        )
        if not ports.await_served(
            port, alive=lambda: process.poll() is None, seconds=_START_SECONDS
        ):
            raise MinistackMissingError(f"ministack does not start: {log.read_text()[-2_000:]}")
        endpoint = f"http://{ports.LOOPBACK}:{port}"
        urllib.request.urlopen(f"{endpoint}/_ministack/health").close()  # noqa: S310 - loopback
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            # TestState's own host would be no name of this machine.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }


def _environment(port: int, work: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": work,
        "HOME": work,
        # Unset, it would serve on every interface of this machine.
        "BIND_HOST": ports.LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": ports.LOOPBACK,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SFN_WAIT_SCALE": _SCALE,
        # There is no X-Ray daemon.
        "POWERTOOLS_TRACE_DISABLED": "true",
        "AWS_XRAY_SDK_ENABLED": "false",
    }
