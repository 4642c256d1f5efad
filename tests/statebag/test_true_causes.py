"""The cause behind the error that an execution ended with, and a way on that helps."""

import json
import shlex
from typing import Any, Final

import pytest

from statebag.resuming.going_on import START_AGAIN
from tests.statebag.cloud import FUNCTION, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import CONTEXT, RUN, catalog_bag, location_of, snapshot_of
from universal_sync_core import record_failure
from universal_sync_core.workflow.continuation import STARTED_BY

LINE: Final = '  File "/var/task/worker.py", line 7, in handler\n    raise ValueError("no")'
RAISED: Final = json.dumps({"errorMessage": "no", "errorType": "ValueError", "stackTrace": [LINE]})
MAP_RUN: Final = "arn:aws:states:eu-west-1:123456789012:mapRun:catalog/Items:1"


def told_of(run: Run, source: str = RUN) -> dict[str, Any]:
    ran = run("failure", source, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def ended(arn: str, error: str | None, cause: str | None, status: str = "FAILED") -> str:
    """Return what Step Functions tells of an execution that a task waited for."""
    described = {"ExecutionArn": arn, "Status": status, "Error": error, "Cause": cause}
    return json.dumps({name: value for name, value in described.items() if value is not None})


FULL: Final = "The execution reached the maximum number of history events (25000)."
INNER: Final = ended(arn_of("c"), "ValueError", RAISED)
# What a cause is, with what is told of it, and the lines of its trace.
CAUSES: Final[dict[str, tuple[str, str, int]]] = {
    "a child": (INNER, "ValueError: no", 2),
    "a child of a child": (ended(arn_of("b"), "States.TaskFailed", INNER), "ValueError: no", 2),
    "a child in words": (ended(arn_of("b"), "No", "none left"), "No: none left", 0),
    "a child without a cause": (ended(arn_of("b"), "No", None), "No", 0),
    "a stopped child": (ended(arn_of("b"), None, None, "ABORTED"), "ExecutionAborted", 0),
    "a child that timed out": (ended(arn_of("b"), None, None, "TIMED_OUT"), "States.Timeout", 0),
    "a job of Glue": ('{"JobName": "j", "ErrorMessage": "no table"}', "no table", 0),
    "a job of SageMaker": ('{"FailureReason": "no model"}', "no model", 0),
    "no execution": ('{"ExecutionArn":"x","Error":"E"}', '{"ExecutionArn":"x","Error":"E"}', 0),
}


@pytest.mark.parametrize(("cause", "message", "lines"), CAUSES.values(), ids=CAUSES)
def test_cause_of_what_a_task_waited_for_is_the_innermost(
    run: Run, cloud: FakeCloud, cause: str, message: str, lines: int
) -> None:
    events = History()
    events.enter("Nested", {"order": 17})
    events.nest(arn_of("child"))
    error: dict[str, Any] = {"error": "States.TaskFailed", "cause": cause}
    events.add("TaskFailed", taskFailedEventDetails=error)
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, **error)

    told = told_of(run)

    assert told["cause"] == [message]
    assert len(told.get("trace", [])) == lines
    assert told["inside"] == [f"statebag failure {arn_of('child')}"]
    assert f"States.TaskFailed: {message}" in run("timeline", RUN).out


def swallowing(cloud: FakeCloud, *, is_mended: bool = False, ends_in: str = "Fail") -> None:
    """Let a machine with states of its own catch an error, and end with another one."""
    events = History()
    events.enter("Charge", {"order": 17})
    for _ in range(2):
        events.add("TaskScheduled", taskScheduledEventDetails={"resource": "invoke"})
        events.add("TaskFailed", taskFailedEventDetails={"error": "ValueError", "cause": RAISED})
    if is_mended:
        events.attempt()
    events.leave({"sorry": True})
    events.enter("Sorry", {"sorry": True}, ends_in)
    cloud.states.machines[MACHINE] = {"StartAt": "Sorry", "States": {"Sorry": {"Type": ends_in}}}
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, error="Sorry", cause="oh")


