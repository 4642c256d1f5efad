"""Every file of events/ through the built function, layer and all, under AWS's emulator."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.errors import FunctionError
from local.invoke import function_of
from tests.end_to_end.workflow import Workflows
from tests.function.expected import EXPECTED, load
from universal_sync_core.storage.s3_store import S3Store

REQUESTS = {"request_callback_human", "request_callback_job"}
_OF_A_CALL = {"aggregation_timestamp", "ended_before", "last_update_time", "waiting"}


@contextmanager
def _waiting(workflows: Workflows, request: Any) -> Iterator[str]:
    """Let a state wait that has asked with an event, and give the id of its callback."""
    asked = len(workflows.cloud.events)
    payload = {name: value for name, value in request.items() if name != "task_token"}

    def change(states: dict[str, Any]) -> None:
        function = workflows.cloud.outputs["StateDataManagerFunctionArn"]
        states["InitializeState"] |= {
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {
                "FunctionName": function,
                "Payload": payload | {"task_token.$": "$$.Task.Token"},
            },
        }

    execution = workflows.start({}, machine=workflows.varied(f"waits-{asked}", change))
    while len(workflows.cloud.events) == asked and execution.status == "RUNNING":
        time.sleep(0.02)
    try:
        yield workflows.cloud.events[-1]["Detail"]["callback_id"]
    finally:
        if execution.status == "RUNNING":
            with suppress(ClientError):  # the answer may have ended it meanwhile
                execution.stop()


def _marked(name: str) -> Any:
    """Give the name of an event; a stack in an account listens to no job."""
    is_of_job = name.startswith("job_ended") or name == "request_callback_job"
    return pytest.param(name, marks=pytest.mark.local if is_of_job else ())


@pytest.mark.parametrize("name", [_marked(name) for name in sorted(EXPECTED)])
def test_event_leads_to_what_its_name_says_and_its_retry_to_the_same(
    workflows: Workflows, name: str
) -> None:
    expected, cloud = EXPECTED[name], workflows.cloud
    bucket = cloud.outputs["StateBucketName"]
    expected.prepare(S3Store(client=cloud.client("s3")), bucket)
    with ExitStack() as closing:
        callback_id = ""
        for earlier in expected.after:
            event = load(earlier, bucket)
            if earlier in REQUESTS and not expected.closed:
                callback_id = closing.enter_context(_waiting(workflows, event))
            else:
                cloud.invoke(_about(event, callback_id))
        event = _about(load(name, bucket), callback_id)
        if name == "record_end_stopped":
            event["execution_arn"] = _stopped(workflows)
        function = function_of(event, cloud.outputs)
        if expected.error is None:
            answer, repeated = (cloud.invoke(event, function) for _ in range(2))
            assert (expected.answer or set()) <= answer.keys()
            assert _lasting(repeated) == _lasting(answer)
            json.dumps(answer, allow_nan=False)
            return
        refusals = [_refusal(workflows, event, function) for _ in range(2)]
    assert [each.error_type for each in refusals] == [expected.error.__name__] * 2
    assert str(refusals[0]) == str(refusals[1])


def _lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an answer what a retry has anew: times, and who was told by it."""
    bag = answer.get("state_data")
    lasting = {name: value for name, value in answer.items() if name not in _OF_A_CALL}
    if isinstance(bag, dict):
        lasting["state_data"] = {name: bag[name] for name in bag if name not in _OF_A_CALL}
    if lasting.get("status") == "already_delivered":
        lasting["status"] = "delivered"
    return lasting


def _refusal(workflows: Workflows, event: Any, function: str | None) -> FunctionError:
    with pytest.raises(FunctionError) as refused:
        workflows.cloud.invoke(event, function)
    return refused.value


def _stopped(workflows: Workflows) -> str:
    """Give an execution that was stopped."""
    execution = workflows.start({"segments": [{"status": "PAUSED_FOR_HITP"}]})
    execution.stop()
    return execution.wait().arn


def _about(event: Any, callback_id: str) -> Any:
    """Give an event about the callback that there is: its token is not the one of the files."""
    return event | {"callback_id": callback_id} if "callback_id" in event and callback_id else event
