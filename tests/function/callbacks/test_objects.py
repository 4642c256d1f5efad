"""Callback records and marks that this function did not write: nothing is sent because of them."""

import hashlib
import json
from typing import Any

import pytest

import app
from callbacks.objects import id_of
from services import clients
from tests.core.places import place
from tests.function.expected import BUCKET
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions, client_error
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
    StateTooLargeError,
    StoreUnavailableError,
    UnreadableObjectError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject

OWNER = "arn:aws:states:eu-west-1:123456789012:execution:m:owner"
FOLDER = "v1/arn%3Aaws%3Astates%3Aeu-west-1%3A123456789012%3Aexecution%3Am%3Aowner/callbacks/"
CALLBACK_ID = id_of(TOKEN)
RECORD = {
    "callback_id": CALLBACK_ID,
    "callback_type": "human",
    "execution_id": OWNER,
    "prompt": None,
    "state_revision": 7,
    "task_token": TOKEN,
    "requested_at": "2025-11-23T03:42:13+00:00",
}


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> FakeStepFunctions:
    fake, bus = FakeStepFunctions(), FakeEventBus()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    monkeypatch.setattr(clients, "events", lambda: bus)
    return fake


def act(action: str, **event: Any) -> Any:
    return app.lambda_handler({"action": action, **event}, FakeLambdaContext())


def put(store: MemoryStore, name: str, content: Any) -> None:
    body = content if type(content) is bytes else json.dumps(content).encode()
    store.objects[Location(BUCKET, FOLDER + name)] = StoredObject(body)


def submit(callback_id: str = CALLBACK_ID, **fields: Any) -> Any:
    answer = {"outcome": "success", "output": True} | fields
    return act("submit_callback", callback_id=callback_id, execution_id=OWNER, **answer)


def ask(**fields: Any) -> None:
    bag = {"execution_id": OWNER, "state_revision": 7}
    act("request_callback", state_data=bag, task_token=TOKEN, callback_type="human", **fields)


OTHERS: dict[str, Any] = {
    "no fields": {},
    "a list": [],
    "null": None,
    "a text": "x",
    "another token under this id": RECORD | {"task_token": "VICTIM'S"},
    "another id inside": RECORD | {"callback_id": "f" * 64},
    "another execution's": RECORD | {"execution_id": OWNER + "2"},
    "a field more": RECORD | {"more": 1},
    "a token that is no text": RECORD | {"task_token": 1},
    "a time without offset": RECORD | {"requested_at": "2025-11-23T03:42:13"},
    "no time": RECORD | {"requested_at": "soon"},
    "a time that cannot be reckoned with": RECORD | {"requested_at": "9999-12-31T23:59:59+00:00"},
    "an unknown type": RECORD | {"callback_type": "x"},
    "a revision that is no number": RECORD | {"state_revision": "7"},
}
OTHERS |= {
    f"no {name}": {key: value for key, value in RECORD.items() if key != name} for name in RECORD
}


@pytest.mark.parametrize("outcome", ["success", "heartbeat"])
@pytest.mark.parametrize("kind", OTHERS)
def test_record_that_is_none_answers_nobody(
    store: MemoryStore, service: FakeStepFunctions, kind: str, outcome: str
) -> None:
    put(store, f"{CALLBACK_ID}.json", OTHERS[kind])
    fields = {"output": True} if outcome == "success" else {}
    event = {"callback_id": CALLBACK_ID, "execution_id": OWNER, "outcome": outcome}
    with pytest.raises(MalformedPointerError) as refused:
        act("submit_callback", **event, **fields)
    assert "VICTIM'S" not in str(refused.value)
    assert not service.taken
    assert len(store.objects) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"\x28\xb5\x2f\xfd"])
def test_record_that_is_no_json_answers_nobody(
    store: MemoryStore, service: FakeStepFunctions, body: bytes
) -> None:
    put(store, f"{CALLBACK_ID}.json", body)
    with pytest.raises(UnreadableObjectError):
        submit()
    assert not service.taken


def test_token_of_another_callback_is_not_answered_under_an_invented_id(
    store: MemoryStore, service: FakeStepFunctions
) -> None:
    put(store, f"{'f' * 64}.json", RECORD | {"callback_id": "f" * 64})
    with pytest.raises(MalformedPointerError):
        submit("f" * 64)
    assert not service.taken


FORGED = {
    "plain": {"outcome": "success", "output": "forged"},
    "sealed by another": {
        "outcome": "success",
        "output": "forged",
        "made_by": "x",
        "seal": "0" * 64,
    },
    "a seal of another form": {"outcome": "success", "output": "forged", "seal": "\ud800é"},
    "no object": ["forged"],
}


