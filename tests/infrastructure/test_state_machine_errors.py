"""Which errors the state machine tries again, catches and records."""

from tests.infrastructure.definition import (
    CHILDREN,
    MANAGER,
    RUNNER,
    States,
    named_errors,
    names,
    tasks,
)

ABSTRACT = {"StateSyncError", "StoredDataError", "StoreError"}


ANSWERS_A_CALLER = {"CallbackExpiredError", "CallbackAlreadyAnsweredError"}


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


RETRYABLE_OF_LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
}


THROTTLING = {"Lambda.TooManyRequestsException"}


WAKING = {
    "Lambda.SnapStartNotReadyException",
    "Lambda.SnapStartTimeoutException",
    "Lambda.SnapStartException",
    "Lambda.ResourceNotReadyException",
}


CRASHES = {"Sandbox.Timedout", "Lambda.Unknown", "Runtime.ExitError", "States.Timeout"}


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
