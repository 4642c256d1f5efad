"""Delivery: one answer for each callback, whatever is lost on the way, and everybody is told."""

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from callbacks import delivery, requests, submissions
from callbacks.objects import id_of
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from services import clients
from tests.function.callbacks.deliveries import EXECUTION_ID, NO, TAKEN, YES, Service, Weather
from tests.function.fakes import TOKEN, FakeEventBus, client_error
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_WAITS_SECONDS", (0.0, 0.01))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    fake, bus = Service(), FakeEventBus()
    monkeypatch.setattr(clients, "stepfunctions", lambda: fake)
    monkeypatch.setattr(clients, "events", lambda: bus)
    return fake


@pytest.fixture
def weather(service: Service, settings: Settings) -> Iterator[Weather]:
    """A store in which a callback waits; no request to it is tried again within a call."""
    assert not service.calls
    store = Weather()
    with runtime.use(settings=settings, store=store, retry=ExponentialBackoffRetry(max_retries=0)):
        ask()
        yield store


def ask() -> str:
    event = {
        "action": "request_callback",
        "state_data": {"execution_id": EXECUTION_ID},
        "task_token": TOKEN,
        "callback_type": "human",
    }
    return requests.request(RequestCallbackEvent.model_validate(event))["callback_id"]


def answer(output: Any) -> Any:
    event = {
        "action": "submit_callback",
        "callback_id": id_of(TOKEN),
        "execution_id": EXECUTION_ID,
        "outcome": "success",
        "output": output,
    }
    return submissions.submit(SubmitCallbackEvent.model_validate(event))


def taken(service: Service) -> list[Any]:
    return [json.loads(each) for each in service.taken]


@pytest.mark.usefixtures("weather", "impatient")
def test_reply_that_was_lost_is_no_expiry(service: Service) -> None:
    service.lost = {1}
    with pytest.raises(StoreUnavailableError):
        answer(YES)
    for _ in range(2):
        told = answer(YES)
        assert (told["status"], told["is_confirmed"]) == ("delivered", False)
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(NO)
    assert taken(service) == [YES]


@pytest.mark.usefixtures("weather")
@pytest.mark.parametrize("code", ["ServiceUnavailable", "ThrottlingException", "AccessDenied"])
def test_different_answer_delivers_the_first_one(service: Service, code: str) -> None:
    service.failing = {1: client_error("SendTaskSuccess", code)}
    with pytest.raises(StateSyncError):
        answer(YES)
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(NO)
    assert taken(service) == [YES]
    assert answer(YES)["status"] == "already_delivered"
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(NO)


@pytest.mark.usefixtures("weather")
@pytest.mark.parametrize(
    ("first", "error"),
    [
        ("TaskTimedOut", CallbackExpiredError),
        ("ThrottlingException", StoreThrottledError),
        ("AccessDeniedException", StoreAccessDeniedError),
    ],
)
def test_wait_that_ended_after_an_answer_surely_missed_it_is_expired(
    service: Service, first: str, error: type[StateSyncError]
) -> None:
    service.failing = {1: client_error("SendTaskSuccess", first)}
    service.is_over = True
    with pytest.raises(error):
        answer(YES)
    for output in (YES, NO, YES):
        with pytest.raises(CallbackExpiredError):
            answer(output)
    assert service.calls <= 2


@pytest.mark.usefixtures("weather", "impatient")
def test_try_that_the_client_repeated_may_have_arrived(service: Service) -> None:
    repeated = client_error("SendTaskSuccess", "TaskTimedOut")
    repeated.response["ResponseMetadata"]["RetryAttempts"] = 1
    service.failing = {1: repeated}
    assert answer(YES) | {"status": "delivered", "is_confirmed": False} == answer(YES)


@pytest.mark.usefixtures("weather")
@pytest.mark.parametrize("code", ["InvalidOutput", "ValidationException", "SomethingNew"])
def test_answer_that_is_refused_for_good_makes_room_for_another(
    service: Service, code: str
) -> None:
    service.failing = {number: client_error("SendTaskSuccess", code) for number in (1, 2)}
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match=code):
            answer(YES)
    assert answer(NO)["status"] == "delivered"
    assert answer(NO)["status"] == "already_delivered"
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(YES)
    assert taken(service) == [NO]