@pytest.mark.parametrize("content", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize(
    "name", ["answer", "delivered", "expired", "refused", "sent.2", "missed.1"]
)
def test_mark_that_was_made_without_the_token_counts_for_nothing(
    store: MemoryStore, service: FakeStepFunctions, name: str, content: Any
) -> None:
    ask()
    put(store, f"{CALLBACK_ID}.{name}.json", content)
    service.failures.append(client_error("SendTaskSuccess", "ServiceUnavailable"))
    with pytest.raises(StoreUnavailableError):
        submit(output="mine")
    submit(output="mine")
    with pytest.raises(CallbackAlreadyAnsweredError):
        submit(output="another")
    assert [arguments["output"] for _, arguments in service.taken] == ['"mine"']


def test_mark_does_not_count_under_another_name(
    store: MemoryStore, service: FakeStepFunctions
) -> None:
    ask()
    submit(output="mine")
    answer = store.objects[Location(BUCKET, f"{FOLDER}{CALLBACK_ID}.answer.json")]
    del store.objects[Location(BUCKET, f"{FOLDER}{CALLBACK_ID}.delivered.json")]
    put(store, f"{CALLBACK_ID}.refused.json", answer.body)
    service.closed = False
    assert submit(output="mine")["status"] == "delivered"


def pointer(execution_id: str) -> dict[str, Any]:
    digest = hashlib.sha256(b"1").hexdigest()
    folder = FOLDER.replace("owner/callbacks/", execution_id)
    return {
        "__s3_offloaded": True,
        "__v": 1,
        "__kind": "value",
        **place(f"s3://{BUCKET}/{folder}/packs/{digest}", 1),
        "__size_bytes": 1,
    }


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value] * 2}])
def test_answer_with_a_pointer_of_another_execution_is_refused_before_it_is_claimed(
    store: MemoryStore, service: FakeStepFunctions, wrap: Any
) -> None:
    ask()
    with pytest.raises(PointerNotAllowedError):
        submit(output=wrap(pointer("victim")))
    assert len(store.objects) == 1
    assert submit(output="mine")["status"] == "delivered"
    assert len(service.taken) == 1


UNMERGEABLE = [
    {"status": "APPROVED"},
    {"status": 1},
    {"total_segments": "3"},
    {"segment_to_run": None},
    {"execution_id": "another"},
    {"execution_id": None},
]


@pytest.mark.parametrize("output", UNMERGEABLE)
def test_answer_that_could_not_be_merged_is_refused_before_it_is_claimed(
    store: MemoryStore, service: FakeStepFunctions, output: Any
) -> None:
    ask()
    with pytest.raises(InvalidRequestError):
        submit(output=output)
    assert len(store.objects) == 1
    assert submit(output={"status": "COMPLETE"})["status"] == "delivered"
    assert len(service.taken) == 1


def test_function_for_callbacks_takes_no_pointers(
    store: MemoryStore, service: FakeStepFunctions
) -> None:
    ask()
    event = {"action": "submit_callback", "callback_id": CALLBACK_ID, "execution_id": OWNER}
    event |= {"outcome": "success"}
    pointing = event | {"output": {"a": [pointer("owner")]}}
    with pytest.raises(PointerNotAllowedError) as refused:
        app.callback_handler(pointing, FakeLambdaContext())
    assert len(store.objects) == 1
    assert refused.value.field == "output"
    app.callback_handler({**event, "output": {"large": "x" * 100_000}}, FakeLambdaContext())
    assert json.loads(service.taken[0][1]["output"])["__s3_offloaded"] is True


@pytest.mark.parametrize("output", [{"__s3_offloaded": True}, {"__escaped:__s3_offloaded": 1}])
def test_answer_that_resembles_a_pointer_is_sent_as_it_is(
    store: MemoryStore, service: FakeStepFunctions, output: Any
) -> None:
    ask()
    assert store.objects
    submit(output=output)
    assert json.loads(service.taken[0][1]["output"]) == output


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"error": "e" * 257}, "error"),
        ({"error": "\U0001f600" * 129}, "error"),
        ({"error": "\ud800"}, "error"),
        ({"error": "E", "cause": "c" * 32_769}, "cause"),
        ({"error": "E", "cause": "\U0001f600" * 16_385}, "cause"),
        ({"error": "E", "cause": "\ud800"}, "cause"),
    ],
)
def test_failure_that_step_functions_would_not_take_is_refused_by_name(
    store: MemoryStore, fields: dict[str, Any], field: str
) -> None:
    ask()
    with pytest.raises(InvalidRequestError) as refused:
        act(
            "submit_callback",
            callback_id=CALLBACK_ID,
            execution_id=OWNER,
            outcome="failure",
            **fields,
        )
    assert refused.value.field == field
    assert len(store.objects) == 1


def test_failure_that_would_not_fit_beside_the_state_is_refused(store: MemoryStore) -> None:
    ask()
    fields = {"outcome": "failure", "error": "E", "cause": "\x00" * 32_768}
    with pytest.raises(StateTooLargeError):
        act("submit_callback", callback_id=CALLBACK_ID, execution_id=OWNER, **fields)
    assert len(store.objects) == 1
