"""What befalls a deployed stack: S3 that refuses a part of the writes, dies, and dying functions.

The proxy stands before the S3 server of a local cloud, so functions, workers and readers alike
meet the same S3.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

from local.servers import ports
from local.servers.processes import descendants

_SLOW_DOWN: Final = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
_OF_HOP: Final = {"connection", "transfer-encoding", "keep-alive"}
# What runs a function inside its emulator.
_RUNTIME: Final = "awslambdaric"


class Proxy(ThreadingHTTPServer):
    """Passes requests on, and refuses a part of the writes while it is told to.

    Attributes:
        share: of the writes that are refused.
        refused: writes so far.
    """

    daemon_threads = True

    def __init__(self, behind: str, seed: int) -> None:
        super().__init__((ports.LOOPBACK, 0), _Handler)
        self.behind = urlsplit(behind).netloc
        self.share = 0.0
        self.refused = 0
        self._draw = Random(seed)  # noqa: S311 - replayed

    @property
    def endpoint(self) -> str:
        """Where it serves."""
        return f"http://{ports.LOOPBACK}:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed."""

    def refuses(self) -> bool:
        """Tell whether the next write is refused."""
        refused = self._draw.random() < self.share
        self.refused += refused
        return refused


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        self._pass_on()

    do_HEAD = do_DELETE = do_POST = do_GET  # noqa: N815

    def do_PUT(self) -> None:
        body = self._body()
        if self.server.refuses():
            self._answer(503, [("Content-Type", "application/xml")], _SLOW_DOWN)
        else:
            self._pass_on(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _pass_on(self, body: bytes | None = None) -> None:
        sent = self._body() if body is None else body
        headers = {name: each for name, each in self.headers.items() if name.lower() not in _OF_HOP}
        if sent or self.command in ("PUT", "POST"):
            headers["Content-Length"] = str(len(sent))
        connection = HTTPConnection(self.server.behind, timeout=30)
        try:
            connection.request(self.command, self.path, sent or None, headers)
            answer = connection.getresponse()
            answered = answer.read()
        except (OSError, HTTPException):  # nobody is there: neither is this
            self.close_connection = True
            return
        finally:
            connection.close()
        kept = [pair for pair in answer.getheaders() if pair[0].lower() not in _OF_HOP]
        self._answer(answer.status, kept, answered)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def proxied(endpoint: str, seed: int) -> Iterator[Proxy]:
    """Give a proxy before an S3 server."""
    with Proxy(endpoint, seed) as proxy:
        thread = Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def kill_runtimes() -> int:
    """Kill what runs functions of this process's cloud, in the middle of whatever it does."""
    killed = 0
    for pid in descendants(os.getpid()):
        with suppress(OSError):
            if _RUNTIME in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed
