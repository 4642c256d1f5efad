"""SeaweedFS behind a proxy that adds the same delay to each request.

On loopback a request takes a millisecond, and a hundred one after the other look like one wave.
With 25 ms added to each, as S3 in the same region takes, the time shows how many waves there are.

with SlowS3.start() as s3:
    s3.client()
"""

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from unittest import mock
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from local.clients import REGION
from local.errors import ServerStartError
from local.servers import ports
from local.servers.processes import Processes
from local.servers.seaweed import Seaweed
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.storage.s3_store import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELAY_SECONDS: Final = 0.025
BUCKET: Final = "benchmark-state"

_START_SECONDS: Final = 20
_HEAD_LIMIT: Final = 64 * 1024
_BODYLESS: Final = (b"204", b"304")


class SlowS3:
    """An S3 server on loopback with a delay; it ends with the block it is used in.

    Attributes:
        endpoint: where it answers, late.
    """

    def __init__(self, endpoint: str, closing: ExitStack) -> None:
        """Hold what `start` has started."""
        self.endpoint = endpoint
        self._closing = closing

    @classmethod
    def start(cls, delay_seconds: float = DELAY_SECONDS) -> Self:
        """Return a server that is ready and has the bucket of the benchmarks."""
        with ExitStack() as closing:
            seaweed = closing.enter_context(Seaweed.start())
            processes = closing.enter_context(Processes())
            work = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="slow-s3-")))
            (port,) = ports.free(1)
            # A process of its own: its work must not wait for the interpreter that is measured.
            options = [str(port), seaweed.endpoint, str(delay_seconds)]
            process = processes.start(
                [sys.executable, "-m", __spec__.name, *options],
                env={"PYTHONPATH": ":".join(filter(None, sys.path))},
                cwd=Path(__file__).parent.parent,
                log=work / "proxy.log",
            )
            if not ports.await_served(
                port, alive=lambda: process.poll() is None, seconds=_START_SECONDS
            ):
                raise ServerStartError((work / "proxy.log").read_text(encoding="utf-8"))
            server = cls(f"http://{ports.LOOPBACK}:{port}", closing)
            server.client().create_bucket(Bucket=BUCKET)
            server._closing = closing.pop_all()
            return server

    def environment(self) -> dict[str, str]:
        """Return the variables that lead an AWS SDK here."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
        }

    def client(self) -> "S3Client":
        """Return a client as anybody would make it, with room for as many requests as ours has."""
        session = boto3.Session("local", "local", region_name=REGION)
        return session.client(
            "s3",
            endpoint_url=self.endpoint,
            config=Config(max_pool_connections=MAX_REQUESTS_AT_ONCE),
        )

    def store(self) -> S3Store:
        """Return our store, with the client that it makes for itself."""
        with mock.patch.dict(os.environ, self.environment()):
            return S3Store()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; its objects are gone."""
        self._closing.close()


class _Proxy:
    """Passes requests on, each late by the same time; connections are kept."""

    def __init__(self, host: str, port: int, delay_seconds: float) -> None:
        self._host = host
        self._port = port
        self._delay_seconds = delay_seconds

    async def serve(self, port: int) -> None:
        """Serve until the process is ended."""
        server = await asyncio.start_server(
            self._connected, ports.LOOPBACK, port, limit=_HEAD_LIMIT, backlog=256
        )
        await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            behind, to_behind = await asyncio.open_connection(
                self._host, self._port, limit=_HEAD_LIMIT
            )
            try:
                while True:
                    await self._pass_on(reader, writer, behind, to_behind)
            finally:
                to_behind.close()
        writer.close()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind: asyncio.StreamReader,
        to_behind: asyncio.StreamWriter,
    ) -> None:
        """Pass one request and its answer on."""
        head = await reader.readuntil(b"\r\n\r\n")
        if _field(head, b"expect"):
            # Answered here, at once: the delay stands for one round trip, not for two.
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = _without(head, b"expect")
        body = await reader.readexactly(_length(head))
        await asyncio.sleep(self._delay_seconds)
        to_behind.write(head)
        to_behind.write(body)
        answer = await behind.readuntil(b"\r\n\r\n")
        bodyless = head.startswith(b"HEAD ") or answer.split(b" ", 2)[1] in _BODYLESS
        writer.write(answer)
        if not bodyless:
            writer.write(await behind.readexactly(_length(answer)))
        await writer.drain()


def _length(head: bytes) -> int:
    """Return the bytes that follow a head; bodies of no known length do not occur here."""
    if _field(head, b"transfer-encoding"):
        raise ConnectionError("a chunked body")
    return int(_field(head, b"content-length") or 0)


def _field(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    value = head[start + 2 : head.index(b"\r\n", start + 2)]
    return value.partition(b":")[2].strip()


def _without(head: bytes, name: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(name + b":"))


def _main() -> None:
    port, endpoint, delay_seconds = sys.argv[1:]
    behind = urlsplit(endpoint)
    proxy = _Proxy(str(behind.hostname), int(behind.port or 80), float(delay_seconds))
    asyncio.run(proxy.serve(int(port)))


if __name__ == "__main__":
    _main()
