"""An execution that ended, and its history, as the function asks Step Functions for them."""

import json
from typing import Any

import app
from tests.function.fakes import FakeStepFunctions
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

ARN = "arn:aws:states:eu-west-1:123456789012:execution:catalog:stopped"
BAG = {"execution_id": ARN, "state_revision": 7, "next_action": "CONTINUE", "loop_counter": 6}


def entered(name: str, given: Any) -> dict[str, Any]:
    details = {"name": name, "input": json.dumps(given)}
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": details}


def record_end() -> dict[str, Any]:
    event = {"action": "record_end", "execution_arn": ARN}
    failure: dict[str, Any] = app.lambda_handler(event, FakeLambdaContext())["failure"]
    return failure


def record(store: MemoryStore, failure: dict[str, Any]) -> Any:
    return json.loads(store.get(Location.parse(failure["record_s3_path"])).body)


def stopped() -> FakeStepFunctions:
    """Return what is known of an execution that was stopped while a segment ran."""
    fake = FakeStepFunctions()
    fake.history = [
        {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}"}},
        entered("InitializeState", {"segments": []}),
        entered("RouteNextAction", {"state_data": {**BAG, "state_revision": 6}}),
        entered("RunSegment", {"state_data": BAG}),
        {"type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "{}"}},
    ]
    return fake
