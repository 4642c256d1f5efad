"""Executions that ended where no state could catch it: recorded from their histories."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

import app
from tests.core.fakes import PassingStore
from tests.function.executions.ended import ARN, BAG, entered, record, record_end
from tests.function.fakes import FakeStepFunctions, client_error
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.bag.unit_of_work import unit_of_work
from universal_sync_core.errors import (
    InvalidRequestError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.settings import Settings
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.runtime import current, use
from universal_sync_core.storage.store import Location, Part, StoredObject
from universal_sync_core.workflow.snapshot import write_snapshot


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


def failed(cause: str, **more: Any) -> dict[str, Any]:
    return {"status": "FAILED", "error": "E", "cause": cause, **more}


@pytest.mark.parametrize("owner", [ARN, ARN.replace("stopped", "first")])
def test_record_that_is_there_is_found_and_none_is_added(
    service: FakeStepFunctions, store: MemoryStore, owner: str
) -> None:
    told = {"execution_arn": ARN}
    own = record_failure({**BAG, "execution_id": owner}, {"Error": "E"}, circumstances=told)
    leave_mark(current(), owner, ARN, "began")
    stored = set(store.objects)
    given = {} if owner == ARN else {"resume_from": own["record_s3_path"]}
    cause = f"no model [record: s3://evil/v1/x/packs/0] [record: {own['record_s3_path']}]"
    service.ended = failed(cause, input=json.dumps(given))
    assert record_end() == {"error": "E", "cause": cause, "record_s3_path": own["record_s3_path"]}
    added = [each.key for each in store.objects.keys() - stored]
    assert [key.split("/")[0] for key in added] == ["ended"]


def _of(execution_id: str, document: Any) -> str:
    with unit_of_work(None, {"execution_id": execution_id}) as call:
        return call.objects.add_record(document)


RECORD = {"failure_record": 1, "execution_id": ARN, "execution_arn": ARN}
OTHER = ARN.replace("stopped", "another")
FORGED = {
    "no object": lambda: f"s3://state-bucket/v1/{quote(ARN, safe='')}/packs/{'0' * 64}",
    "another bucket": lambda: _of(ARN, RECORD).replace("state-bucket", "evil-bucket"),
    "another prefix": lambda: _of(ARN, RECORD).replace("/v1/", "/inputs/v1/"),
    "no digest": lambda: "s3://state-bucket/v1/e/packs/0",
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


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
def test_execution_that_was_redriven_since_has_no_end(
    service: FakeStepFunctions, store: MemoryStore, status: str
) -> None:
    """EventBridge tells of an end that is none any more: nothing failed, nothing is left."""
    service.ended = {"status": status}
    assert answer_to_end() == {"failure": None, "ended_s3_path": None}
    assert not store.objects


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


def end_of(store: MemoryStore, path: str) -> Any:
    body = store.get(Location.parse(path)).body
    assert body.endswith(b"\n")
    assert body.count(b"\n") == 1
    return json.loads(body)


def told(**more: Any) -> dict[str, Any]:
    return {"startDate": datetime(2025, 11, 23, 3, 40, 13, tzinfo=UTC), **more}


def answer_to_end() -> dict[str, Any]:
    event = {"action": "record_end", "execution_arn": ARN}
    answer: dict[str, Any] = app.lambda_handler(event, FakeLambdaContext())
    return answer


def test_success_is_recorded_with_what_the_bag_shows(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    bag = universal_sync_core(
        {"execution_id": ARN, "state_revision": 8, "loop_counter": 3, "total_segments": 3},
        {"current_state": {"catalog": "x" * 200_000}, "status": "COMPLETE", "report": "y" * 40_000},
    )
    output = json.dumps({"state_data": bag})
    service.ended = told(status="SUCCEEDED", input="{}", output=output)
    path = answer_to_end()["ended_s3_path"]
    assert path.startswith("s3://state-bucket/ended/2025-11-23/034213-")
    assert end_of(store, path) == {
        "ended_record": 1,
        "execution_arn": ARN,
        "execution_id": ARN,
        "execution_chain": [],
        "continued_as": None,
        "state_machine_arn": ARN.replace(":execution:", ":stateMachine:").removesuffix(":stopped"),
        "name": "stopped",
        "status": "SUCCEEDED",
        "next_action": "COMPLETE",
        "error": None,
        "stage": None,
        "record_s3_path": None,
        "started_at": "2025-11-23T03:40:13Z",
        "ended_at": "2025-11-23T03:42:13Z",
        "seconds": 120.0,
        "segments_run": 3,
        "total_segments": 3,
        "state_revision": 9,
        "failed_segments": 0,
        "input_bytes": 2,
        "output_bytes": len(output),
        "bag_bytes": len(json.dumps(bag, separators=(",", ":"))),
        "offloaded": [
            {"field": "current_state.catalog", "bytes": 200_002},
            {"field": "report", "bytes": 40_002},
        ],
    }


@pytest.mark.parametrize("others", [0, 600], ids=["in the bag", "behind state_s3_path"])
@pytest.mark.parametrize("count", [3, 9], ids=["whole", "sampled"])
@pytest.mark.parametrize("action", ["sync", "update_and_compress"])
def test_failed_segments_are_counted_wherever_the_bag_has_them(
    service: FakeStepFunctions, store: MemoryStore, others: int, count: int, action: str
) -> None:
    reports = [{"index": n, "status": "FAILED", "cause": "x" * 20_000} for n in range(count)]
    small = {f"field {n}": "x" * 300 for n in range(others)}
    bag = universal_sync_core(BAG, {"failed_segments": reports, **small}, {"action": action})
    service.ended = told(status="SUCCEEDED", output=json.dumps({"state_data": bag}))
    assert end_of(store, answer_to_end()["ended_s3_path"])["failed_segments"] == count


def test_an_end_that_is_told_twice_is_recorded_once(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    service.ended = told(status="SUCCEEDED", output=json.dumps({"state_data": BAG}))
    first = answer_to_end()
    stored = dict(store.objects)
    assert answer_to_end() == first
    assert store.objects == stored


def test_execution_that_handed_over_names_the_next(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    first = ARN.replace("stopped", "first")
    bag = BAG | {"execution_id": first, "execution_chain": [first, ARN]}
    for continued in ({"execution_arn": ARN.replace("stopped", "next")}, {"name": "next"}):
        store.objects.clear()
        leave_mark(current(), first, ARN, "began")
        output = {"state_data": bag, "continued_as": continued}
        service.ended = told(status="SUCCEEDED", output=json.dumps(output))
        end = end_of(store, answer_to_end()["ended_s3_path"])
        assert (end["execution_id"], end["continued_as"]) == (first, "next")
        assert end["execution_chain"] == [first, ARN]


def test_failure_is_recorded_with_what_its_own_record_says(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    said = {"stage": "segment", "execution_arn": ARN}
    own = record_failure(BAG, {"Error": "E", "Cause": "secret"}, circumstances=said)
    service.ended = told(**failed(f"secret [record: {own['record_s3_path']}]"))
    end = end_of(store, answer_to_end()["ended_s3_path"])
    assert (end["status"], end["error"], end["stage"]) == ("FAILED", "E", "segment")
    assert (end["segments_run"], end["record_s3_path"]) == (6, own["record_s3_path"])
    assert "secret" not in json.dumps(end)


def test_end_whose_state_cannot_be_read_now_is_recorded_when_it_can_be(
    service: FakeStepFunctions, store: MemoryStore, settings: Settings
) -> None:
    own = record_failure({**BAG}, {"Error": "E"}, circumstances={"execution_arn": ARN})
    snapshot = Location.parse(record(store, own)["snapshot_s3_path"])
    service.ended = failed(own["cause"])

    class Ill(PassingStore):
        def get(self, location: Location, part: Part | None = None) -> StoredObject:
            if location == snapshot:
                raise StoreUnavailableError("down")
            return super().get(location, part)

    with use(settings=settings, store=Ill(store)), pytest.raises(StoreUnavailableError):
        answer_to_end()

    with use(settings=settings, store=store):
        end = end_of(store, answer_to_end()["ended_s3_path"])
    assert (end["segments_run"], end["state_revision"]) == (6, 7)


def test_end_that_no_state_caught_is_recorded_with_the_failure_that_is_recorded_now(
    service: FakeStepFunctions, store: MemoryStore
) -> None:
    service.ended = told(status="ABORTED")
    answer = answer_to_end()
    end = end_of(store, answer["ended_s3_path"])
    assert (end["status"], end["error"], end["stage"]) == (
        "ABORTED",
        "ExecutionAborted",
        "RunSegment",
    )
    assert end["record_s3_path"] == answer["failure"]["record_s3_path"]


@pytest.mark.parametrize("output", ["", "no JSON", "[1]", '{"state_data": {"a": 1}}'])
def test_machine_that_keeps_no_bag_has_its_ends_recorded_too(
    service: FakeStepFunctions, store: MemoryStore, output: str
) -> None:
    service.ended = told(status="SUCCEEDED", output=output)
    end = end_of(store, answer_to_end()["ended_s3_path"])
    assert (end["execution_id"], end["bag_bytes"], end["offloaded"]) == (ARN, None, [])
    assert end["output_bytes"] == len(output)


def _by_a_state(service: FakeStepFunctions, bag: dict[str, Any]) -> None:
    service.ended = told(status="ABORTED")
    service.history[2:] = [entered("Mine", {"state_data": bag})]


def _by_the_output(service: FakeStepFunctions, bag: dict[str, Any]) -> None:
    service.ended = told(status="SUCCEEDED", output=json.dumps({"state_data": bag}))


def _by_the_input(service: FakeStepFunctions, bag: dict[str, Any]) -> None:
    path = _of(bag["execution_id"], RECORD | {"execution_id": bag["execution_id"]})
    service.ended = failed(f"[record: {path}]", input=json.dumps({"resume_from": path}))
    del service.history[2:]


def _by_its_own_record(service: FakeStepFunctions, bag: dict[str, Any]) -> None:
    with unit_of_work(None, bag) as call:
        snapshot = write_snapshot(bag, "failure", call)
    path = _of(ARN, RECORD | {"snapshot_s3_path": snapshot})
    service.ended = failed(f"[record: {path}]")


@pytest.mark.parametrize(
    ("told_by", "named"),
    [
        (_by_a_state, OTHER),
        (_by_a_state, "orders-1"),
        (_by_a_state, "half of a pair: \udc00"),
        (_by_the_output, OTHER),
        (_by_the_input, OTHER),
        (_by_its_own_record, OTHER),
    ],
    ids=["a state", "no ARN", "no key", "the output", "the input", "a record"],
)
def test_state_is_of_another_execution_only_with_the_mark_of_this_one_beside_it(
    service: FakeStepFunctions,
    store: MemoryStore,
    told_by: Callable[[FakeStepFunctions, dict[str, Any]], None],
    named: str,
) -> None:
    """Whoever starts an execution of a machine of one's own may write what its states hand on."""
    chain = universal_sync_core({"execution_id": OTHER}, {"current_state": ["secret" * 9_999]})
    bag = {**BAG, "execution_id": named, "execution_chain": chain["current_state"]}
    told_by(service, bag)
    stored = set(store.objects)
    end = end_of(store, answer_to_end()["ended_s3_path"])
    assert (end["execution_id"], end["execution_chain"], end["bag_bytes"]) == (ARN, [], None)
    added = [location.key for location in store.objects.keys() - stored]
    assert all(key.startswith(("ended/", f"v1/{quote(ARN, safe='')}/")) for key in added)
