"""The command, run in this process on a cloud in memory."""

import functools
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest
from rich.console import Console

from statebag.account.aws import Store
from statebag.cli import main
from statebag.output import terminal as terminal_module
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, FakeCloud, client_error
from tests.statebag.histories import History, bag
from tests.statebag.states import CONTEXT, catalog_bag, snapshot_of
from universal_sync_core import record_failure
from universal_sync_core.packs import outbox
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.storage.store import Location, Part, StoredObject

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Ran:
    """How a run of the command went."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str, **given: Any) -> Ran:
    """Return how a command line went that was run in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as exited:
        main(arguments, **given)
    said = capsys.readouterr()
    return Ran(int(exited.value.code or 0), said.out, said.err)


@pytest.fixture(autouse=True)
def packs_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the core write a pack for each document, as it does of values of many megabytes.

    What of a state is where, and what leads to it, is so for every document to be seen.
    """
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloud]:
    """A cloud whose store the core writes to while a test prepares it, always at one moment."""
    monkeypatch.setattr(
        "universal_sync_core.pipe.bookkeeping.utc_now", lambda: "2025-06-01T12:00:00.000Z"
    )
    fake = FakeCloud()
    with runtime.use(settings=Settings(bucket=BUCKET), store=fake.memory):
        yield fake


@pytest.fixture
def run(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command line; `stdin` is what it can read."""
    monkeypatch.delenv("STATE_BUCKET", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    at_once = ExponentialBackoffRetry(max_retries=1, base_delay=0)
    monkeypatch.setattr("statebag.state.reading._RETRY", at_once)
    monkeypatch.setattr("statebag.commands.verify._RETRY", at_once)

    def command(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        return ran(capsys, *arguments, connect=cloud.connect)

    return command


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the command take standard output for a terminal of so many columns, without colours."""

    def set_width(columns: int) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        plain = functools.partial(Console, color_system=None)
        monkeypatch.setattr(terminal_module, "Console", plain)
        stream = terminal_module._stream
        monkeypatch.setattr(
            terminal_module, "_stream", lambda *, error=False: _Terminal(stream(error=error))
        )

    return set_width


class _Terminal:
    """A stream that says it is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        return True


@pytest.fixture
def failed(cloud: FakeCloud) -> str:
    """A run that failed after a snapshot; gives the path of its record."""
    made, _ = snapshot_of(catalog_bag())
    report = record_failure(made, {"Error": "OutOfStock", "Cause": "none left"}, CONTEXT)
    history = History().visit("CreatePreSnapshot", bag(), {"state_data": made})
    cloud.states.add(
        "run-1",
        "FAILED",
        events=history.events,
        error=report["error"],
        cause=report["cause"],
        input={},
    )
    path: str = report["record_s3_path"]
    return path


@pytest.fixture
def archive(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[Location], None]:
    """Let an archive take an object, as a lifecycle rule does."""

    def refuse(**_: object) -> None:
        raise client_error("InvalidObjectState", "GetObject", 403)

    def take(taken: Location) -> None:
        get, head = cloud.store.get, cloud.inventory.head
        archived = Store(client=SimpleNamespace(get_object=refuse))  # type: ignore[arg-type]

        def got(location: Location, part: Part | None = None) -> StoredObject:
            return (archived.get if location == taken else get)(location, part)

        def begun(location: Location, size: int) -> bytes:
            if location == taken:
                refuse()
            return head(location, size)

        monkeypatch.setattr(cloud.store, "get", got)
        monkeypatch.setattr(cloud.inventory, "head", begun)

    return take


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `gc` take the time of the tests for the present."""

    class Today:
        @staticmethod
        def now(_: object) -> object:
            return NOW

    monkeypatch.setattr("statebag.commands.gc.datetime", Today)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Compare an output with the file of that name, digests apart.

    STATEBAG_WRITE_GOLDEN=1 writes the file instead.
    """
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")

    def compare(text: str) -> None:
        stable = re.sub(r"\b[0-9a-f]{64}\b|(?<=S3 )[0-9a-f]{12}", "<digest>", text)
        file = GOLDEN / f"{name}.txt"
        if os.environ.get("STATEBAG_WRITE_GOLDEN"):
            file.write_text(stable)
        assert stable == file.read_text()

    return compare
