"""A wait that its state tries again: one callback, and its answer goes to the last try."""

import json
from typing import Any

import pytest

from callbacks import requests, submissions
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from services import clients
from tests.function.fakes import FakeEventBus, client_error
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore

EXECUTION_ID = "run 1"
FOLDER = "v1/run%201/callbacks/"
WAIT = "WaitForCallback 2025-11-23T03:42:13.000Z"


class Tasks:
    """Step Functions with a new token for each try of a state.

    Attributes:
        waiting: the token of the try that waits.
        answers: what was sent for tries that waited, as (token, outcome).
    """

    def __init__(self) -> None:
        self.waiting: str | None = None
        self.answers: list[tuple[str, Any]] = []

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        self._end("SendTaskSuccess", taskToken, json.loads(output))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        del cause
        self._end("SendTaskFailure", taskToken, error)

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803
        if taskToken != self.waiting:
            raise client_error("SendTaskHeartbeat", "TaskTimedOut")
        self.answers.append((taskToken, "heartbeat"))

    def _end(self, operation: str, token: str, answer: Any) -> None:
        if token != self.waiting:
            raise client_error(operation, "TaskTimedOut")
        self.waiting = None
        self.answers.append((token, answer))


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Tasks:
    fake = Tasks()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    return fake


@pytest.fixture(autouse=True)
def bus(monkeypatch: pytest.MonkeyPatch, tasks: Tasks, store: MemoryStore) -> FakeEventBus:
    del tasks, store
    fake = FakeEventBus()
    monkeypatch.setattr(clients, "events", lambda: fake)
    return fake


def ask(tasks: Tasks, token: str, wait: str | None = WAIT, **fields: Any) -> str:
    """Have a try of a state ask, and return the id that is announced."""
    tasks.waiting = token
    event = {
        "action": "request_callback",
        "state_data": {"execution_id": EXECUTION_ID, "state_revision": 7},
        "task_token": token,
        "callback_type": "human",
        "wait": wait,
    }
    asked = RequestCallbackEvent.model_validate(event | fields)
    return requests.request(asked)["callback_id"]


def answer(callback_id: str, output: Any = "yes", **fields: Any) -> Any:
    event = {
        "action": "submit_callback",
        "callback_id": callback_id,
        "execution_id": EXECUTION_ID,
        "outcome": "success",
        **({"output": output} if "outcome" not in fields else {}),
    }
    return submissions.submit(SubmitCallbackEvent.model_validate(event | fields))


def records(store: MemoryStore) -> list[str]:
    """Return the names of the callbacks' records."""
    names = [each.key.removeprefix(FOLDER) for each in store.objects]
    return [name for name in names if name.count(".") == 1]


def test_every_try_is_the_same_callback(
    tasks: Tasks, store: MemoryStore, bus: FakeEventBus, capsys: pytest.CaptureFixture[str]
) -> None:
    bus.refusal = "InternalFailure"
    for number in range(4):
        with pytest.raises(StoreUnavailableError):
            ask(tasks, f"token {number}")
    bus.refusal = None
    callback_id = ask(tasks, "token 4")

    assert len(records(store)) == 1
    assert [json.loads(each["Detail"])["callback_id"] for each in bus.entries] == [callback_id]
    assert answer(callback_id)["status"] == "delivered"
    assert tasks.answers == [("token 4", "yes")]
    due = [json.loads(line).get("CallbacksDue", [0])[0] for line in capsys.readouterr().out.split()]
    assert [count for count in due if count] == [1, -1]


def test_the_first_try_takes_one_request_of_each_kind(tasks: Tasks, store: MemoryStore) -> None:
    callback_id = ask(tasks, "token")
    assert len(store.objects) == 1
    answer(callback_id)
    marks = {each.key.removeprefix(FOLDER).split(".", 1)[1] for each in store.objects}
    assert marks == {"json", "answer.json", "delivered.json"}


def test_a_request_that_is_repeated_within_a_try_keeps_nothing_new(
    tasks: Tasks, store: MemoryStore
) -> None:
    for token in ("token 1", "token 2"):
        first = ask(tasks, token)
        before = dict(store.objects)
        assert ask(tasks, token) == first
        assert store.objects == before


@pytest.mark.parametrize(
    "other",
    [
        {"wait": f"{WAIT} "},
        {"callback_type": "async"},
        {"state_data": {"execution_id": EXECUTION_ID, "state_revision": 8}},
        {"state_data": {"execution_id": "run 2", "state_revision": 7}},
    ],
    ids=["wait", "type", "revision", "execution"],
)
def test_another_wait_is_another_callback(tasks: Tasks, other: dict[str, Any]) -> None:
    assert ask(tasks, "token 1") != ask(tasks, "token 2", **other)


def test_a_wait_that_does_not_say_which_it_is_asks_anew_each_time(tasks: Tasks) -> None:
    assert ask(tasks, "token 1", None) != ask(tasks, "token 2", None)


def test_the_id_is_not_to_be_guessed_from_the_wait(tasks: Tasks) -> None:
    callback_id = ask(tasks, "token")
    name, _, digits = callback_id.partition("-")
    for guess in (name, f"{name}-{digits[::-1]}", f"{name}-{'0' * 32}"):
        with pytest.raises(InvalidRequestError, match="did not request such a callback"):
            answer(guess)
    assert not tasks.answers


def test_a_heartbeat_reaches_the_last_try(tasks: Tasks) -> None:
    callback_id = ask(tasks, "token 1")
    ask(tasks, "token 2")
    answer(callback_id, outcome="heartbeat")
    assert tasks.answers == [("token 2", "heartbeat")]


def test_a_failure_reaches_the_last_try(tasks: Tasks) -> None:
    callback_id = ask(tasks, "token 1")
    ask(tasks, "token 2")
    answer(callback_id, outcome="failure", error="No")
    assert tasks.answers == [("token 2", "No")]


def test_an_answer_that_came_too_late_for_one_try_is_none_for_the_next(tasks: Tasks) -> None:
    callback_id = ask(tasks, "token 1")
    tasks.waiting = None
    for _ in range(2):
        with pytest.raises(CallbackExpiredError):
            answer(callback_id, "late")
    assert ask(tasks, "token 2") == callback_id
    assert answer(callback_id, "in time")["status"] == "delivered"
    assert tasks.answers == [("token 2", "in time")]
    assert answer(callback_id, "in time")["status"] == "already_delivered"


def test_a_wait_whose_last_try_is_over_waits_no_longer(tasks: Tasks) -> None:
    callback_id = ask(tasks, "token 1")
    ask(tasks, "token 2")
    tasks.waiting = None
    for output in ("late", "late", "later"):
        with pytest.raises(CallbackExpiredError):
            answer(callback_id, output)
    assert not tasks.answers


def test_a_try_after_an_answer_asks_anew(tasks: Tasks) -> None:
    first = ask(tasks, "token 1")
    answer(first, outcome="failure", error="TryAgain")
    second = ask(tasks, "token 2")
    assert second != first
    assert ask(tasks, "token 2") == second
    assert answer(first, outcome="failure", error="TryAgain")["status"] == "already_delivered"
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(first)
    answer(second)
    assert tasks.answers == [("token 1", "TryAgain"), ("token 2", "yes")]


def test_what_is_asked_again_after_its_answer_stays_answered(
    tasks: Tasks, store: MemoryStore
) -> None:
    first = ask(tasks, "token 1")
    ask(tasks, "token 2")
    answer(first)
    assert ask(tasks, "token 2") == first
    assert len(records(store)) == 1
