"""Workflows and branches that go on in further executions, before a history is full."""

from typing import Any

from tests.infrastructure.definition import States, names
from tests.infrastructure.parameters import bounds_of
from universal_sync_core.bag.execution_budget import SEGMENT_EVENTS, branch_limit
from universal_sync_core.limits import (
    STEP_FUNCTIONS_HISTORY_EVENTS,
)
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION, Settings

EVENTS_OF_STATE = {"Choice": 2, "Pass": 2, "Task": 5}


EVENTS_OF_RETRY = 3


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
    default = int(limit["Default"])
    assert default == Settings().segments_per_execution
    assert bounds_of(limit) == (1, MOST_SEGMENTS_PER_EXECUTION)
    assert default * (plain + retries) < STEP_FUNCTIONS_HISTORY_EVENTS
    most = MOST_SEGMENTS_PER_EXECUTION * plain + branch_limit(1) * in_branch
    assert most < STEP_FUNCTIONS_HISTORY_EVENTS
