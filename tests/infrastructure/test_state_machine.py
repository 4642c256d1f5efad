"""The contract that every state of the machine keeps."""

import inspect
import json
import re
from typing import Any

import pytest

from universal_sync_core import errors
from universal_sync_core.bag.execution_budget import SEGMENT_EVENTS, branch_limit
from universal_sync_core.bag.next_action import NEXT_ACTION_BY_STATUS
from universal_sync_core.limits import (
    LAMBDA_TIMEOUT_SECONDS,
    STEP_FUNCTIONS_HISTORY_EVENTS,
    STEP_FUNCTIONS_INLINE_CONCURRENCY,
)
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION, Settings

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
    "WaitForBranchCallback": ({"callback_result.$": "$"}, "$.callback"),
    "WaitForBranchAsync": ({"async_result.$": "$"}, "$.async"),
}

ABSTRACT = {"StateSyncError", "StoredDataError", "StoreError"}
"""Only subclasses of these are raised."""

ANSWERS_A_CALLER = {"CallbackExpiredError", "CallbackAlreadyAnsweredError"}
"""Raised to whoever calls submit_callback, which no state of the machine does."""

FAILURE_KEYS = {
    "InitializeState": "$",
    "RunSegment": "$.segment",
    "SyncSegment": "$.segment",
    "RunAndSyncSegment": "$.segment",
    "ForkBranch": "$.segment",
    "RunBranchSegment": "$.segment",
    "SyncBranch": "$.segment",
    "RunAndSyncBranchSegment": "$.segment",
    "CompleteBranch": "$.segment",
    "BranchHeld": None,
    "HandOverBranch": "$.segment",
    "EndBranchExecution": "$.segment",
    "WaitForBranchCallback": "$.segment",
    "MergeBranchCallback": "$.segment",
    "WaitForBranchAsync": "$.segment",
    "WaitForBranchJob": "$.segment",
    "MergeBranchAsync": "$.segment",
    "RecordBranchFailure": None,
    "AggregateBranches": "$.branches",
    "CreatePreSnapshot": "$.distributed",
    "StageItems": "$.distributed",
    "AggregateDistributed": "$.distributed",
    "CreatePostSnapshot": "$.distributed",
    "WaitForCallback": "$.callback",
    "MergeCallback": "$.callback",
    "WaitForAsync": "$.async",
    "WaitForJob": "$.async",
    "MergeAsync": "$.async",
    "Held": None,
    "HandOver": "$.next",
    "RecordFailure": None,
}
"""Where a failure goes: over what could not be merged, so that it always fits beside the bag.

One of a hold goes nowhere, for the workflow goes on.
"""

CHILDREN = {"RunItem", "StoreItemResult", "RunRows", "StoreRowsResult"}
"""A child of a distributed map fails as it is: its error becomes the item's."""

EVENTS_OF_STATE = {"Choice": 2, "Pass": 2, "Task": 5}
"""Entered, exited, and of a task scheduled, started, succeeded; a retry adds three.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""
EVENTS_OF_RETRY = 3

RETRYABLE_OF_LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
THROTTLING = {"Lambda.TooManyRequestsException"}
WAKING = {
    "Lambda.SnapStartNotReadyException",
    "Lambda.SnapStartTimeoutException",
    "Lambda.SnapStartException",
    "Lambda.ResourceNotReadyException",
}
"""https://docs.aws.amazon.com/lambda/latest/dg/snapstart-troubleshooting.html"""
CRASHES = {"Sandbox.Timedout", "Lambda.Unknown", "Runtime.ExitError", "States.Timeout"}
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


def tasks(states: States) -> States:
    """The states that invoke a function."""
    return {name: state for name, state in states.items() if "lambda" in state.get("Resource", "")}


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


