"""The function on a memory store."""

import io
import sys
from collections.abc import Iterator

import pytest

import app
from callbacks import delivery
from services import clients
from tests.function.callbacks.asking import ask
from tests.function.executions.ended import stopped
from tests.function.expected import BUCKET
from tests.function.fakes import FakeEventBus, FakeStepFunctions
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.settings import Settings
from universal_sync_core.storage import retry, runtime
from universal_sync_core.storage.memory_store import MemoryStore


class CurrentStdout(io.TextIOBase):
    """Writes to what `sys.stdout` is at the time; the logger keeps the one of its import."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)


@pytest.fixture
def settings() -> Settings:
    """As the template sets them."""
    return Settings(bucket=BUCKET, allowed_prefixes=(f"s3://{BUCKET}/inputs/",))


@pytest.fixture(autouse=True)
def waits_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "_WAITS_SECONDS", (0.0,) * 5)


@pytest.fixture
def store(settings: Settings) -> Iterator[MemoryStore]:
    memory = MemoryStore()
    with runtime.use(settings=settings, store=memory):
        yield memory


@pytest.fixture
def context() -> FakeLambdaContext:
    return FakeLambdaContext()


@pytest.fixture
def output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> pytest.CaptureFixture[str]:
    """Return what the handler prints from here on, its log included."""
    monkeypatch.setattr(app.logger.logger_handler, "stream", CurrentStdout())
    return capsys


@pytest.fixture
def stepfunctions(monkeypatch: pytest.MonkeyPatch) -> FakeStepFunctions:
    fake = FakeStepFunctions()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    return fake


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, store: MemoryStore) -> FakeStepFunctions:
    """Step Functions, as it tells of an execution that was stopped; nothing is stored."""
    assert not store.objects
    fake = stopped()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    return fake


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> FakeEventBus:
    fake = FakeEventBus()
    monkeypatch.setattr(clients, "events", lambda: fake)
    return fake


@pytest.fixture
def requested(store: MemoryStore, bus: FakeEventBus) -> MemoryStore:
    """A store in which a callback waits for its answer."""
    ask()
    bus.entries.clear()
    return store
