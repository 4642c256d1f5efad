"""Answers in any weather: requests fail, replies are lost, waits end; all are told the truth."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from callbacks import delivery, requests, submissions
from callbacks.objects import id_of
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from services import clients
from tests.function.fakes import FakeEventBus, client_error
from universal_sync_core.errors import StateSyncError, StoreUnavailableError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.retry import ExponentialBackoffRetry

TOKEN = "token"  # noqa: S105 - it opens nothing
REFUSED = 4
SEEDS = 60


@dataclass
class Service:
    """Step Functions on a bad day; `chance` says how bad it is."""

    chance: Callable[[], float]
    taken: list[str] = field(default_factory=list)
    is_over: bool = False
    turn: Any = field(default_factory=Lock)

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:  # noqa: N803
        assert taskToken == TOKEN
        with self.turn:
            luck = self.chance()
            if luck < 0.2:
                code = "ThrottlingException" if luck < 0.1 else "ServiceUnavailable"
                raise client_error("SendTaskSuccess", code)
            self.is_over = self.is_over or self.chance() < 0.05
            if output == str(REFUSED):
                raise client_error("SendTaskSuccess", "InvalidOutput")
            if self.is_over or self.taken:
                raise client_error("SendTaskSuccess", "TaskTimedOut")
            self.taken.append(output)
            if self.chance() < 0.3:
                raise ReadTimeoutError(endpoint_url="https://states")
        return {}


class Store(MemoryStore):
    """S3 on a bad day: some requests fail, before or after they were served."""

    def __init__(self, chance: Callable[[], float]) -> None:
        super().__init__()
        self.chance = chance
        self.faults = 0.0

    def put(self, *args: Any, **kwargs: Any) -> bool:
        luck = self.chance()
        if luck < self.faults / 2:
            raise StoreUnavailableError("no answer")
        stored = super().put(*args, **kwargs)
        if luck < self.faults:
            raise StoreUnavailableError("no answer")
        return stored

    def get(self, *args: Any) -> Any:
        if self.chance() < self.faults:
            raise StoreUnavailableError("no answer")
        return super().get(*args)


def told(output: int) -> str:
    """Submit an answer, and return what its sender is told."""
    event = {"action": "submit_callback", "callback_id": id_of(TOKEN), "execution_id": "e"}
    event |= {"outcome": "success"}
    try:
        answer = submissions.submit(SubmitCallbackEvent.model_validate(event | {"output": output}))
    except StateSyncError as error:
        return type(error).__name__
    return answer["status"] if answer.get("is_confirmed", True) else "perhaps"


@pytest.mark.parametrize("faults", [0.0, 0.05, 0.15])
def test_nobody_is_told_what_is_not(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, faults: float
) -> None:
    monkeypatch.setattr(delivery, "_WAITS_SECONDS", (0.0, 0.02, 0.05))
    monkeypatch.setattr(clients, "events", FakeEventBus)
    seen = set()
    for seed in range(SEEDS // 3):
        dice = random.Random(seed)  # noqa: S311 - weather
        service, store = Service(dice.random), Store(dice.random)
        monkeypatch.setattr(clients, "stepfunctions", lambda service=service: service)
        answers = _submissions(dice, service, store, settings, faults)
        assert len(service.taken) <= 1
        for output, word in answers:
            is_taken = service.taken == [str(output)]
            seen.add(word)
            if word in ("delivered", "already_delivered"):
                assert is_taken
            if word == "perhaps":
                assert is_taken or not service.taken
            if word == "CallbackExpiredError":
                assert not service.taken
            if word == "CallbackAlreadyAnsweredError":
                assert not is_taken
    assert {"delivered", "already_delivered", "perhaps", "CallbackAlreadyAnsweredError"} <= seen


def _submissions(
    dice: random.Random, service: Service, store: Store, settings: Settings, faults: float
) -> list[tuple[int, str]]:
    """Return what was told to whom, in bad weather and then in good weather."""
    retry = ExponentialBackoffRetry(max_retries=dice.choice([0, 2]), base_delay=0.0001)

    def submit(output: int) -> tuple[int, str]:
        with runtime.use(settings=settings, store=store, retry=retry):
            return output, told(output)

    event = {"action": "request_callback", "state_data": {"execution_id": "e"}}
    event |= {"task_token": TOKEN, "callback_type": "human"}
    with runtime.use(settings=settings, store=store, retry=retry):
        requests.request(RequestCallbackEvent.model_validate(event))
    store.faults = faults
    answers: list[tuple[int, str]] = []
    with ThreadPoolExecutor(4) as pool:
        for _ in range(dice.randint(1, 4)):
            outputs = [dice.choice([1, 1, 1, 2, 3, REFUSED]) for _ in range(dice.randint(1, 4))]
            answers += pool.map(submit, outputs)
    store.faults = 0.0
    service.chance = lambda: 0.99
    return answers + [submit(output) for output in (1, 2, 3)]