def test_error_that_was_caught_before_another_ended_it_is_told(run: Run, cloud: FakeCloud) -> None:
    swallowing(cloud)

    told = told_of(run)

    assert (told["error"], told["cause"]) == (["Sorry"], ["oh"])
    assert told["caught"] == ["ValueError: no", "in Charge, step 1, after 2 tries"]
    assert told["trace"] == LINE.splitlines()
    assert told["state"] == ["Charge, step 1, after 2 tries"]
    assert told["given"] == ["13 B"]  # no bag: `statebag show` has nothing to show
    assert told["go on"][0].startswith("aws stepfunctions start-execution ")
    assert "ended in a Fail state" in told["go on"][1]


def test_error_that_another_try_mended_is_not_told(run: Run, cloud: FakeCloud) -> None:
    swallowing(cloud, is_mended=True)

    assert {"caught", "trace"}.isdisjoint(told_of(run))


def test_machine_that_did_not_fail_on_purpose_is_redriven_unless_that_is_refused(
    run: Run, cloud: FakeCloud
) -> None:
    swallowing(cloud, ends_in="Choice")
    assert told_of(run)["go on"] == [
        f"aws stepfunctions redrive-execution --execution-arn {RUN}",
    ]

    reason = "Execution has exceeded the redrivable period"
    cloud.states.executions[RUN]["redriveStatusReason"] = reason
    go_on = told_of(run)["go on"]

    assert go_on[0].startswith("aws stepfunctions start-execution ")
    assert reason in go_on[1]


@pytest.mark.parametrize(
    ("kind", "told", "is_settled"),
    [
        ("Choice", {"error": "States.Runtime"}, True),
        ("Pass", {"error": "States.DataLimitExceeded"}, True),
        ("Task", {"error": "States.Runtime"}, False),
        ("Choice", {"error": "States.Runtime", "cause": FULL}, False),
    ],
)
def test_state_that_would_fail_again_is_not_redriven(
    run: Run, cloud: FakeCloud, kind: str, told: dict[str, Any], *, is_settled: bool
) -> None:
    """A redriven execution keeps its definition, and the input of its states."""
    events = History()
    events.enter("Route", {"order": 17}, kind)
    cloud.states.machines[MACHINE] = {"StartAt": "Route", "States": {"Route": {"Type": kind}}}
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, **told)

    go_on = told_of(run)["go on"]

    assert go_on[0].split()[2] == ("start-execution" if is_settled else "redrive-execution")
    assert ("Route would fail again" in go_on[-1]) is is_settled


def test_state_that_met_the_same_error_while_it_handled_it_is_not_to_blame(
    run: Run, cloud: FakeCloud
) -> None:
    """While S3 refuses all writes, the failure cannot be recorded either."""
    events = History()
    error = "StoreAccessDeniedError"
    causes = [json.dumps({"errorMessage": "no", "requestId": number}) for number in "12"]
    for state, cause in zip(("SyncSegment", "RecordFailure"), causes, strict=True):
        events.enter(state, bag())
        events.add("TaskScheduled", taskScheduledEventDetails={"resource": "invoke"})
        events.add("TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})
        events.leave(bag())
    events.enter("FailExecution", bag(), "Fail")
    ended: dict[str, Any] = {"error": error, "cause": causes[0]}
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, **ended)

    assert told_of(run)["state"] == ["SyncSegment, step 1, after 1 try"]


PARENTS: Final = {
    "FAILED": "failure",
    "ABORTED": "failure",
    "RUNNING": "watch",
    "SUCCEEDED": "show",
}


@pytest.mark.parametrize(("status", "command"), PARENTS.items())
def test_branch_goes_on_as_the_whole_of_which_it_is_a_part(
    run: Run, cloud: FakeCloud, status: str, command: str
) -> None:
    whole = cloud.states.add("whole", status, input={})
    branch = cloud.states.add("branch", "ABORTED", input={STARTED_BY: whole})
    inner = cloud.states.add("inner", "ABORTED", input={STARTED_BY: branch})

    for each in (branch, inner):
        go_on = told_of(run, each)["go on"]
        assert go_on[0].split()[:3] == ["statebag", command, whole]
        assert not any("resume" in line for line in go_on)


def test_item_of_a_map_goes_on_as_the_execution_that_maps(run: Run, cloud: FakeCloud) -> None:
    cloud.states.add("run-1", "FAILED", input={}, error="No", mapRunArn=MAP_RUN)

    assert f"describe-map-run --map-run-arn {MAP_RUN}" in told_of(run)["go on"][0]