@pytest.mark.usefixtures("weather")
def test_answer_behind_one_that_is_refused_is_sent_at_once(service: Service) -> None:
    service.failing = {1: client_error("SendTaskSuccess", "ServiceUnavailable")}
    service.refused = {json.dumps(YES, separators=(",", ":"))}
    with pytest.raises(StoreUnavailableError):
        answer(YES)
    assert answer(NO)["status"] == "delivered"
    assert taken(service) == [NO]


def test_answer_is_known_by_who_has_not_seen_yet_that_the_one_before_was_refused(
    service: Service, weather: Weather
) -> None:
    service.refused = {json.dumps(NO, separators=(",", ":"))}
    with pytest.raises(InvalidRequestError):
        answer(NO)
    answer(YES)
    weather.objects = {
        location: stored
        for location, stored in weather.objects.items()
        if not location.key.endswith(".refused.json")
    }
    assert answer(YES)["status"] == "already_delivered"
    with pytest.raises(CallbackAlreadyAnsweredError):
        answer(NO)


def outcome(output: Any) -> str:
    try:
        return str(answer(output)["status"])
    except StateSyncError as error:
        return type(error).__name__


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("lost_reply", [set[int](), {1}, {2}])
@pytest.mark.parametrize("second", [YES, NO])
def test_no_request_that_fails_once_loses_or_doubles_an_answer(
    service: Service,
    settings: Settings,
    second: Any,
    lost_reply: set[int],
    after_effect: bool,  # noqa: FBT001 - a case
) -> None:
    for failing_at in itertools.count(1):
        service.__init__()  # type: ignore[misc]
        service.lost = lost_reply
        store = Weather()
        with runtime.use(
            settings=settings, store=store, retry=ExponentialBackoffRetry(max_retries=0)
        ):
            ask()
            store.requests, store.failing_at = 0, failing_at
            store.after_effect = after_effect
            first = [outcome(YES), outcome(second), outcome(second)]
            is_weathered = store.requests >= failing_at
            store.failing_at = 0
            last = outcome(YES)
        assert len(service.taken) == 1
        told_no = "CallbackAlreadyAnsweredError" if taken(service) == [YES] else "delivered"
        assert "CallbackExpiredError" not in [*first, last]
        if second is NO:
            assert first[1] in (told_no, "StoreUnavailableError")
        assert last in (TAKEN if taken(service) == [YES] else ("CallbackAlreadyAnsweredError",))
        if not is_weathered:
            break


@pytest.mark.usefixtures("weather")
@pytest.mark.parametrize("outputs", [(YES,) * 6, (YES, NO, YES, NO, 1, 2)])
def test_answers_in_a_race_are_all_told_the_truth(
    service: Service, outputs: tuple[Any, ...]
) -> None:
    start = Barrier(len(outputs))

    def race(output: Any) -> str:
        start.wait()
        return outcome(output)

    current = runtime.current()
    with ThreadPoolExecutor(len(outputs)) as pool:
        told = list(pool.map(lambda output: _in(current, race, output), outputs))
    (winner,) = taken(service)
    for output, word in zip(outputs, told, strict=True):
        expected = (
            TAKEN
            if output == winner and type(output) is type(winner)
            else ("CallbackAlreadyAnsweredError",)
        )
        assert word in expected


@pytest.mark.usefixtures("weather")
def test_answers_in_a_race_that_all_come_too_late_are_all_expired(service: Service) -> None:
    service.is_over = True
    start = Barrier(4)

    def race(output: Any) -> str:
        start.wait()
        return outcome(output)

    current = runtime.current()
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda output: _in(current, race, output), [YES] * 4))
    assert told == ["CallbackExpiredError"] * 4


def _in(space: runtime.Runtime, function: Callable[[Any], str], output: Any) -> str:
    """Call a function in another thread on the same store."""
    with runtime.use(settings=space.settings, store=space.store, retry=space.retry):
        return function(output)
