"""People and jobs: answered, refused, late, twice."""

import time
from typing import Any
from urllib.parse import quote

import pytest

from local.cloud import Execution
from local.errors import FunctionError
from tests.end_to_end.conftest import SHORT_SECONDS
from tests.end_to_end.workflow import Json, Workflows, folded

WAITS = {
    "human": ("PAUSED_FOR_HITP", "WaitForCallback", "CallbackTimedOut", "callback_timeout"),
    "async": ("ASYNC", "WaitForAsync", "AsyncTimedOut", "async_timeout"),
}
LAST: Json = {"status": "COMPLETE", "current_state": {"published": True}}
ANSWER = {"current_state": {"approval": {"approved": True, "remarks": "r" * 90_000}}}


def _waiting(kind: str) -> tuple[Json, Json]:
    asks = {"status": WAITS[kind][0], "prompt": {"question": "publish?"}}
    return {"segments": [asks, LAST]}, asks


@pytest.mark.parametrize("kind", WAITS)
def test_answer_is_merged_whatever_its_size(workflows: Workflows, kind: str) -> None:
    value, asks = _waiting(kind)
    execution = workflows.start(value)
    request = workflows.request(execution)
    assert (request["callback_type"], request["prompt"]) == (kind, asks["prompt"])
    assert "task_token" not in request

    told = workflows.submit(request, "success", output=ANSWER)

    assert told["status"] == "delivered"
    workflows.require_small(execution.wait())
    assert workflows.final_state(execution) == folded(value, asks, ANSWER, LAST)


@pytest.mark.local
def test_a_wait_that_is_tried_again_is_one_callback(workflows: Workflows) -> None:
    value, asks = _waiting("human")
    with workflows.cloud.outage("events"):
        execution = workflows.start(value)
        deadline = time.monotonic() + 60
        while len(_objects_of_callbacks(workflows, execution)) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
    request = workflows.request(execution, timeout=60)

    names = _objects_of_callbacks(workflows, execution)
    assert [name for name in names if name.count(".") == 1] == [
        f"{request['callback_id'].partition('-')[0]}.json"
    ]
    assert workflows.submit(request, "success", output=ANSWER)["status"] == "delivered"
    assert workflows.final_state(execution.wait()) == folded(value, asks, ANSWER, LAST)


def _objects_of_callbacks(workflows: Workflows, execution: Execution) -> list[str]:
    prefix = f"v1/{quote(execution.arn, safe='')}/callbacks/"
    listing = workflows.cloud.client("s3").list_objects_v2(
        Bucket=workflows.cloud.outputs["StateBucketName"], Prefix=prefix
    )
    return [each["Key"].removeprefix(prefix) for each in listing.get("Contents", [])]


def test_function_for_callbacks_answers_and_does_nothing_else(workflows: Workflows) -> None:
    value, asks = _waiting("human")
    execution = workflows.start(value)
    request = workflows.request(execution)
    function = workflows.cloud.outputs["CallbackFunctionArn"]
    with pytest.raises(FunctionError) as refused:
        workflows.cloud.invoke({"action": "hydrate", "state_data": {}}, function)
    assert refused.value.error_type == "UnknownActionError"

    told = workflows.submit(request, "success", function=function, output=ANSWER)

    assert told["status"] == "delivered"
    assert workflows.final_state(execution.wait()) == folded(value, asks, ANSWER, LAST)


@pytest.mark.parametrize("kind", WAITS)
def test_refusal_ends_the_workflow_and_a_resumed_one_asks_again(
    workflows: Workflows, kind: str
) -> None:
    value, asks = _waiting(kind)
    refused = workflows.start(value)
    request = workflows.request(refused)
    workflows.submit(request, "failure", error="Rejected", cause="not before Monday")
    refused.wait()
    assert refused.error == "Rejected"
    assert (refused.cause or "").startswith("not before Monday [record: s3://")

    resumed = workflows.start({"resume_from": workflows.record_path(refused)})
    again = workflows.request_after(request)
    assert again["execution_id"] == refused.arn
    workflows.submit(again, "success", output=ANSWER)
    assert workflows.final_state(resumed.wait()) == folded(value, asks, ANSWER, LAST)


@pytest.mark.parametrize("kind", WAITS)
def test_wait_that_nobody_ends_times_out_on_a_route_of_its_own(
    workflows: Workflows, impatient: str, kind: str
) -> None:
    value, _ = _waiting(kind)
    _, wait, timed_out, stage = WAITS[kind]
    execution = workflows.run(value, impatient)
    assert execution.error in {"Timeout", "HeartbeatTimeout"}
    failed = [wait, timed_out, "RecordFailure", "WhoIsTold", "FailExecution"]
    assert workflows.states(execution)[-5:] == failed
    assert workflows.record(execution)["stage"] == stage

    with pytest.raises(FunctionError) as late:
        workflows.submit(workflows.request(execution), "success", output=ANSWER)
    assert late.value.error_type == "CallbackExpiredError"


def test_heartbeats_keep_a_wait_open(workflows: Workflows, impatient: str) -> None:
    value, asks = _waiting("async")
    execution = workflows.start(value, machine=impatient)
    request = workflows.request(execution)
    for _ in range(5):  # longer than the wait lasts without them, with room for a busy machine
        assert workflows.submit(request, "heartbeat")["status"] == "delivered"
        time.sleep(SHORT_SECONDS / 4)
    workflows.submit(request, "success", output=ANSWER)
    assert workflows.final_state(execution.wait()) == folded(value, asks, ANSWER, LAST)


def test_second_answer_changes_nothing(workflows: Workflows) -> None:
    value, asks = _waiting("human")
    execution = workflows.start(value)
    request = workflows.request(execution)
    answers: list[Any] = [ANSWER, ANSWER, {"current_state": {"approval": {"approved": False}}}]

    told = [workflows.submit(request, "success", output=answer) for answer in answers[:2]]
    with pytest.raises(FunctionError) as different:
        workflows.submit(request, "success", output=answers[2])

    assert [each["status"] for each in told] == ["delivered", "already_delivered"]
    assert different.value.error_type == "CallbackAlreadyAnsweredError"
    assert workflows.final_state(execution.wait()) == folded(value, asks, ANSWER, LAST)
