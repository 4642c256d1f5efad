"""A callback that is asked for and answered, as tests do it."""

import hashlib
import json
from typing import Any

import pytest

from callbacks import requests, submissions
from contract.callback_models import RequestCallbackEvent, SubmitCallbackEvent
from tests.function.fakes import TOKEN
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

CALLBACK_ID = hashlib.sha256(TOKEN.encode()).hexdigest()


EXECUTION_ID = "run 1"


FOLDER = "v1/run%201/callbacks/"


def ask(**fields: Any) -> Any:
    state = {"execution_id": EXECUTION_ID, "state_revision": 7}
    event = {"action": "request_callback", "state_data": state, "task_token": TOKEN}
    return requests.request(
        RequestCallbackEvent.model_validate(event | {"callback_type": "human"} | fields)
    )


def answer(**fields: Any) -> Any:
    event = {
        "action": "submit_callback",
        "callback_id": CALLBACK_ID,
        "execution_id": EXECUTION_ID,
        "outcome": "success",
    }
    return submissions.submit(SubmitCallbackEvent.model_validate(event | fields))


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
