"""What a worker tells CloudWatch of the state that it works on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.bags import BUCKET, EXECUTION
from universal_sync_core import first_bag, state_task
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_memory() -> Iterator[None]:
    with runtime.use(settings=Settings(bucket=BUCKET), store=MemoryStore()):
        yield


@pytest.fixture
def in_lambda(in_memory: None) -> Iterator[None]:  # noqa: ARG001 - it comes before
    chosen = Settings.from_env({"STATE_BUCKET": BUCKET, "AWS_LAMBDA_FUNCTION_NAME": "worker"})
    with runtime.use(settings=chosen, store=MemoryStore()):
        yield


def told(output: Output) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.readouterr().out.splitlines()]


def event(execution: str = EXECUTION) -> dict[str, Any]:
    return {"state_data": first_bag({}, {"execution_id": execution})}


@pytest.mark.usefixtures("in_lambda")
def test_a_worker_that_syncs_tells_how_full_the_bag_is(capsys: Output) -> None:
    answer = state_task(sync=True)(lambda _: {"current_state": {"text": "x" * 15_000}})(event())

    (line,) = told(capsys)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "UniversalSyncCore",
            "Dimensions": [["service"]],
            "Metrics": [{"Name": "BagPercentOfBound", "Unit": "Percent"}],
        }
    ]
    assert (line["service"], line["function"]) == ("state-data", "worker")
    assert line["execution_id"] == EXECUTION
    share = 100 * answer["state_data"]["payload_size_kb"] / 150
    assert line["BagPercentOfBound"] == pytest.approx(share)


@pytest.mark.usefixtures("in_lambda")
@pytest.mark.parametrize(
    ("machine", "service"), [("shop-state-data", "shop"), ("orders", "orders")]
)
def test_its_metrics_are_those_of_the_stack_that_called_it(
    capsys: Output, machine: str, service: str
) -> None:
    execution = EXECUTION.replace(":state-data:", f":{machine}:")
    state_task(sync=True)(lambda _: {})(event(execution))

    assert [line["service"] for line in told(capsys)] == [service]


@pytest.mark.usefixtures("in_lambda")
@pytest.mark.parametrize("sync", [True, False])
def test_our_errors_are_counted_by_name_and_pass(capsys: Output, *, sync: bool) -> None:
    with pytest.raises(InvalidRequestError):
        state_task(sync=sync)(lambda _: {"a": object()})(event())

    (line,) = told(capsys)
    (group,) = line["_aws"]["CloudWatchMetrics"]
    assert group["Dimensions"] == [["error", "service"]]
    assert (line["error"], line["ErrorsByName"]) == ("InvalidRequestError", 1)
    assert "object" not in json.dumps(line)


@pytest.mark.usefixtures("in_lambda")
def test_errors_of_the_worker_are_its_own(capsys: Output) -> None:
    with pytest.raises(ZeroDivisionError):
        state_task(sync=True)(lambda _: 1 / 0)(event())

    assert told(capsys) == []


def test_nothing_is_printed_outside_of_lambda(capsys: Output) -> None:
    state_task(sync=True)(lambda _: {})(event())

    assert told(capsys) == []


@pytest.mark.usefixtures("in_lambda")
@pytest.mark.parametrize("given", [None, 5, {}, {"execution_id": "no ARN"}, {"state_data": 5}])
def test_an_event_that_is_of_no_execution_is_told_nowhere(capsys: Output, given: Any) -> None:
    with pytest.raises(InvalidRequestError):
        state_task(sync=True)(lambda _: {})(given)

    assert told(capsys) == []
