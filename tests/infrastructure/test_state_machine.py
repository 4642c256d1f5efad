"""The contract that every state of the machine keeps."""

import inspect
import re
from typing import Any

import pytest

from universal_sync_core import errors

States = dict[str, dict[str, Any]]

MANAGER = "${StateDataManagerFunction}"
RUNNER = "${SegmentRunnerFunction}"
BAG_SELECTOR = {"state_data.$": "$.Payload.state_data"}

CHANGES_THE_BAG = {
    "init",
    "sync",
    "sync_branch",
    "fork_branch",
    "aggregate_branches",
    "aggregate_distributed",
    "merge_callback",
    "merge_async",
    "create_snapshot",
}

BRINGS_SOMETHING_IN = {
    "RunSegment": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "RunBranchSegment": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "RunItem": ({"execution_result.$": "$.Payload"}, "$.segment"),
    "WaitForCallback": ({"callback_result.$": "$"}, "$.callback"),
    "WaitForAsync": ({"async_result.$": "$"}, "$.async"),
}

ABSTRACT = {"StateSyncError", "StoredDataError", "StoreError"}
"""Only subclasses of these are raised."""

ANSWERS_A_CALLER = {"CallbackExpiredError", "CallbackAlreadyAnsweredError"}
"""Raised to whoever calls submit_callback, which no state of the machine does."""

LAMBDA_MAX_SECONDS = 900
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

RETRYABLE_OF_LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""


def tasks(states: States) -> States:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def action(state: dict[str, Any]) -> str:
    found: str = state["Parameters"]["Payload"]["action"]
    return found


def named_errors() -> dict[str, type[errors.StateSyncError]]:
    found = inspect.getmembers(errors, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, errors.StateSyncError)}


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [name for entry in entries for name in entry["ErrorEquals"]]


def test_every_call_that_changes_the_bag_leaves_nothing_but_the_bag(states: States) -> None:
    callers = {
        name: state
        for name, state in tasks(states).items()
        if state["Parameters"]["FunctionName"] == MANAGER and action(state) in CHANGES_THE_BAG
    }
    assert {action(state) for state in callers.values()} == CHANGES_THE_BAG
    for state in callers.values():
        assert state["ResultSelector"] == BAG_SELECTOR
        assert not state.keys() & {"ResultPath", "OutputPath", "InputPath"}


@pytest.mark.parametrize("name", BRINGS_SOMETHING_IN)
def test_what_a_state_brings_in_stands_beside_the_bag(states: States, name: str) -> None:
    selector, path = BRINGS_SOMETHING_IN[name]
    assert (states[name]["ResultSelector"], states[name]["ResultPath"]) == (selector, path)


def test_maps_let_only_pointers_out(states: States) -> None:
    assert states["ProcessParallelBranches"]["ResultPath"] == "$.branches"
    assert states["DistributedMapState"]["ResultPath"] == "$.distributed"
    assert states["CompleteBranch"]["OutputPath"] == "$.branch"
    assert states["StoreItemResult"]["OutputPath"] == "$.result"
    assert set(states["ReportFailedBranch"]["Parameters"]) == {"status", "error.$", "cause.$"}


def test_the_distributed_map_reads_and_writes_s3_a_hundred_items_at_a_time(states: States) -> None:
    state = states["DistributedMapState"]
    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert state["MaxConcurrency"] == 100
    # Written 1e2: moto's grammar wants no plain integer here, AWS's language service no point.
    assert state["ToleratedFailurePercentage"] == 100
    assert state["ItemReader"]["Resource"] == "arn:aws:states:::s3:getObject"
    assert state["ResultWriter"]["Resource"] == "arn:aws:states:::s3:putObject"


@pytest.mark.parametrize(
    ("name", "timed_out"),
    [("WaitForCallback", "CallbackTimedOut"), ("WaitForAsync", "AsyncTimedOut")],
)
def test_a_wait_ends_on_a_named_route(states: States, name: str, timed_out: str) -> None:
    state = states[name]
    assert state["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
    assert state["HeartbeatSeconds"] == 3600
    assert state["TimeoutSeconds"] > state["HeartbeatSeconds"]
    routes = {error: entry["Next"] for entry in state["Catch"] for error in entry["ErrorEquals"]}
    assert routes["States.Timeout"] == routes["States.HeartbeatTimeout"] == timed_out


def test_a_task_waits_longer_than_its_function_may_take(
    states: States, template: dict[str, Any]
) -> None:
    function = template["Resources"]["StateDataManagerFunction"]["Properties"]
    limits = {MANAGER: function["Timeout"], RUNNER: LAMBDA_MAX_SECONDS}
    for state in tasks(states).values():
        assert state["TimeoutSeconds"] > limits[state["Parameters"]["FunctionName"]]


def test_every_task_retries_exactly_the_transient_errors(states: States) -> None:
    retryable = {name for name, kind in named_errors().items() if kind.retryable}
    for state in tasks(states).values():
        (retrier,) = state["Retry"]
        assert set(retrier["ErrorEquals"]) == retryable | RETRYABLE_OF_LAMBDA
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["BackoffRate"] > 1
        assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]


def test_every_task_catches_each_error_by_its_leaf_name(states: States) -> None:
    leaves = named_errors().keys() - ABSTRACT - ANSWERS_A_CALLER - {"SegmentFailedError"}
    for name, state in tasks(states).items():
        if name in {"RunItem", "StoreItemResult"}:
            # A child of the distributed map fails as it is: its error becomes the item's.
            assert "Catch" not in state
            continue
        assert leaves <= set(names(state["Catch"]))
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        assert all(entry["ResultPath"] == "$.failure" for entry in state["Catch"])
        if state["Parameters"]["FunctionName"] == RUNNER:
            assert "SegmentFailedError" in names(state["Catch"])


def test_every_error_named_is_one_that_exists(states: States) -> None:
    listed = {
        name
        for state in states.values()
        for field in ("Retry", "Catch")
        for name in names(state.get(field, []))
        if not name.startswith(("States.", "Lambda."))
    }
    assert listed == named_errors().keys() - ABSTRACT - ANSWERS_A_CALLER


def test_a_failure_keeps_its_error_and_cause(states: States) -> None:
    assert states["FailExecution"] == {
        "Type": "Fail",
        "ErrorPath": "$.failure.Error",
        "CausePath": "$.failure.Cause",
    }


def test_there_is_no_arn_of_any_account(definition_text: str) -> None:
    arns = set(re.findall(r"arn:[^\"]*", definition_text))
    assert arns == {
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::s3:getObject",
        "arn:aws:states:::s3:putObject",
    }
