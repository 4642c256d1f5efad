"""Answers to callbacks: delivered once, too late, refused, or counted as missing."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

import measures
from measures import CALLBACK_DUE_AFTER
from tests.function.callbacks.asking import CALLBACK_ID, answer, ask, due, stored
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions, client_error
from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    InvalidRequestError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.memory_store import MemoryStore


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