@pytest.mark.parametrize(
    ("syncing", "running", "syncs", "route"),
    [
        ("RunAndSyncSegment", "RunSegment", "SyncSegment", "RouteNextAction"),
        ("RunAndSyncBranchSegment", "RunBranchSegment", "SyncBranch", "RouteBranch"),
    ],
)
def test_a_worker_that_syncs_is_called_as_any_other_and_leaves_the_bag(
    states: States, syncing: str, running: str, syncs: str, route: str
) -> None:
    result = ("Comment", "Parameters", "ResultSelector", "ResultPath", "Next")
    assert {k: v for k, v in states[syncing].items() if k not in result} == {
        k: v for k, v in states[running].items() if k not in result
    }
    parameters = states[running]["Parameters"]
    assert parameters["Payload"]["sync"] is False
    told = parameters["Payload"] | {"sync": True}
    assert states[syncing]["Parameters"] == parameters | {"Payload": told}
    assert states[syncing]["ResultSelector"] == BAG_SELECTOR
    assert "ResultPath" not in states[syncing]
    assert states[syncing]["Next"] == states[syncs]["Next"] == route


@pytest.mark.parametrize("route", ["RouteNextAction", "RouteBranch"])
def test_a_parameter_says_which_state_calls_the_worker(
    states: States, template: dict[str, Any], route: str
) -> None:
    rules = [rule for rule in states[route]["Choices"] if "StringEquals" in rule]
    (syncing,) = (rule for rule in rules if rule["StringEquals"].startswith("${"))
    substitution = syncing["StringEquals"].strip("${}")
    machine = template["Resources"]["StateDataStateMachine"]["Properties"]
    value = machine["DefinitionSubstitutions"][substitution]
    assert value == {"Fn::If": ["HasSyncingRunner", "CONTINUE", "NONE"]}
    assert "NONE" not in {*NEXT_ACTION_BY_STATUS, *NEXT_ACTION_BY_STATUS.values()}
    running = next(rule for rule in rules if rule["StringEquals"] == "CONTINUE")
    assert rules.index(syncing) < rules.index(running)


def test_as_many_branches_run_at_once_as_are_budgeted(states: States) -> None:
    most = states["ProcessParallelBranches"]["MaxConcurrency"]
    assert most == STEP_FUNCTIONS_INLINE_CONCURRENCY


def test_maps_let_only_pointers_out(states: States) -> None:
    assert states["ProcessParallelBranches"]["ResultPath"] == "$.branches"
    assert states["DistributedMapState"]["ResultPath"] == "$.distributed"
    assert states["CompleteBranch"]["OutputPath"] == "$.branch"
    assert states["StoreItemResult"]["OutputPath"] == "$.result"
    assert "state_data.$" not in states["RecordBranchFailure"]["ResultSelector"]
    assert not states["RecordBranchFailure"].keys() & {"ResultPath", "OutputPath"}
    assert set(states["ReportUnrecordedBranch"]["Parameters"]) == {"status", "error.$", "cause"}


def test_the_distributed_map_reads_and_writes_s3_a_hundred_items_at_a_time(states: States) -> None:
    state = states["DistributedMapState"]
    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert state["MaxConcurrencyPath"] == "$.items.max_concurrency"
    # Written 1e2: moto's grammar wants no plain integer here, AWS's language service no point.
    assert state["ToleratedFailurePercentage"] == 100
    assert state["ItemReader"]["Resource"] == "arn:${Partition}:states:::s3:getObject"
    assert state["ResultWriter"]["Resource"] == "arn:${Partition}:states:::s3:putObject"


def test_files_of_parquet_are_mapped_as_items_are(states: States) -> None:
    """Names of states are unique in a machine: two maps cannot share their children's."""
    names = {"RunItem": "RunRows", "StoreItemResult": "StoreRowsResult", '"Items"': '"Rows"'}
    of_items = json.dumps(states["DistributedMapState"])
    for name, other in names.items():
        of_items = of_items.replace(name, other)
    differs = {"Comment", "ItemReader", "ItemSelector", "ItemBatcher", "ItemProcessor"}
    items, files = json.loads(of_items), states["DistributedMapOfFiles"]
    for key in (files.keys() | items.keys()) - differs:
        assert files[key] == items[key]
    own, shared = files["ItemProcessor"]["States"], items["ItemProcessor"]["States"]
    assert own.keys() == {"OneRowOrBatch", "TakeRow", "TakeRows"} | shared.keys()
    assert {name: own[name] for name in shared} == shared


