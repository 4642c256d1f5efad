"""Executions that begin, fail, and go on, as tests call the actions."""

import json
from typing import Any

import app
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

FIRST = "arn:aws:states:eu-west-1:123456789012:execution:catalog:first"


SECOND = FIRST.replace("first", "second")


FAILURE = {"Error": "ModelError", "Cause": json.dumps({"errorMessage": "no model of s3"})}


BOOKKEEPING = {
    "state_revision",
    "last_update_time",
    "payload_size_kb",
    "execution_chain",
    "execution_segments",
}


def act(action: str, **event: Any) -> Any:
    return app.lambda_handler({"action": action, **event}, FakeLambdaContext())


def begun(**fields: Any) -> dict[str, Any]:
    """Return the first bag of an execution."""
    bag: dict[str, Any] = act("init", execution_id=FIRST, input=fields)["state_data"]
    return bag


def synced(bag: dict[str, Any], **result: Any) -> dict[str, Any]:
    after: dict[str, Any] = act("sync", state_data=bag, execution_result=result)["state_data"]
    return after


def resumed(path: str, execution_id: str = SECOND, **beside: Any) -> dict[str, Any]:
    given = {"resume_from": path, **beside}
    bag: dict[str, Any] = act("init", execution_id=execution_id, input=given)["state_data"]
    return bag


def recorded(bag: dict[str, Any], **more: Any) -> dict[str, Any]:
    event = {"state_data": bag, "failure": FAILURE, **more}
    failure: dict[str, Any] = act("record_failure", **event)["failure"]
    return failure


def read(store: MemoryStore, path: str) -> Any:
    return json.loads(store.get(Location.parse(path)).body)


def without(bag: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in bag.items() if key not in BOOKKEEPING | {*names}}
