"""SeaweedFS: an S3 server that neither we nor moto's authors wrote.

with Seaweed.start() as seaweed, LocalCloud.start(s3_endpoint=seaweed.endpoint) as cloud:
    ...
"""

import os
import sysconfig
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from ..clients import Clients
from ..errors import ServerStartError
from . import ports
from .processes import Processes

if TYPE_CHECKING:
    import subprocess

_START_SECONDS = 60
_STOP_SECONDS = 1
# It leaves sockets here, wherever its data is.
_SOCKETS = Path("/tmp")  # noqa: S108
_PROBE = "start-probe"
_PORTS = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
)
_OPTIONS = (
    "-s3",
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.telemetry=false",
    "-volume.preStopSeconds=0",
    "-master.electionTimeout=1s",
    # Small volumes, so that a bucket does not need gigabytes of disk to begin with.
    "-master.volumeSizeLimitMB=64",
    "-volume.max=0",
    f"-ip={ports.LOOPBACK}",
    f"-ip.bind={ports.LOOPBACK}",
)


class Seaweed:
    """A server on loopback; what it stores lasts as long as its directory.

    Attributes:
        endpoint: where it serves S3; it stays the same when it is started again.
    """

    def __init__(self, directory: Path, processes: Processes) -> None:
        """Choose the ports; `resume` starts the server."""
        self._directory = directory
        self._processes = processes
        self._ports = dict(zip(_PORTS, ports.free(len(_PORTS)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = ExitStack()
        self.endpoint = f"http://{ports.LOOPBACK}:{self._ports['s3.port']}"

    @classmethod
    def start(cls, directory: Path | None = None) -> Self:
        """Return a server that is ready.

        Args:
            directory: for its data; by default one that goes with the server.

        Raises:
            ServerStartError: it does not come up.
        """
        with ExitStack() as closing:
            if directory is None:
                temporary = tempfile.TemporaryDirectory(prefix="seaweed-")
                directory = Path(closing.enter_context(temporary))
            seaweed = cls(directory, closing.enter_context(Processes()))
            closing.callback(seaweed.pause)
            seaweed.resume()
            seaweed._closing = closing.pop_all()
            return seaweed

    def stop(self) -> None:
        """Stop the server for good."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def pause(self) -> None:
        """Take it down, as an outage does; its data stays."""
        if self._process is not None:
            self._processes.stop(self._process, grace_seconds=_STOP_SECONDS)
            self._process = None
        for port in self._ports.values():
            for socket in _SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()

    def resume(self) -> None:
        """Start it, for the first time or after a pause."""
        chosen = [f"-{name}={port}" for name, port in self._ports.items()]
        sockets = [f"-{each}.localSocket={self._directory / each}.sock" for each in ("s3", "filer")]
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        self._process = self._processes.start(
            [weed, "server", f"-dir={self._directory}", *_OPTIONS, *chosen, *sockets],
            env={"PATH": os.defpath, "HOME": str(self._directory)},
            cwd=self._directory,
            log=self._directory / "weed.log",
        )
        self._await_writes(self._process)

    def _await_writes(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until it takes an object: it answers a good deal earlier."""
        s3 = Clients(self.endpoint).client("s3")
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                s3.create_bucket(Bucket=_PROBE)
                s3.put_object(Bucket=_PROBE, Key=_PROBE, Body=b"ready")
                s3.delete_object(Bucket=_PROBE, Key=_PROBE)
                s3.delete_bucket(Bucket=_PROBE)
            except (BotoCoreError, ClientError):
                time.sleep(0.1)
            else:
                return
        self.pause()
        raise ServerStartError(f"SeaweedFS does not start; see {self._directory / 'weed.log'}")
