"""Where each next_action and each failure leads, on moto's interpreter with a scripted function.

The whole machine with the real function runs in the end-to-end tests; here are the ways that are
cheaper to take when the answers are given.
"""

import json
from typing import Any

import pytest

from local.limits import PAYLOAD_BYTES
from tests.infrastructure.machines import Machine, Payload, RaisedError
from tests.infrastructure.scripted import (
    LOOP_LIMIT,
    NEXT_OF_BRANCH,
    OVER,
    SEGMENTS_PER_EXECUTION,
    Worker,
    always,
    answering,
    bag,
    fails,
    run,
)


def test_the_output_of_a_complete_workflow_is_its_bag(machine: Machine) -> None:
    execution = run(machine, always("COMPLETE"))
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"]).keys() == {"state_data"}
    assert bag(execution)["execution_id"] == execution["executionArn"]


def test_a_workflow_that_never_ends_stops_at_its_loop_limit(machine: Machine) -> None:
    execution = run(machine, always("CONTINUE"))
    assert (execution["status"], execution["error"]) == ("FAILED", "LoopLimitReached")
    assert str(LOOP_LIMIT) in execution["cause"]


@pytest.mark.parametrize("next_action", ["FAILED", "HALTED", "SIGKILL", "NO_SUCH_ACTION"])
def test_a_workflow_that_stops_says_how(machine: Machine, next_action: str) -> None:
    execution = run(machine, always(next_action))
    assert (execution["status"], execution["error"]) == ("FAILED", f"Workflow.{next_action}")


@pytest.mark.parametrize("next_action", ["FAILED", "HALTED", "SIGKILL"])
def test_a_result_that_stops_the_workflow_names_the_error(
    machine: Machine, next_action: str
) -> None:
    own = {"error": "NoStock", "cause": "none left"}
    execution = run(machine, always(next_action, stopped_by=own))
    assert (execution["status"], execution["error"]) == ("FAILED", "NoStock")
    assert execution["cause"] == "none left [record: s3://...]"
    (record,) = execution["records"]
    assert (record["stage"], record["failure"]["Error"]) == ("workflow", "NoStock")


@pytest.mark.parametrize("own", [{}, "text", {"error": 5, "cause": "c"}, {"error": "E"}])
def test_what_names_no_error_stops_it_under_its_own(machine: Machine, own: object) -> None:
    execution = run(machine, always("FAILED", stopped_by=own))
    assert (execution["status"], execution["error"]) == ("FAILED", "Workflow.FAILED")


def test_an_error_of_a_reserved_name_that_cannot_be_recorded_gets_another(machine: Machine) -> None:
    own = {"error": "States.Timeout", "cause": "too slow"}
    execution = run(machine, always("FAILED", stopped_by=own), cannot_record=True)
    assert execution["error"] == "Unrecorded.States.Timeout"


UNROUTABLE: dict[str, Any] = {
    "loop_limit": ["x", None, True],
    "loop_counter": ["0", None],
    "execution_segments": ["0", {}],
    "segments_per_execution": [None, []],
    "segment_to_run": ["0"],
    "next_action": [None, 5],
    "execution_id": [None, 5],
}


@pytest.mark.parametrize("field", UNROUTABLE)
def test_a_bag_that_cannot_be_routed_ends_under_an_error_that_is_recorded(
    machine: Machine, field: str
) -> None:
    for value in UNROUTABLE[field]:
        execution = run(machine, answering({field: value}))
        assert (execution["status"], execution["error"]) == ("FAILED", "UnroutableBag")
        assert execution["records"]


@pytest.mark.parametrize(
    "error",
    [
        "SegmentFailedError",
        "StateTooLargeError",
        "MissingObjectError",
        "StoreAccessDeniedError",
        "ZeroDivisionError",
    ],
)
def test_an_error_ends_the_execution_under_its_own_name(machine: Machine, error: str) -> None:
    execution = run(machine, fails(error))
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert "as scripted" in execution["cause"]


def test_a_failure_is_recorded_with_the_last_good_bag_and_nothing_else(machine: Machine) -> None:
    execution = run(machine, fails("SegmentFailedError"))
    (record,) = execution["records"]
    assert record["stage"] == "segment"
    assert record["failure"]["Error"] == "SegmentFailedError"
    assert record["execution_arn"] == execution["executionArn"]
    assert record["state_data"]["next_action"] == "CONTINUE"
    assert "[record: s3://...]" in execution["cause"]


@pytest.mark.parametrize("value", [{"refused": True}, {"refused": "x" * 262_000}])
def test_an_input_of_any_size_that_is_refused_is_recorded(machine: Machine, value: object) -> None:
    execution = run(machine, always("COMPLETE"), value=value)
    (record,) = execution["records"]
    assert (record["stage"], execution["error"]) == ("init", "InvalidRequestError")
    assert record["state_data"] == {"execution_id": execution["executionArn"]}


def test_a_result_that_just_fits_beside_the_bag_and_cannot_be_merged_is_recorded(
    machine: Machine,
) -> None:
    size = PAYLOAD_BYTES - 1_000

    def worker(state: Payload) -> Payload:
        room = size - len(json.dumps({"state_data": state}, separators=(",", ":")))
        return {"filler": "x" * room}

    execution = run(machine, worker, unmergeable=True)
    (record,) = execution["records"]
    assert (record["stage"], execution["error"]) == ("segment", "MissingObjectError")


@pytest.mark.parametrize(
    ("worker", "reported"),
    [
        (fails("ZeroDivisionError"), "ZeroDivisionError"),
        (always("CONTINUE", filler="x" * PAYLOAD_BYTES), "Unrecorded.States.DataLimitExceeded"),
    ],
)
def test_a_failure_that_cannot_be_recorded_is_still_the_one_reported(
    machine: Machine, worker: Worker, reported: str
) -> None:
    execution = run(machine, worker, cannot_record=True)
    assert (execution["status"], execution["error"]) == ("FAILED", reported)
    assert execution["cause"]


def test_a_transient_error_is_tried_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, _: low)
    failures = iter(["StoreUnavailableError", "StoreThrottledError", "Lambda.ServiceException"])

    def worker(_: Payload) -> Payload:
        if error := next(failures, None):
            raise RaisedError(error)
        return {"next_action": "COMPLETE"}

    assert run(machine, worker)["status"] == "SUCCEEDED"


def test_a_failing_branch_is_reported_and_ends_nothing(machine: Machine) -> None:
    branches = [
        {"branch": "good"},
        {"branch": "raises"},
        {"branch": "never ends"},
        {"branch": "asks"},
        {"branch": "halts"},
        {"branch": "waits for nothing"},
        {"branch": "waits", "wait_state": OVER | {"then": "COMPLETE"}},
        {"branch": "has waited", "execution_segments": SEGMENTS_PER_EXECUTION - 1},
    ]

    def worker(state: Payload) -> Payload:
        match state.get("branch"):
            case None:
                return {"next_action": "PARALLEL_GROUP", "pending_branches": branches}
            case "raises":
                raise RaisedError("ZeroDivisionError")
            case name:
                return {"next_action": NEXT_OF_BRANCH[name]}

    reports = bag(run(machine, worker))["branches"]
    assert [(report["status"], report.get("error")) for report in reports] == [
        ("COMPLETE", None),
        ("FAILED", "ZeroDivisionError"),
        ("FAILED", "LoopLimitReached"),
        ("FAILED", "UnroutableNextAction"),
        ("HALTED", None),
        ("FAILED", "UnroutableBag"),
        ("COMPLETE", None),
        ("FAILED", "LoopLimitReached"),
    ]
