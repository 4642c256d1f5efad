"""How the S3 store names what goes wrong on the wire.

Hazards held here: a missing object tried again as if it were a hiccup, a refusal tried again for
ever, a body cut short taken for the whole.
"""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

import boto3
import pytest
from botocore.config import Config

from universal_sync_core.errors import (
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.s3_store import S3Store
from universal_sync_core.store import Location

LOCATION: Final = Location("state-bucket", "v1/run/sha256/key")
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


@pytest.fixture(scope="module")
def s3() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def s3_store(s3: Answering) -> S3Store:
    return store_at(s3.endpoint)


def get(store: S3Store) -> object:
    return store.get(LOCATION)


def stream(store: S3Store) -> object:
    return list(store.stream(LOCATION))


def put(store: S3Store) -> object:
    return store.put(LOCATION, SECRET.encode())


@pytest.mark.parametrize("verb", [get, stream, put])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((503, "SlowDown"), StoreThrottledError),
        ((429, "TooManyRequestsException"), StoreThrottledError),
        ((503, "ServiceUnavailable"), StoreUnavailableError),
        ((500, "InternalError"), StoreUnavailableError),
        ((502, ""), StoreUnavailableError),
        ((400, "RequestTimeout"), StoreUnavailableError),
        ((409, "ConditionalRequestConflict"), StoreUnavailableError),
        ((403, "AccessDenied"), StoreAccessDeniedError),
        ((403, ""), StoreAccessDeniedError),
        ((400, "ExpiredToken"), StoreAccessDeniedError),
        ((400, "InvalidArgument"), StoreAccessDeniedError),
        ((404, "NoSuchBucket"), MissingObjectError),
    ],
)
def test_every_answer_has_one_class(
    s3: Answering,
    s3_store: S3Store,
    verb: Callable[[S3Store], object],
    answer: tuple[int, str],
    expected: type[StateSyncError],
) -> None:
    s3.answer(*answer)
    with pytest.raises(StateSyncError) as caught:
        verb(s3_store)
    assert type(caught.value) is expected
    assert caught.value.__cause__ is not None
    assert SECRET not in str(caught.value)


def test_precondition_failed_says_that_the_object_is_there(
    s3: Answering, s3_store: S3Store
) -> None:
    s3.answer(412, "PreconditionFailed")
    assert not s3_store.put(LOCATION, b"body")


@pytest.mark.parametrize("verb", [get, stream])
def test_body_cut_short_is_worth_another_try(
    s3: Answering,
    s3_store: S3Store,
    verb: Callable[[S3Store], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3, "length", 1_000)
    s3.status, s3.body = 200, b"only the begin"
    with pytest.raises(StoreUnavailableError):
        verb(s3_store)


@pytest.mark.parametrize("verb", [get, stream, put])
def test_refused_connection_is_worth_another_try(verb: Callable[[S3Store], object]) -> None:
    with Answering(("127.0.0.1", 0), Handler) as closed:
        endpoint = closed.endpoint
    with pytest.raises(StoreUnavailableError) as caught:
        verb(store_at(endpoint))
    assert caught.value.retryable


def test_a_request_that_cannot_be_made_is_not_tried_again(s3_store: S3Store) -> None:
    with pytest.raises(StoreAccessDeniedError) as caught:
        s3_store.get(Location("no bucket's name", "key"))
    assert not caught.value.retryable


def test_writes_use_the_key_of_the_settings_and_never_replace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: dict[str, object] = {}
    store = store_at("http://127.0.0.1:9")
    monkeypatch.setattr(store._client, "put_object", sent.update)
    encrypting = S3Store(client=store._client, kms_key_id="alias/state")
    assert encrypting.put(LOCATION, b"{}", content_encoding="zstd")
    assert sent["IfNoneMatch"] == "*"
    assert sent["ChecksumAlgorithm"]
    assert (sent["ServerSideEncryption"], sent["SSEKMSKeyId"]) == ("aws:kms", "alias/state")
    assert (sent["ContentType"], sent["ContentEncoding"]) == ("application/json", "zstd")