def test_step_functions_reads_parquet_and_makes_the_batches(states: States) -> None:
    # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
    state = states["DistributedMapOfFiles"]
    reader = state["ItemReader"]
    assert reader["Resource"] == "arn:${Partition}:states:::s3:getObject"
    assert reader["ReaderConfig"] == {"InputType": "PARQUET", "ManifestType": "ATHENA_DATA"}
    assert state["ItemBatcher"]["MaxItemsPerBatchPath"] == "$.items.items_per_batch"
    assert states["WhoReadsItems"]["Default"] == "DistributedMapState"


@pytest.mark.parametrize(
    ("name", "timed_out"),
    [
        ("WaitForCallback", "CallbackTimedOut"),
        ("WaitForAsync", "AsyncTimedOut"),
        ("WaitForBranchCallback", "RecordBranchFailure"),
        ("WaitForBranchAsync", "RecordBranchFailure"),
    ],
)
def test_a_wait_ends_on_a_named_route(states: States, name: str, timed_out: str) -> None:
    state = states[name]
    assert state["Resource"] == "arn:${Partition}:states:::lambda:invoke.waitForTaskToken"
    assert state["HeartbeatSeconds"] == 3600
    assert state["TimeoutSeconds"] > state["HeartbeatSeconds"]
    routes = {error: entry["Next"] for entry in state["Catch"] for error in entry["ErrorEquals"]}
    assert routes["States.Timeout"] == routes["States.HeartbeatTimeout"] == timed_out


def test_a_task_waits_longer_than_its_function_may_take(
    states: States, template: dict[str, Any]
) -> None:
    function = template["Resources"]["StateDataManagerFunction"]["Properties"]
    limits = {MANAGER: function["Timeout"], RUNNER: LAMBDA_TIMEOUT_SECONDS}
    for state in tasks(states).values():
        # A job's wait is as long as the bag says, of which the call is a part.
        if "TimeoutSecondsPath" not in state:
            assert state["TimeoutSeconds"] > limits[state["Parameters"]["FunctionName"]]


def test_every_task_retries_exactly_what_another_try_may_mend(states: States) -> None:
    retryable = {name for name, kind in named_errors().items() if kind.retryable}
    for state in tasks(states).values():
        waited_for = [set(retrier["ErrorEquals"]) for retrier in state["Retry"]]
        assert waited_for[:3] == [retryable | RETRYABLE_OF_LAMBDA, THROTTLING, WAKING]
        for retrier in state["Retry"]:
            assert retrier["JitterStrategy"] == "FULL"
            assert retrier["BackoffRate"] > 1
            assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]


def test_a_crash_of_the_manager_is_tried_again_and_one_of_a_worker_is_not(states: States) -> None:
    """The manager's actions may be repeated; of a worker's nobody knows. A wait that is over is."""
    for name, state in tasks(states).items():
        waits = state["Resource"].endswith(".waitForTaskToken")
        expected = CRASHES - {"States.Timeout"} if waits else CRASHES
        crashes = [set(retrier["ErrorEquals"]) for retrier in state["Retry"][3:]]
        is_managers = state["Parameters"]["FunctionName"] == MANAGER
        assert crashes == ([expected] if is_managers else []), name


def test_throttling_is_waited_out_as_long_as_a_busy_account_may_need(states: States) -> None:
    """1,000 items of two minutes each on the 10 executions at once that a new account may have."""
    for state in tasks(states).values():
        retrier = state["Retry"][1]
        delays = [
            min(
                retrier["MaxDelaySeconds"], retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n
            )
            for n in range(retrier["MaxAttempts"])
        ]
        minutes_on_average = sum(delays) / 2 / 60  # full jitter
        assert minutes_on_average > 45


def test_every_task_catches_each_error_by_its_leaf_name(states: States) -> None:
    leaves = named_errors().keys() - ABSTRACT - ANSWERS_A_CALLER - {"SegmentFailedError"}
    for name, state in tasks(states).items():
        if name in CHILDREN:
            assert "Catch" not in state
            continue
        # `States.ALL` does not catch this one, which a state that is just too large raises.
        assert leaves | {"States.DataLimitExceeded"} <= set(names(state["Catch"]))
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        if state["Parameters"]["FunctionName"] == RUNNER:
            assert "SegmentFailedError" in names(state["Catch"])


