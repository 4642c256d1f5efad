"""The worker in Node.js before an ill S3: it tries again, and fails by a name that is retried."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.examples.node import installed
from universal_sync_core import store_to_s3
from universal_sync_core.pages.page_format import render_page
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import encode
from universal_sync_core.values.pointer import Pointer

CODES = {
    400: "ExpiredToken",
    403: "RequestTimeTooSkewed",
    404: "NoSuchKey",
    408: "RequestTimeout",
    409: "ConditionalRequestConflict",
    412: "PreconditionFailed",
    503: "SlowDown",
}
VALUE = {"text": "x" * 100_000}
# Stores a value and reads it; says by which error that fails.
SCRIPT = """
import { folderOf, stored, whole } from "./pointers.mjs";
const folder = folderOf("run-1");
try {
  const pointer = await stored({ text: "x".repeat(100_000) }, folder);
  console.log(JSON.stringify(await whole(pointer, folder)));
} catch (error) {
  console.log(JSON.stringify(error.name));
}
"""

# Reads the value of a pointer; says by which error that fails.
READING = """
import { folderOf, whole } from "./pointers.mjs";
try {
  console.log(JSON.stringify(await whole(JSON.parse(process.argv[2]), folderOf("run-1"))));
} catch (error) {
  console.log(JSON.stringify(error.name));
}
"""


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class IllS3(ThreadingHTTPServer):
    """Keeps objects in memory and counts reads; `plan` says what befalls the next requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.plan: dict[str, list[str]] = {}
        self.reads = 0

    def next_fault(self, method: str) -> str | None:
        return self.plan[method].pop(0) if self.plan.get(method) else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: IllS3

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault, key = self.server.next_fault("PUT"), self.path.partition("?")[0]
        if fault is not None and fault.isdecimal():
            return self._answer(int(fault))
        is_new = key not in self.server.objects
        self.server.objects.setdefault(key, body)
        if fault == "lost":
            return self._break_off()
        return self._answer(200 if is_new else 412)

    def do_GET(self) -> None:
        fault, key = self.server.next_fault("GET"), self.path.partition("?")[0]
        self.server.reads += 1
        if fault is not None and fault.isdecimal():
            return self._answer(int(fault))
        start, end = map(int, re.findall(r"\d+", self.headers["Range"]))
        body = self.server.objects[key][start : end + 1]
        if fault == "cut":
            self._answer(206, body[: len(body) // 2], size=len(body))
            return self._break_off()
        return self._answer(206, b"?" + body[1:] if fault == "altered" else body)

    def _answer(self, status: int, body: bytes = b"", size: int | None = None) -> None:
        if status in CODES:
            body = f"<Error><Code>{CODES[status]}</Code></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.end_headers()
        self.wfile.write(body)

    def _break_off(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = installed(tmp_path_factory.mktemp("node_faults"))
    (folder / "script.mjs").write_text(SCRIPT, "utf-8")
    (folder / "reading.mjs").write_text(READING, "utf-8")
    return folder


@pytest.fixture(scope="module")
def ill_s3() -> Iterator[IllS3]:
    with IllS3() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("method", "faults", "said"),
    [
        ("PUT", ["lost"], VALUE),
        ("PUT", ["409", "409"], VALUE),
        ("PUT", ["503"] * 5, VALUE),
        ("PUT", ["400", "403", "408"], VALUE),
        ("PUT", ["503"] * 100, "StoreUnavailableError"),
        ("PUT", ["400"] * 100, "StoreUnavailableError"),
        ("GET", ["403"] * 100, "StoreUnavailableError"),
        ("GET", ["404"] * 100, "NoSuchKey"),
        ("GET", ["cut", "cut"], VALUE),
        ("GET", ["altered"], VALUE),
        ("GET", ["cut"] * 100, "StoreUnavailableError"),
        ("GET", ["altered"] * 100, "ChecksumMismatchError"),
    ],
    ids=lambda given: f"{given[0]} x {len(given)}" if isinstance(given, list) else None,
)
def test_what_passes_is_tried_again(
    code: Path, ill_s3: IllS3, method: str, faults: list[str], said: object
) -> None:
    ill_s3.objects.clear()
    ill_s3.plan = {method: list(faults)}

    assert said_by("script.mjs", code, ill_s3) == said


def said_by(script: str, code: Path, ill_s3: IllS3, *arguments: str) -> object:
    ran = subprocess.run(  # noqa: S603 - a script of ours
        ["node", script, *arguments],  # noqa: S607 - of the path, as npm is
        cwd=code,
        env={
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ill_s3.server_port}",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": "eu-west-1",
            "STATE_BUCKET": "bucket",
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("faults", "reads"), [([], 2), (["503", "altered"], 4)], ids=["sound", "ill"]
)
def test_pages_that_lie_near_each_other_are_read_by_one_request(
    code: Path, ill_s3: IllS3, faults: list[str], reads: int
) -> None:
    value = [{"number": number, "text": "x" * 200} for number in range(9_000)]
    store = MemoryStore()
    with runtime.use(settings=Settings(bucket="bucket"), store=store):
        pointer = store_to_s3(value, {"execution_id": "run-1"})
    ill_s3.objects = {f"/{at.bucket}/{at.key}": kept.body for at, kept in store.objects.items()}
    ill_s3.plan, ill_s3.reads = {"GET": faults}, 0

    assert said_by("reading.mjs", code, ill_s3, json.dumps(pointer)) == value
    assert ill_s3.reads == reads


def test_a_page_counts_as_often_as_an_index_names_it(code: Path, ill_s3: IllS3) -> None:
    page = render_page("list", encode("x" * 2_000_000), order=None, marks=None)
    row = ["", len(page), len(page), sha256(page), 1, len(page), len(page)]
    index = encode({"__page": 1, "kind": "list", "height": 1, "children": [row] * 100})
    at = Address("s3://bucket/v1/run-1/packs/" + "0" * 64, len(page), len(index), sha256(index))
    ill_s3.objects = {at.path.removeprefix("s3:/"): page + index}

    pointer = Pointer(kind="list", at=at, size=1_000, count=100).render()
    assert said_by("reading.mjs", code, ill_s3, json.dumps(pointer)) == "StateTooLargeError"
