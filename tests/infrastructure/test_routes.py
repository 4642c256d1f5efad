"""Where each next_action and each failure leads, on moto's interpreter with a scripted function.

The whole machine with the real function runs in the end-to-end tests; here are the ways that are
cheaper to take when the answers are given.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.limits import PAYLOAD_BYTES
from tests.infrastructure.machines import Answer, Machine, Payload, RaisedError

LOOP_LIMIT = 3
SEGMENTS_PER_EXECUTION = 350

Worker = Callable[[Payload], Payload]


@dataclass
class ScriptedFunction:
    """The worker of a test, and of the manager as little as the machine needs."""

    worker: Worker
    cannot_record: bool = False
    unmergeable: bool = False
    records: list[Payload] = field(default_factory=list)
    token: str = ""

    def answer(self, event: Payload) -> Payload:
        """Stand in for a Lambda function."""
        given: Payload = getattr(self, event["action"])(event)
        return given

    def init(self, event: Payload) -> Payload:
        if event["input"].get("refused"):
            raise RaisedError("InvalidRequestError")
        counters = {"loop_counter": 0, "loop_limit": LOOP_LIMIT, "segment_to_run": 0}
        budget = {"execution_segments": 0, "segments_per_execution": SEGMENTS_PER_EXECUTION}
        bag = {"execution_id": event["execution_id"], "next_action": "CONTINUE"}
        return {"state_data": bag | counters | budget}

    def run_segment(self, event: Payload) -> Payload:
        return self.worker(event["state_data"])

    def sync(self, event: Payload) -> Payload:
        if self.unmergeable:
            raise RaisedError("MissingObjectError")
        bag = event["state_data"]
        counted = {"loop_counter": bag["loop_counter"] + 1}
        counted["execution_segments"] = bag["execution_segments"] + 1
        return {"state_data": bag | counted | event["execution_result"]}

    sync_branch = sync

    def fork_branch(self, event: Payload) -> Payload:
        fresh = {"next_action": "CONTINUE", "loop_counter": 0}
        return {"state_data": event["state_data"] | event["branch"] | fresh}

    def complete_branch(self, event: Payload) -> Payload:
        return {"branch": {"status": event["state_data"]["next_action"]}}

    def aggregate_branches(self, event: Payload) -> Payload:
        joined = {"branches": event["branches"], "next_action": "COMPLETE"}
        return {"state_data": event["state_data"] | joined}

    def record_failure(self, event: Payload) -> Payload:
        if self.cannot_record:
            raise RaisedError("StoreAccessDeniedError")
        self.records.append(event)
        failure = event["failure"]
        return {
            "failure": {
                "error": failure["Error"],
                "cause": f"{failure['Cause']} [record: s3://...]",
                "record_s3_path": "s3://...",
                "branch_id": event["state_data"].get("branch"),
                "segments_run": event["state_data"].get("loop_counter"),
                "waits": 0,
                "segments_in_parent": None,
            }
        }

    def request_callback(self, event: Payload) -> Payload:
        self.token = event["task_token"]
        return {"callback_id": "id"}

    def merge_callback(self, event: Payload) -> Payload:
        merged = {"answer": event["callback_result"], "next_action": "COMPLETE"}
        return {"state_data": event["state_data"] | merged}

    def merge_async(self, event: Payload) -> Payload:
        return self.merge_callback({**event, "callback_result": event["async_result"]})


def run(  # noqa: PLR0913 - what a test varies, each with a default
    machine: Machine,
    worker: Worker,
    answer: Answer | None = None,
    *,
    value: object = None,
    cannot_record: bool = False,
    unmergeable: bool = False,
) -> Payload:
    """Return the description of an execution that has ended, with the records it made."""
    function = ScriptedFunction(worker, cannot_record, unmergeable)
    return {**machine.run(function, answer, value=value), "records": function.records}


def always(next_action: str, **more: Any) -> Worker:
    return lambda _: {"next_action": next_action, **more}


def answering(result: Payload) -> Worker:
    return lambda _: result


def fails(name: str) -> Worker:
    def worker(_: Payload) -> Payload:
        raise RaisedError(name)

    return worker


def bag(execution: Payload) -> Payload:
    found: Payload = json.loads(execution["output"])["state_data"]
    return found


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


OVER = {"until": "2020-01-31T09:00:00Z", "then": "CONTINUE"}


def test_a_wait_that_is_over_leads_to_where_the_bag_says(machine: Machine) -> None:
    turns = iter(
        [
            {"next_action": "WAIT", "wait_state": OVER},
            {"next_action": "WAIT", "wait_state": OVER | {"then": "COMPLETE"}},
        ]
    )
    execution = run(machine, lambda _: next(turns))
    assert (execution["status"], bag(execution)["loop_counter"]) == ("SUCCEEDED", 2)
    assert bag(execution)["next_action"] == "COMPLETE"


def test_a_wait_lasts_until_its_end(machine: Machine) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    text = until.isoformat().replace("+00:00", "Z")
    waits = always("WAIT", wait_state={"until": text, "then": "COMPLETE"})
    assert run(machine, waits)["status"] == "SUCCEEDED"
    assert datetime.now(UTC) > until - timedelta(seconds=1)  # the interpreter cuts fractions


def test_a_poll_that_never_ends_stops_at_the_loop_limit(machine: Machine) -> None:
    later = {"until": "2999-01-31T09:00:00Z", "then": "CONTINUE"}
    turns = iter([OVER, OVER, later])
    execution = run(machine, lambda _: {"next_action": "WAIT", "wait_state": next(turns)})
    assert (execution["status"], execution["error"]) == ("FAILED", "LoopLimitReached")


NO_WAITS: list[Any] = [
    *(None, "text", {}, {"until": "2020-01-31T09:00:00Z"}, {"then": "CONTINUE"}),
    *(OVER | {"until": "tomorrow"}, OVER | {"until": 5}, OVER | {"then": None}),
]


@pytest.mark.parametrize("told", NO_WAITS)
def test_a_wait_that_nobody_can_end_is_no_bag_to_route(machine: Machine, told: Any) -> None:
    execution = run(machine, always("WAIT", wait_state=told))
    assert (execution["status"], execution["error"]) == ("FAILED", "UnroutableBag")
    assert execution["records"]


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


NEXT_OF_BRANCH = {
    "good": "COMPLETE",
    "never ends": "CONTINUE",
    "asks": "NO_SUCH_ACTION",
    "halts": "HALTED",
    "waits for nothing": "WAIT",
    "waits": "WAIT",
    "has waited": "CONTINUE",
}


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
@pytest.mark.parametrize("answer", [{"approved": True}, [1], None])
def test_whatever_answers_a_wait_is_merged(
    machine: Machine, next_action: str, answer: object
) -> None:
    def succeed(client: Any, token: str) -> None:
        client.send_task_success(taskToken=token, output=json.dumps(answer))

    execution = run(machine, always(next_action), succeed)
    assert bag(execution)["answer"] == answer


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
def test_a_refused_answer_ends_the_execution_under_its_error(
    machine: Machine, next_action: str
) -> None:
    def refuse(client: Any, token: str) -> None:
        client.send_task_failure(taskToken=token, error="Rejected", cause="not today")

    execution = run(machine, always(next_action), refuse)
    assert (execution["status"], execution["error"]) == ("FAILED", "Rejected")


@pytest.mark.parametrize("next_action", ["PAUSED_FOR_HITP", "ASYNC"])
@pytest.mark.parametrize("refused", [False, True])
def test_a_branch_waits_for_an_answer_while_another_ends(
    machine: Machine, next_action: str, *, refused: bool
) -> None:
    branches = [{"branch_id": "asks"}, {"branch_id": "ends"}]

    def worker(state: Payload) -> Payload:
        match state.get("branch_id"):
            case None:
                return {"next_action": "PARALLEL_GROUP", "pending_branches": branches}
            case "asks":
                return {"next_action": next_action}
            case _:
                return {"next_action": "COMPLETE"}

    def answer(client: Any, token: str) -> None:
        if refused:
            client.send_task_failure(taskToken=token, error="Rejected", cause="not today")
        else:
            client.send_task_success(taskToken=token, output="5")

    asked, ended = bag(run(machine, worker, answer))["branches"]
    assert ended["status"] == "COMPLETE"
    assert asked["status"] == ("FAILED" if refused else "COMPLETE")
    assert asked.get("error") == ("Rejected" if refused else None)
