"""Executions that ended where no state could catch it: recorded from their histories."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

import app
import callbacks
from tests.function.fakes import FakeStepFunctions, client_error
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import record_failure
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import InvalidRequestError, StoreThrottledError
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

ARN = "arn:aws:states:eu-west-1:123456789012:execution:catalog:stopped"
BAG = {"execution_id": ARN, "state_revision": 7, "next_action": "CONTINUE", "loop_counter": 6}


def entered(name: str, given: Any) -> dict[str, Any]:
    details = {"name": name, "input": json.dumps(given)}
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": details}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, store: MemoryStore) -> FakeStepFunctions:
    assert not store.objects
    fake = FakeStepFunctions()
    fake.history = [
        {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}"}},
        entered("InitializeState", {"segments": []}),
        entered("RouteNextAction", {"state_data": {**BAG, "state_revision": 6}}),
        entered("RunSegment", {"state_data": BAG}),
        {"type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "{}"}},
    ]
    monkeypatch.setattr(callbacks, "stepfunctions", lambda: fake)
    return fake


def record_end() -> dict[str, Any]:
    event = {"action": "record_end", "execution_arn": ARN}
    failure: dict[str, Any] = app.lambda_handler(event, FakeLambdaContext())["failure"]
    return failure


def record(store: MemoryStore, failure: dict[str, Any]) -> Any:
    return json.loads(store.get(Location.parse(failure["record_s3_path"])).body)


def test_record_has_the_bag_that_a_state_was_given_last(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    service.ended = {"status": "FAILED", "error": "States.DataLimitExceeded", "cause": "too large"}
    failure = record_end()
    found = record(store, failure)
    assert (found["error"], found["cause"]) == ("States.DataLimitExceeded", "too large")
    assert (found["stage"], found["failed_at"]) == ("RunSegment", "2025-11-23T03:42:13+00:00")
    snapshot = json.loads(store.get(Location.parse(found["snapshot_s3_path"])).body)
    assert snapshot["state_data"] == BAG


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("ABORTED", "ExecutionAborted"),
        ("TIMED_OUT", "ExecutionTimedOut"),
        ("FAILED", "ExecutionFailed"),
    ],
)
def test_end_without_an_error_is_named_after_its_status(
    service: FakeStepFunctions, status: str, error: str
) -> None:
    service.ended = {"status": status}
    assert record_end()["error"] == error


def test_bag_of_a_branch_is_not_that_of_the_workflow(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    branch = {**BAG, "state_revision": 9, "forked_from": {}}
    service.history += [entered("SyncBranch", {"state_data": branch})] * 120
    assert record(store, record_end())["state_revision"] == 7
    pages = [name for name, _ in service.taken if name == "GetExecutionHistory"]
    assert len(pages) == 3


def test_execution_that_had_no_bag_is_recorded_without(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    del service.history[2:]
    found = record(store, record_end())
    assert (found["stage"], found["snapshot_s3_path"]) == ("InitializeState", None)
    assert found["execution_id"] == ARN


def failed(cause: str, **more: Any) -> dict[str, Any]:
    return {"status": "FAILED", "error": "E", "cause": cause, **more}


@pytest.mark.parametrize("owner", [ARN, ARN.replace("stopped", "first")])
def test_record_that_is_there_is_found_and_none_is_added(
    service: FakeStepFunctions, store: MemoryStore, owner: str
) -> None:
    told = {"execution_arn": ARN}
    own = record_failure({**BAG, "execution_id": owner}, {"Error": "E"}, circumstances=told)
    stored = len(store.objects)
    given = {} if owner == ARN else {"resume_from": own["record_s3_path"]}
    cause = f"no model [record: s3://evil/v1/x/sha256/0] [record: {own['record_s3_path']}]"
    service.ended = failed(cause, input=json.dumps(given))
    assert record_end() == {"error": "E", "cause": cause, "record_s3_path": own["record_s3_path"]}
    assert len(store.objects) == stored


def _of(execution_id: str, document: Any) -> str:
    with unit_of_work(None, {"execution_id": execution_id}) as call:
        return call.objects.add(json.dumps(document).encode())


RECORD = {"failure_record": 1, "execution_id": ARN, "execution_arn": ARN}
OTHER = ARN.replace("stopped", "another")
FORGED = {
    "no object": lambda: f"s3://state-bucket/v1/{quote(ARN, safe='')}/sha256/{'0' * 64}",
    "another bucket": lambda: _of(ARN, RECORD).replace("state-bucket", "evil-bucket"),
    "another prefix": lambda: _of(ARN, RECORD).replace("/v1/", "/inputs/v1/"),
    "no digest": lambda: "s3://state-bucket/v1/e/sha256/0",
    "another execution's": lambda: _of(OTHER, RECORD | {"execution_id": OTHER}),
    "another run's": lambda: _of(ARN, RECORD | {"execution_arn": OTHER}),
    "no record": lambda: _of(ARN, {"execution_id": ARN}),
    "a list": lambda: _of(ARN, [RECORD]),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_text_of_a_worker_keeps_no_record_from_being_made(
    service: FakeStepFunctions, store: MemoryStore, forged: Callable[[], str]
) -> None:
    path = forged()
    service.ended = failed(f"oh [record: {path}]", input="not JSON")
    made = record_end()
    assert made["record_s3_path"] != path
    assert record(store, made)["cause"] == service.ended["cause"]


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_execution_that_has_not_failed_is_refused(service: FakeStepFunctions, status: str) -> None:
    service.ended = {"status": status}
    with pytest.raises(InvalidRequestError) as refused:
        record_end()
    assert refused.value.field == "execution_arn"


@pytest.mark.parametrize(
    ("code", "error"),
    [("ExecutionDoesNotExist", InvalidRequestError), ("ThrottlingException", StoreThrottledError)],
)
def test_refusals_of_step_functions_have_names(
    service: FakeStepFunctions, code: str, error: type[Exception]
) -> None:
    service.failures.append(client_error("DescribeExecution", code))
    with pytest.raises(error):
        record_end()
