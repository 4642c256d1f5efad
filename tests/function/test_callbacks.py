"""Callbacks: the token is kept, the answer is sent once, and the refusals have names."""

import hashlib
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

import callbacks
import measures
from measures import CALLBACK_DUE_AFTER
from models import RequestCallbackEvent, SubmitCallbackEvent
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions, client_error
from universal_sync_core import hydrate_state, store_to_s3, universal_sync_core
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    PointerNotAllowedError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

CALLBACK_ID = hashlib.sha256(TOKEN.encode()).hexdigest()
EXECUTION_ID = "run 1"
FOLDER = "v1/run%201/callbacks/"


@pytest.fixture
def requested(store: MemoryStore, bus: FakeEventBus) -> MemoryStore:
    """A store in which a callback waits for its answer."""
    ask()
    bus.entries.clear()
    return store


def ask(**fields: Any) -> Any:
    state = {"execution_id": EXECUTION_ID, "state_revision": 7}
    event = {"action": "request_callback", "state_data": state, "task_token": TOKEN}
    return callbacks.request(
        RequestCallbackEvent.model_validate(event | {"callback_type": "human"} | fields)
    )


def answer(**fields: Any) -> Any:
    event = {
        "action": "submit_callback",
        "callback_id": CALLBACK_ID,
        "execution_id": EXECUTION_ID,
        "outcome": "success",
    }
    return callbacks.submit(SubmitCallbackEvent.model_validate(event | fields))


def stored(store: MemoryStore, name: str) -> Any:
    return json.loads(store.get(Location("state-bucket", FOLDER + name)).body)


def due(output: pytest.CaptureFixture[str]) -> dict[int, int]:
    """Callbacks that wait at the moments that metrics name, in milliseconds since 1970."""
    waiting: dict[int, int] = {}
    for line in output.readouterr().out.splitlines():
        metric = json.loads(line)
        if "CallbacksDue" in metric:
            moment = metric["_aws"]["Timestamp"]
            waiting[moment] = waiting.get(moment, 0) + metric["CallbacksDue"][0]
    return waiting


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


def test_success_goes_to_the_waiting_state(
    requested: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    given = answer(output={"approved": True, "note": "schön"})
    assert given == {"callback_id": CALLBACK_ID, "outcome": "success", "status": "delivered"}
    ((operation, arguments),) = stepfunctions.taken
    assert operation == "SendTaskSuccess"
    assert arguments["taskToken"] == TOKEN
    assert json.loads(arguments["output"]) == {"approved": True, "note": "schön"}
    assert stored(requested, f"{CALLBACK_ID}.answer.json")["outcome"] == "success"


@pytest.mark.usefixtures("requested")
def test_failure_carries_error_and_cause(stepfunctions: FakeStepFunctions) -> None:
    answer(outcome="failure", error="Rejected", cause="over budget")
    arguments = {"taskToken": TOKEN, "error": "Rejected", "cause": "over budget"}
    assert stepfunctions.taken == [("SendTaskFailure", arguments)]


def test_heartbeats_claim_nothing(requested: MemoryStore, stepfunctions: FakeStepFunctions) -> None:
    before = dict(requested.objects)
    assert answer(outcome="heartbeat")["status"] == "delivered"
    assert answer(outcome="heartbeat")["status"] == "delivered"
    assert requested.objects == before
    assert stepfunctions.taken == [("SendTaskHeartbeat", {"taskToken": TOKEN})] * 2


@pytest.mark.usefixtures("requested")
def test_same_answer_again_is_sent_once(stepfunctions: FakeStepFunctions) -> None:
    answer(output={"approved": True, "by": "Ada"})
    again = answer(output={"by": "Ada", "approved": True})
    assert again["status"] == "already_delivered"
    assert len(stepfunctions.taken) == 1


@pytest.mark.usefixtures("requested")
@pytest.mark.parametrize(
    "second",
    [
        {"output": {"approved": False}},
        {"output": {"approved": 1}},
        {"outcome": "failure", "error": "Rejected"},
    ],
)
def test_different_answer_comes_too_late(
    stepfunctions: FakeStepFunctions, second: dict[str, Any]
) -> None:
    answer(output={"approved": True})
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(**second)
    assert len(stepfunctions.taken) == 1


@pytest.mark.usefixtures("requested")
def test_different_answer_has_the_first_one_sent_that_could_not_be(
    stepfunctions: FakeStepFunctions,
) -> None:
    stepfunctions.failures.append(client_error("SendTaskSuccess", "ThrottlingException"))
    with pytest.raises(StoreThrottledError):
        answer(output=1)
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(output=2)
    assert answer(output=1)["status"] == "already_delivered"
    assert [arguments["output"] for _, arguments in stepfunctions.taken] == ["1"]


@pytest.mark.usefixtures("requested")
@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_late_answer_is_expired_however_often_it_is_sent(
    stepfunctions: FakeStepFunctions, code: str
) -> None:
    stepfunctions.failures.extend([client_error("SendTaskSuccess", code)] * 2)
    for _ in range(2):
        with pytest.raises(CallbackExpiredError, match=code) as expired:
            answer(output=1)
        assert TOKEN not in str(expired.value)
        assert expired.value.__cause__ is None
        assert expired.value.__context__ is None


@pytest.mark.usefixtures("requested")
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (client_error("S", "ThrottlingException"), StoreThrottledError),
        (client_error("S", "AccessDeniedException"), StoreAccessDeniedError),
        (client_error("S", "KmsAccessDeniedException"), StoreAccessDeniedError),
        (client_error("S", "ServiceUnavailable"), StoreUnavailableError),
        (client_error("S", "Odd", HTTPStatus.BAD_GATEWAY), StoreUnavailableError),
        (client_error("S", "ValidationException"), InvalidRequestError),
        (ConnectTimeoutError(endpoint_url="https://states"), StoreUnavailableError),
    ],
)
def test_errors_of_the_service_are_classified_by_code(
    stepfunctions: FakeStepFunctions,
    failure: Exception,
    expected: type[StateSyncError],
) -> None:
    stepfunctions.failures.append(failure)
    with pytest.raises(expected) as raised:
        answer(outcome="heartbeat")
    assert type(raised.value) is expected
    assert TOKEN not in str(raised.value)


