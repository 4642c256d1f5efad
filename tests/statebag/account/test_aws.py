"""Whose answers the command takes for those of AWS."""

import gc
import threading
from collections.abc import Iterator

import pytest

from tests.core.storage.answering import Answering, Handler
from tests.statebag.cloud import BUCKET, MACHINE
from tests.statebag.conftest import ran
from tests.statebag.states import RUN

# With which status a proxy answers, and with what.
PAGES: dict[str, tuple[int, bytes]] = {
    "page": (200, b"<!DOCTYPE html><html><p>Sign in<br></html>"),
    "page in XML": (200, b'<html xmlns="http://www.w3.org/1999/xhtml"><body>hi</body></html>'),
    "redirect": (302, b""),
    "not found": (404, b"<html>"),
}
PACK = f"s3://{BUCKET}/v1/{RUN.replace(':', '%3A')}/packs/{'a' * 64}"
COMMANDS = (
    f"list --machine {MACHINE}",
    "list --stack orders",
    f"failure {RUN}",
    f"verify {PACK}",
    f"callbacks list --bucket {BUCKET}",
    f"gc --bucket {BUCKET} --delete --yes",
)


@pytest.fixture(params=list(PAGES))
def proxy(request: pytest.FixtureRequest) -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as server:
        server.status, server.body = PAGES[request.param]
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.split()[0])
def test_answer_of_a_proxy_is_no_fact_about_what_is_in_aws(
    proxy: Answering,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    connection = ("--endpoint-url", proxy.endpoint, "--region", "eu-west-1")

    told = ran(capsys, *command.split(), *connection)
    gc.collect()  # tells of a connection that is left open

    assert (told.code, told.out) == (6, "")
    assert "the server that answered is not one of AWS" in told.err
