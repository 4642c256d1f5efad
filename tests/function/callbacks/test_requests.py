"""Callbacks: the token is kept, the answer is sent once, and the refusals have names."""

import json
from typing import Any

import pytest

from contract.callback_models import RequestCallbackEvent
from services import clients
from tests.function.callbacks.asking import CALLBACK_ID, EXECUTION_ID, ask, stored
from tests.function.fakes import TOKEN, FakeEventBus
from universal_sync_core import hydrate_state, store_to_s3, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    PointerNotAllowedError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore


def test_request_keeps_the_token_and_what_is_asked(store: MemoryStore, bus: FakeEventBus) -> None:
    assert ask(prompt={"question": "Ship it?"}) == {"callback_id": CALLBACK_ID}
    record = stored(store, f"{CALLBACK_ID}.json")
    assert record.pop("requested_at").endswith("+00:00")
    assert record == {
        "callback_id": CALLBACK_ID,
        "callback_type": "human",
        "execution_id": EXECUTION_ID,
        "prompt": {"question": "Ship it?"},
        "state_revision": 7,
        "task_token": TOKEN,
    }
    assert len(bus.entries) == 1


@pytest.mark.usefixtures("store")
def test_announcement_tells_everything_but_the_token(bus: FakeEventBus) -> None:
    ask(prompt="Ship it?", callback_type="async")
    (entry,) = bus.entries
    assert entry["EventBusName"] == "default"
    assert entry["Source"] == "universal-sync-core"
    assert entry["DetailType"] == "Callback Requested"
    assert json.loads(entry["Detail"]) == {
        "callback_id": CALLBACK_ID,
        "callback_type": "async",
        "execution_id": EXECUTION_ID,
        "prompt": "Ship it?",
        "state_revision": 7,
    }


@pytest.mark.usefixtures("store")
def test_prompt_may_be_in_the_bag(bus: FakeEventBus) -> None:
    ask(state_data={"execution_id": EXECUTION_ID, "prompt": "Ship it?"})
    assert json.loads(bus.entries[0]["Detail"])["prompt"] == "Ship it?"


def test_large_prompt_is_announced_by_its_pointer(store: MemoryStore, bus: FakeEventBus) -> None:
    ask(prompt="Ship it? " * 10_000)
    detail = json.loads(bus.entries[0]["Detail"])
    assert detail["prompt"]["__s3_offloaded"] is True
    assert stored(store, f"{CALLBACK_ID}.json")["prompt"] == detail["prompt"]


LOOKALIKE = {"__s3_offloaded": 1, "__escaped:__s3_offloaded": 2, "__gzip_base64": "3"}


@pytest.mark.parametrize(
    "inside", [LOOKALIKE, {"question": [LOOKALIKE]}, LOOKALIKE | {"x": "y" * 29_000}]
)
@pytest.mark.parametrize("where", ["event", "bag", "overflow", "packed"])
def test_prompt_is_announced_as_it_was_asked(
    store: MemoryStore, bus: FakeEventBus, inside: Any, where: str
) -> None:
    fields: dict[str, Any] = {"prompt": inside}
    if where != "event":
        bag = {"execution_id": EXECUTION_ID, "state_revision": 1}
        many = {f"f{number}": "x" * 20 for number in range(6_000)} if where == "overflow" else {}
        action = "update_and_compress" if where == "packed" else "sync"
        asked = universal_sync_core(bag, many | fields, {"action": action})
        assert ("prompt" in asked) == (where != "overflow")
        fields = {"state_data": asked}
    ask(**fields)
    detail = json.loads(bus.entries[0]["Detail"])
    assert detail["prompt"] == inside
    assert stored(store, f"{CALLBACK_ID}.json")["callback_id"] == detail["callback_id"]


def test_large_prompt_in_the_spill_is_announced_by_its_pointer(
    store: MemoryStore, bus: FakeEventBus
) -> None:
    prompt = {"question": "Ship it?", "scan": LOOKALIKE | {"x": "y" * 40_000}}
    many = {f"f{number}": "x" * 20 for number in range(6_000)}
    bag = {"execution_id": EXECUTION_ID, "state_revision": 1}
    ask(state_data=universal_sync_core(bag, many | {"prompt": prompt}, {"action": "sync"}))
    detail = json.loads(bus.entries[0]["Detail"])
    state = {"execution_id": EXECUTION_ID, "prompt": detail["prompt"]}
    assert hydrate_state(state)["prompt"] == prompt
    assert len(json.dumps(detail)) < 2_000
    assert store.objects


@pytest.mark.usefixtures("bus")
def test_prompt_with_a_pointer_of_another_execution_is_refused(store: MemoryStore) -> None:
    foreign = store_to_s3("x" * 10, {"execution_id": "run 2"})
    before = dict(store.objects)
    with pytest.raises(PointerNotAllowedError):
        ask(prompt={"look": foreign})
    assert store.objects == before


def test_retried_request_is_the_same_callback(store: MemoryStore, bus: FakeEventBus) -> None:
    ask()
    first = dict(store.objects)
    assert ask() == {"callback_id": CALLBACK_ID}
    assert store.objects == first
    assert len(bus.entries) == 2


def test_token_is_kept_before_anybody_is_told(store: MemoryStore, bus: FakeEventBus) -> None:
    bus.refusal = "InternalFailure"
    with pytest.raises(StoreUnavailableError):
        ask()
    assert stored(store, f"{CALLBACK_ID}.json")["task_token"] == TOKEN


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", StoreThrottledError),
        ("InternalFailure", StoreUnavailableError),
        ("AccessDeniedException", StoreAccessDeniedError),
        ("MalformedDetail", InvalidRequestError),
    ],
)
def test_refused_announcement_is_an_error(
    bus: FakeEventBus, code: str, expected: type[StateSyncError]
) -> None:
    bus.refusal = code
    with pytest.raises(expected, match=f"PutEvents: {code}"):
        ask()


def test_request_needs_an_execution_id(store: MemoryStore, bus: FakeEventBus) -> None:
    with pytest.raises(InvalidRequestError, match="execution_id") as refused:
        ask(state_data={})
    assert refused.value.field == "execution_id"
    assert not store.objects
    assert not bus.entries


def test_token_does_not_show_in_the_event_s_repr() -> None:
    event = {"action": "request_callback", "state_data": {}, "task_token": TOKEN}
    parsed = RequestCallbackEvent.model_validate(event | {"callback_type": "human"})
    assert TOKEN not in repr(parsed)


def test_clients_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert clients.stepfunctions() is clients.stepfunctions()
    assert clients.events() is clients.events()