def recorded(cloud: FakeCloud, error: str, stage: str) -> str:
    report = record_failure(
        catalog_bag() | {"segment_to_run": 1},
        {"Error": error, "Cause": "said so"},
        CONTEXT,
        circumstances={"stage": stage},
    )
    events = History().visit("InitializeState", {}, bag()).events
    failed: dict[str, Any] = {"error": report["error"], "cause": report["cause"]}
    cloud.states.add("run-1", "FAILED", events=events, input={}, **failed)
    path: str = report["record_s3_path"]
    return path


def test_state_that_was_deleted_is_brought_back_before_anything_goes_on(
    run: Run, cloud: FakeCloud
) -> None:
    path = recorded(cloud, "ValueError", "segment")
    location = location_of(path)
    del cloud.memory.objects[location]

    told = told_of(run)

    assert told["record"] == [path, f"cannot be read: no such object: {path}"]
    folder = location.key.partition("packs/")[0]
    assert f"--bucket {location.bucket} --prefix {folder} " in told["go on"][0]
    assert "delete-object" in told["go on"][1]
    assert "Undo a deletion" in run("show", path).err


def test_bag_that_no_execution_goes_on_with_is_left_for_the_last_sound_one(
    run: Run, cloud: FakeCloud
) -> None:
    sound, edited = ({"state_data": catalog_bag() | {"loop_limit": n}} for n in (9, "soon"))
    events = History().visit("InitializeState", {}, sound).visit("RunAndSync", sound, edited)
    events.visit("RouteNextAction", edited, edited, "Choice")
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, error="UnroutableBag")
    _, path = snapshot_of(catalog_bag())
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path}}

    command, reason = told_of(run)["go on"]

    assert command == f"statebag resume '{RUN}#1'"
    assert "state_data.loop_limit must be a whole number" in reason
    assert run(*shlex.split(command)[1:]).code == 0


FIRST_ENDS: Final = {
    "StoreUnavailableError": True,
    "Lambda.TooManyRequestsException": True,
    "Sandbox.Timedout": True,
    "InvalidRequestError": False,
    "States.DataLimitExceeded": False,
}


@pytest.mark.parametrize(("error", "is_the_same"), FIRST_ENDS.items())
def test_execution_that_never_began_is_started_with_the_same_input_unless_that_was_refused(
    run: Run, cloud: FakeCloud, error: str, *, is_the_same: bool
) -> None:
    cloud.states.add("run-1", "FAILED", input={}, error=error)

    (first, *_) = told_of(run)["go on"]

    assert ("start-execution" in first) is is_the_same
    assert is_the_same or first == START_AGAIN


STAGES: Final = {"init": "inputs/", "segment": "@state_task", "callback": "submit_callback"}


@pytest.mark.parametrize(("stage", "cure"), [*STAGES.items(), ("async", "offload_result")])
def test_what_was_too_large_is_told_by_the_stage(
    run: Run, cloud: FakeCloud, stage: str, cure: str
) -> None:
    recorded(cloud, "States.DataLimitExceeded", stage)

    (means,) = told_of(run)["means"]

    assert cure in means
    assert "262,144" in means


@pytest.mark.parametrize("is_configured", [True, False])
def test_log_is_where_the_function_is_configured_to_log(
    run: Run, cloud: FakeCloud, *, is_configured: bool
) -> None:
    group = "/aws/lambda/stack-state-data-manager"
    if is_configured:
        cloud.functions.log_groups[f"{FUNCTION}:live"] = group
    events = History()
    events.enter("RunSegment", bag(segment_to_run=1))
    parameters = json.dumps({"FunctionName": f"{FUNCTION}:live", "Payload": {}})
    details = {"resource": "invoke", "parameters": parameters}
    events.add("TaskScheduled", taskScheduledEventDetails=details)
    events.add("TaskFailed", taskFailedEventDetails={"error": "No"})
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, error="No")

    command, page = told_of(run)["logs"]

    expected = group if is_configured else "/aws/lambda/manager"
    assert f"--log-group-name {expected} " in command
    assert expected.replace("/", "$252F") in page


@pytest.mark.parametrize("error", ["MissingObjectError", "ChecksumMismatchError"])
def test_state_with_missing_or_damaged_objects_is_verified_before_anything_goes_on(
    run: Run, cloud: FakeCloud, error: str
) -> None:
    recorded(cloud, error, "segment")

    go_on = told_of(run)["go on"]

    assert (go_on[0], go_on[-1]) == (f"statebag verify {RUN}", f"statebag resume {RUN}")