def test_output_too_large_for_a_task_goes_as_a_pointer(
    requested: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    answer(output={"scan": "x" * 300_000})
    assert answer(output={"scan": "x" * 300_000})["status"] == "already_delivered"
    output = json.loads(stepfunctions.taken[0][1]["output"])
    assert output["__s3_offloaded"] is True
    assert stored(requested, f"{CALLBACK_ID}.answer.json")["output"] == output


# What fits no bag, whatever is in it, and the field that is named.
IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"status": "WAIT"}, "wait_seconds"),
    ({"status": "WAIT", "wait_seconds": -1}, "wait_seconds"),
    ({"status": "WAIT", "wait_until": "tomorrow"}, "wait_until"),
    ({"async_result": {"status": "WAIT", "wait_seconds": 2**40}}, "wait_seconds"),
    ({"status": "ASYNC", "job": 5}, "job"),
    ({"status": "PARALLEL_GROUP", "pending_branches": "a and b"}, "pending_branches"),
    ({"status": "DISTRIBUTED_MAP", "distributed_items": {"bucket": "b"}}, "distributed_items"),
    ({"segment_id": "cut \ud83d"}, "segment_id"),
]


@pytest.mark.usefixtures("requested")
@pytest.mark.parametrize(("output", "field"), IMPOSSIBLE)
def test_what_would_end_the_execution_when_it_is_merged_is_refused_to_who_answers(
    stepfunctions: FakeStepFunctions, output: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        answer(output=output)
    assert refused.value.field == f"callback_result.{field}"
    assert stepfunctions.taken == []
    assert answer(output={"status": "WAIT", "wait_seconds": 5})["status"] == "delivered"


def test_callback_nobody_requested_is_refused(
    store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        answer(output=1)
    assert refused.value.field == "callback_id"
    assert not store.objects
    assert not stepfunctions.taken


@pytest.mark.usefixtures("requested")
def test_callback_of_another_execution_is_refused(stepfunctions: FakeStepFunctions) -> None:
    with pytest.raises(InvalidRequestError):
        answer(output=1, execution_id="run 2")
    assert not stepfunctions.taken


def test_token_does_not_show_in_the_event_s_repr() -> None:
    event = {"action": "request_callback", "state_data": {}, "task_token": TOKEN}
    parsed = RequestCallbackEvent.model_validate(event | {"callback_type": "human"})
    assert TOKEN not in repr(parsed)


def test_clients_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert callbacks.stepfunctions() is callbacks.stepfunctions()
    assert callbacks.events() is callbacks.events()


def test_unanswered_callback_is_counted_before_it_expires(
    store: MemoryStore, bus: FakeEventBus, capsys: pytest.CaptureFixture[str]
) -> None:
    bus.refusal = "InternalFailure"
    with pytest.raises(StoreUnavailableError):
        ask()
    bus.refusal = None
    ask()
    requested_at = datetime.fromisoformat(stored(store, f"{CALLBACK_ID}.json")["requested_at"])
    ((moment, waiting),) = due(capsys).items()
    assert moment / 1_000 == pytest.approx(
        (requested_at + CALLBACK_DUE_AFTER).timestamp(), abs=0.01
    )
    assert waiting == 1


@pytest.mark.usefixtures("store", "bus", "stepfunctions")
def test_answered_callback_is_not_counted_however_often_it_is_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask()
    answer(outcome="heartbeat")
    answer(output=1)
    answer(output=1)
    assert list(due(capsys).values()) == [0]


def test_late_answer_takes_nothing_back(capsys: pytest.CaptureFixture[str]) -> None:
    asked = datetime.now(UTC) - CALLBACK_DUE_AFTER
    measures.count_callback_answer(asked.isoformat(), is_due=True)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [name for line in printed for name in line if name.startswith("Callback")] == [
        "CallbacksAnswered",
        "CallbackWait",
    ]
    assert printed[1]["CallbackWait"][0] == pytest.approx(CALLBACK_DUE_AFTER.seconds, abs=5)
