"""A workflow that an operator holds: who is told of it, and how it is let go."""

from dataclasses import replace
from typing import Any

import pytest

from callbacks import requests
from contract.callback_models import RequestCallbackEvent
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:state-data:run-1"


def stop(settings: Settings, store: MemoryStore, *held: str, token: str = TOKEN) -> Any:
    """Have the state that holds a workflow ask for its release."""
    bag = {"execution_id": EXECUTION, "state_revision": 3, "prompt": "Publish?"}
    event = {"action": "request_callback", "callback_type": "hold", "task_token": token}
    event["wait"] = "Held 2025-06-01T12:00:00Z run-1"
    with runtime.use(settings=replace(settings, held_workflows=held), store=store):
        return requests.request(RequestCallbackEvent.model_validate(event | {"state_data": bag}))


def test_nobody_is_asked_and_nothing_is_counted(
    settings: Settings,
    store: MemoryStore,
    stepfunctions: FakeStepFunctions,
    bus: FakeEventBus,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = stop(settings, store, "state-data:run-1")
    assert asked.keys() == {"callback_id"}
    (body,) = (stored.body for stored in store.objects.values())
    assert b"Publish?" not in body
    assert (bus.entries, stepfunctions.taken) == ([], [])
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("bus")
def test_a_workflow_that_was_released_before_it_stopped_goes_on(
    settings: Settings, store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    stop(settings, store, "another")
    assert stepfunctions.taken


@pytest.mark.usefixtures("bus")
def test_a_workflow_that_was_released_between_two_tries_goes_on_from_the_second(
    settings: Settings, store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    stop(settings, store, "state-data:run-1", token="first")  # noqa: S106 - of a fake
    stop(settings, store, token="second")  # noqa: S106
    assert [asked["taskToken"] for _, asked in stepfunctions.taken] == ["second"]