def test_a_failure_takes_the_place_of_what_could_not_be_merged(states: States) -> None:
    paths = {
        name: {entry["ResultPath"] for entry in state["Catch"]}
        for name, state in tasks(states).items()
        if name not in CHILDREN
    }
    assert paths == {name: {path} for name, path in FAILURE_KEYS.items()}


def test_every_failure_is_recorded_before_the_execution_fails(states: States) -> None:
    routes = {
        entry["Next"]
        for name, state in states.items()
        for entry in state.get("Catch", [])
        if name not in {"RecordFailure", "RecordBranchFailure", "Held", "BranchHeld"}
    }
    of_the_branches = {"RecordBranchFailure"}
    # No failures: another try was faster, or has ended.
    aside = {"AlreadyContinued", "BranchExecutionNamedAnew"}
    for name in routes - of_the_branches - aside | {"LoopLimitReached", "WorkflowStopped"}:
        assert states[name]["Type"] == "Pass"
        assert states[name]["Next"] == "RecordFailure"
        assert states[name]["Parameters"].keys() >= {"stage"}


def test_no_failure_to_record_hides_the_failure(states: States) -> None:
    state = states["RecordFailure"]
    assert state["Next"] == "WhoIsTold"
    assert states["WhoIsTold"]["Default"] == "FailExecution"
    assert {entry["Next"] for entry in state["Catch"]} == {"CheckErrorName"}
    assert {entry["ResultPath"] for entry in state["Catch"]} == {None}
    assert states["CheckErrorName"]["Default"] == "FailExecution"
    assert state["ResultPath"] == "$.failure"


def test_a_long_workflow_goes_on_in_an_execution_that_two_tries_start_once(states: States) -> None:
    state = states["StartNextExecution"]
    assert state["Resource"] == "arn:${Partition}:states:::states:startExecution"
    assert state["Parameters"] == {
        "StateMachineArn.$": "$$.StateMachine.Id",
        "Name.$": "$.next.name",
        "Input": {"resume_from.$": "$.next.resume_from"},
    }
    assert state["Catch"][0] == {
        "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"],
        "ResultPath": None,
        "Next": "AlreadyContinued",
    }


def test_a_branch_goes_on_in_an_execution_that_two_tries_start_once(states: States) -> None:
    state = states["RunBranchExecution"]
    assert state["Resource"] == "arn:${Partition}:states:::states:startExecution.sync:2"
    parameters = state["Parameters"]
    assert parameters["StateMachineArn.$"] == "$$.StateMachine.Id"
    assert parameters["Input"] == {
        "resume_from.$": "$.next.resume_from",
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
    }
    assert all(part in parameters["Name.$"] for part in ("$.next.name", "$$.State.EnteredTime"))
    assert [entry["Next"] for entry in state["Catch"]] == [
        "BranchExecutionNamedAnew",
        *("RecordBranchFailure", "RecordBranchFailure"),
    ]
    assert states["BranchExecutionNamedAnew"]["Next"] == "RunBranchExecution"
    # A branch that failed is run once.
    assert not {"States.TaskFailed", "States.ALL"} & set(names(state["Retry"]))


def test_an_execution_of_a_branch_ends_as_its_parent_reads_it(states: States) -> None:
    for name, left in [
        ("EndBranchExecution", states["EndBranchExecution"]["ResultSelector"]),
        ("ReportFailedBranch", states["ReportFailedBranch"]["Parameters"]),
        ("ContinuedByParent", states["ContinuedByParent"]["Parameters"]),
    ]:
        assert states[name]["End"] is True
        assert {key.removesuffix(".$") for key in left} <= {"branch", "next"}
    in_parent = states["RecordBranchFailure"]["ResultSelector"]
    apart = states["ReportFailedBranch"]["Parameters"]["branch"]
    assert {*apart, "waits.$"} == {*in_parent, "segments_in_parent.$"}
    for route in ("WhoStartsNext", "WhoIsTold"):
        (choice,) = states[route]["Choices"]
        assert (choice["Variable"], choice["IsPresent"]) == ("$.state_data.forked_from", True)


