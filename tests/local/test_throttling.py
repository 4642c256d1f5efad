"""Functions of an account that runs only so many at once."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.errors import FunctionError, TooManyRequestsError
from tests.local.conftest import Machine

HERE = Path(__file__).parent
RETRY = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start(template=HERE / "stack" / "template.yaml", concurrency=1) as started:
        yield started


@pytest.fixture
def busy(cloud: LocalCloud) -> Iterator[None]:
    """While the account runs all that it may."""

    def keep_busy() -> None:
        with suppress(FunctionError):  # on a machine that is busy itself it may run out of time
            cloud.invoke({"do": "sleep", "seconds": 1.5})

    call = threading.Thread(target=keep_busy)
    call.start()
    while _runs_at_once(cloud) == 0:
        time.sleep(0.02)
    yield
    call.join()


def _runs_at_once(cloud: LocalCloud) -> int:
    return cloud._services.functions._running


@pytest.mark.usefixtures("busy")
def test_a_request_too_many_is_refused_by_every_way_in(cloud: LocalCloud) -> None:
    with pytest.raises(TooManyRequestsError):
        cloud.invoke({"do": "echo"})
    with pytest.raises(ClientError) as refused:
        cloud.client("lambda").invoke(FunctionName=cloud.outputs["FunctionArn"], Payload=b"{}")
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.usefixtures("busy")
def test_a_task_sees_it_under_the_name_that_aws_gives_it(
    run: Machine, task: Callable[..., dict[str, Any]]
) -> None:
    execution = run({"Echo": task({"do": "echo"})}).wait()
    assert (execution.status, execution.error) == ("FAILED", "Lambda.TooManyRequestsException")


@pytest.mark.usefixtures("busy")
def test_a_task_that_is_tried_again_has_its_turn(
    run: Machine, task: Callable[..., dict[str, Any]]
) -> None:
    states = {"Echo": task({"do": "echo", "value": 1}, Retry=[RETRY], OutputPath="$.Payload")}
    assert run(states).wait().output == 1


@pytest.mark.usefixtures("busy")
def test_an_event_waits_for_its_turn(cloud: LocalCloud) -> None:
    payload = json.dumps({"do": "sleep", "seconds": 0.5}).encode()
    cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["FunctionArn"], Payload=payload, InvocationType="Event"
    )
    time.sleep(1.7)
    assert _runs_at_once(cloud) == 1


def test_all_of_it_is_free_afterwards(cloud: LocalCloud) -> None:
    deadline = time.monotonic() + 10
    while _runs_at_once(cloud) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cloud.invoke({"do": "echo", "value": 2}) == 2
