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
def test_event_leads_to_what_its_name_says(workflows: Workflows, name: str) -> None:
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
            answer = cloud.invoke(event, function)
            assert (expected.answer or set()) <= answer.keys()
            json.dumps(answer, allow_nan=False)
            return
        with pytest.raises(FunctionError) as refused:
            cloud.invoke(event, function)
    assert refused.value.error_type == expected.error.__name__


def _stopped(workflows: Workflows) -> str:
    """Give an execution that was stopped."""
    execution = workflows.start({"segments": [{"status": "PAUSED_FOR_HITP"}]})
    execution.stop()
    return execution.wait().arn


def _about(event: Any, callback_id: str) -> Any:
    """Give an event about the callback that there is: its token is not the one of the files."""
    return event | {"callback_id": callback_id} if "callback_id" in event and callback_id else event
