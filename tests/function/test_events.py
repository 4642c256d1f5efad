"""Every file of events/ through the handler: the answer or the refusal its name promises."""

import json
from typing import Any

import pytest

from actions import EVERY_ACTION
from jobs import waits
from services import clients, integrations
from tests.function.expected import BUCKET, EVENTS, EXPECTED, load
from tests.function.fakes import FakeEventBus, FakeStepFunctions, listing_client, may_delete
from tests.function.handlers import handler_of
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import calculate_payload_size
from universal_sync_core.storage.memory_store import MemoryStore

ANSWERED = sorted(name for name, expected in EXPECTED.items() if expected.answer)
REFUSED = sorted(EXPECTED.keys() - set(ANSWERED))
BAG_BOUND = 150 * 1024


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> FakeStepFunctions:
    fake, bus = FakeStepFunctions(), FakeEventBus()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    monkeypatch.setattr(clients, "events", lambda: bus)
    may_delete(monkeypatch)
    monkeypatch.setattr(waits, "_HAS_RULE", True)
    monkeypatch.setattr(integrations, "OPERATIONS", {"dynamodb:listTables"})
    monkeypatch.setattr(integrations, "client_of", lambda _: listing_client(["orders"], ["lines"]))
    return fake


def handle(name: str, store: MemoryStore, services: FakeStepFunctions) -> Any:
    expected, context = EXPECTED[name], FakeLambdaContext()
    expected.prepare(store)
    for earlier in expected.after:
        handler_of(load(earlier))(load(earlier), context)
    services.closed = services.closed or expected.closed
    event = load(name)
    return handler_of(event)(event, context)


def test_table_and_folder_hold_the_same_names() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in EVENTS.glob("*"))


def test_every_action_has_an_answer_and_a_refusal() -> None:
    answered = {load(name)["action"] for name in ANSWERED}
    refused = {load(name).get("action") for name in REFUSED if isinstance(load(name), dict)}
    assert answered == set(EVERY_ACTION)
    assert set(EVERY_ACTION) <= refused


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_file_is_named_after_its_action(name: str) -> None:
    event = load(name)
    action = event.get("action") if isinstance(event, dict) else None
    known = action in EVERY_ACTION
    assert name.startswith(f"{action}_" if known else ("event_", "unknown_action"))


@pytest.mark.parametrize("name", ANSWERED)
def test_event_is_answered(name: str, store: MemoryStore, services: FakeStepFunctions) -> None:
    answer = handle(name, store, services)
    expected = EXPECTED[name].answer
    assert expected is not None
    assert expected <= answer.keys()
    assert calculate_payload_size(answer.get("state_data")) <= BAG_BOUND
    json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize("name", REFUSED)
def test_event_is_refused(name: str, store: MemoryStore, services: FakeStepFunctions) -> None:
    expected = EXPECTED[name]
    assert expected.error is not None
    with pytest.raises(expected.error) as refused:
        handle(name, store, services)
    assert type(refused.value) is expected.error
    if expected.field is not None:
        assert getattr(refused.value, "field", None) == expected.field


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_event_is_about_the_bucket_that_there_is(name: str) -> None:
    assert BUCKET not in json.dumps(load(name, bucket="another"))