def test_awaiting_a_branch_takes_what_the_budget_counts(states: States) -> None:
    first = ("RouteBranch", "HandOverBranch", "RunBranchExecution", "RouteBranchExecution")
    last, following = "BranchExecutionEnded", ("RunBranchExecution", "RouteBranchExecution")
    assert events_of(states, *first, last) <= 2 * SEGMENT_EVENTS
    assert events_of(states, *following, "NextBranchExecution") <= SEGMENT_EVENTS


def events_of(states: States, *passed: str) -> int:
    """Return the events of some states; a task that is awaited has one more, its submission."""
    awaited = [name for name in passed if states[name].get("Resource", "").endswith(".sync:2")]
    return len(awaited) + sum(EVENTS_OF_STATE[str(states[name]["Type"])] for name in passed)


def test_an_execution_hands_over_before_its_history_is_full(
    states: States, template: dict[str, Any]
) -> None:
    segment = ("RouteNextAction", "RunSegment", "SyncSegment")
    of_branch = ("RouteBranch", "RunBranchSegment", "SyncBranch")
    plain = sum(EVENTS_OF_STATE[states[name]["Type"]] for name in segment)
    in_branch = sum(EVENTS_OF_STATE[states[name]["Type"]] for name in of_branch)
    # S3 or Lambda failing; being throttled so often would end the execution as well.
    retries = sum(
        states[name]["Retry"][0]["MaxAttempts"] * EVENTS_OF_RETRY
        for name in segment
        if "Retry" in states[name]
    )
    limit = template["Parameters"]["SegmentsPerExecution"]
    assert (limit["Default"], limit["MaxValue"]) == (
        Settings().segments_per_execution,
        MOST_SEGMENTS_PER_EXECUTION,
    )
    assert limit["Default"] * (plain + retries) < STEP_FUNCTIONS_HISTORY_EVENTS
    most = limit["MaxValue"] * plain + branch_limit(1) * in_branch
    assert most < STEP_FUNCTIONS_HISTORY_EVENTS


def test_every_error_named_is_one_that_exists(states: States) -> None:
    listed = {
        name
        for state in states.values()
        for field in ("Retry", "Catch")
        for name in names(state.get(field, []))
        if not name.startswith(("States.", "Lambda.", "StepFunctions.", "Sandbox.", "Runtime."))
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
        "arn:${Partition}:states:::lambda:invoke",
        "arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        "arn:${Partition}:states:::s3:getObject",
        "arn:${Partition}:states:::s3:putObject",
        "arn:${Partition}:states:::states:startExecution",
        "arn:${Partition}:states:::states:startExecution.sync:2",
    }


@pytest.mark.parametrize(
    ("name", "timed_out"),
    [("WaitForJob", "AsyncTimedOut"), ("WaitForBranchJob", "RecordBranchFailure")],
)
def test_a_job_is_waited_for_as_long_as_the_bag_says_without_heartbeats(
    states: States, name: str, timed_out: str
) -> None:
    state, other = states[name], states[name.replace("Job", "Async")]
    assert state["TimeoutSecondsPath"] == "$.state_data.awaited_job.timeout_seconds"
    assert "HeartbeatSeconds" not in state
    routes = {error: entry["Next"] for entry in state["Catch"] for error in entry["ErrorEquals"]}
    assert routes["States.Timeout"] == timed_out
    for same in ("Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Next"):
        assert state[same] == other[same]


@pytest.mark.parametrize("kind", ["Callback", "Async"])
def test_a_branch_waits_as_the_workflow_does(states: States, kind: str) -> None:
    own = ("Catch", "Comment", "Next", "Parameters")
    for name in ("WaitFor{}", "Merge{}"):
        of_workflow, of_branch = states[name.format(kind)], states[name.format(f"Branch{kind}")]
        assert {key: of_branch[key] for key in of_branch if key not in own} == {
            key: of_workflow[key] for key in of_workflow if key not in own
        }
    asked, wanted = (
        states[name]["Parameters"]["Payload"] for name in (f"WaitForBranch{kind}", f"WaitFor{kind}")
    )
    assert asked | {"wait.$": wanted["wait.$"]} == wanted
    assert "$.state_data.branch_id" in asked["wait.$"]
