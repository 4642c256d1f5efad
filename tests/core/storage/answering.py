"""A server that answers every request alike, for the S3 store to make sense of."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import boto3
from botocore.config import Config

from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location

LOCATION: Final = Location("state-bucket", "v1/run/packs/key")
SECRET: Final = "the state itself"  # noqa: S105 - what no message may carry


class Answering(ThreadingHTTPServer):
    """Gives one answer to every request.

    Attributes:
        status: of the answer.
        body: of the answer.
        length: what the answer says of its length, where that is not the body's.
    """

    status = 200
    body = b""
    length: int | None = None
    daemon_threads = True

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, status: int, code: str) -> None:
        """Answer with an error as S3 writes it; no code for an empty body."""
        text = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>" if code else ""
        self.status, self.body = status, text.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a PUT waits for its `100 Continue`
    server: Answering

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        length = len(self.server.body) if self.server.length is None else self.server.length
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.server.body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_POST(self) -> None:
        self.do_PUT()

    def do_HEAD(self) -> None:
        """Answer without a body, as HTTP has it."""
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def store_at(endpoint: str) -> S3Store:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - opens nothing
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    return S3Store(client=client)
