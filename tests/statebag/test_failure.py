"""Why an execution failed: from its record, from its cause, or from its history alone."""

import json
import shlex
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import app
from statebag.resuming.going_on import START_AGAIN
from statebag.resuming.restarts import redrive_command
from tests.function.lambda_context import FakeLambdaContext
from tests.statebag.cloud import FUNCTION, MACHINE, FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import CONTEXT, RUN, catalog_bag, location_of
from universal_sync_core import record_failure, state_task
from universal_sync_core.errors import StoreAccessDeniedError, StoreUnavailableError
from universal_sync_core.retention.members import leave_mark
from universal_sync_core.storage import runtime

LINE = '  File "/var/task/worker.py", line 7, in handler\n    raise ValueError("no lines")\n'
RAISED = {
    "errorMessage": "order 17 has no lines",
    "errorType": "ValueError",
    "requestId": "1",
    "stackTrace": [LINE],
}
NODE = {
    "errorMessage": "no lines",
    "errorType": "TypeError",
    "trace": ["TypeError: no lines", " at x"],
}
TRACE_ID = "1-67891233-abcdef012345678912345678"


def history(error: str, *, tries: int = 1) -> History:
    """A segment that is run in vain, after one that was tried again with success."""
    events = History().visit("InitializeState", {}, bag())
    events.enter("RunSegment", bag(segment_to_run=0))
    events.attempt(error)
    events.attempt()
    events.leave(bag(segment_to_run=1))
    events.enter("RunSegment", bag(segment_to_run=1))
    for _ in range(tries):
        parameters = json.dumps({"FunctionName": f"{FUNCTION}:live", "Payload": {}})
        details = {"resource": "invoke", "parameters": parameters}
        events.add("TaskScheduled", taskScheduledEventDetails=details)
        events.add("TaskFailed", taskFailedEventDetails={"error": error})
    events.leave(bag(segment_to_run=1))
    return events


def fail(
    cloud: FakeCloud,
    raised: Any = RAISED,
    error: str = "ValueError",
    *,
    stage: str = "segment",
    state: dict[str, Any] | None = None,
    **told: Any,
) -> str:
    """Fail as the stack's machine does; return the path of the record."""
    report = record_failure(
        state or catalog_bag() | {"segment_to_run": 1},
        {"Error": error, "Cause": json.dumps(raised)},
        CONTEXT,
        circumstances={"stage": stage, "failed_at": "2025-06-01T11:59:00.000Z"},
    )
    events = history(error, tries=3).events
    failed = {"error": report["error"], "cause": report["cause"]} | told
    cloud.states.add("run-1", "FAILED", events=events, input={}, **failed)
    path: str = report["record_s3_path"]
    return path


def told_of(run: Run, *options: str) -> dict[str, Any]:
    ran = run("failure", RUN, "--json", *options)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_failure_tells_the_workers_own_line_and_how_to_go_on(run: Run, cloud: FakeCloud) -> None:
    path = fail(cloud, traceHeader=f"Root={TRACE_ID};Sampled=1")

    told = told_of(run)

    assert told["trace"] == LINE.splitlines()
    facts = {name: told[name] for name in ("status", "error", "cause", "stage", "at", "segment")}
    assert facts == {
        "status": "FAILED",
        "error": ["ValueError"],
        "cause": ["order 17 has no lines"],
        "stage": ["segment"],
        "at": ["2025-06-01T11:59:00.000Z"],
        "segment": ["1"],
    }
    assert told["state"] == ["RunSegment, step 3, after 3 tries"]
    assert told["given"][1] == f"statebag show '{RUN}#3'"
    assert told["record"] == [path]
    assert told["go on"] == [f"statebag resume {RUN}"]
    assert "--log-group-name /aws/lambda/manager " in told["logs"][0]
    assert f"--trace-ids {TRACE_ID}" in told["x-ray"][0]


def test_command_that_shows_what_was_given_does(run: Run, cloud: FakeCloud) -> None:
    fail(cloud)
    command = told_of(run)["given"][1].replace("'", "").split()

    shown = json.loads(run(*command[1:], "--json").out)

    assert shown["segment_to_run"] == 1


def test_failure_is_read_by_a_person(run: Run, cloud: FakeCloud) -> None:
    fail(cloud)

    lines = run("failure", RUN).out.splitlines()

    assert lines[:4] == [
        RUN,
        "FAILED",
        "error       ValueError",
        "cause       order 17 has no lines",
    ]
    assert lines[4:6] == [f"trace       {LINE.splitlines()[0]}", f"{'':12}{LINE.splitlines()[1]}"]


def test_trace_of_another_runtime(run: Run, cloud: FakeCloud) -> None:
    fail(cloud, NODE, "TypeError")

    assert told_of(run)["trace"] == NODE["trace"]


def raised_by(handler: Callable[..., Any], event: Any) -> dict[str, Any]:
    """Return what Lambda's runtime answers where a handler raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        handler(event, FakeLambdaContext())
    frames = traceback.format_tb(caught.value.__traceback__)
    name, message = type(caught.value).__name__, str(caught.value)
    return {"errorMessage": message, "errorType": name, "requestId": "1", "stackTrace": frames}


def refused_worker(state: Any, _context: Any) -> Any:
    return state["current_state"]["orders"]


def test_refusal_of_the_function_is_told_without_a_trace(run: Run, cloud: FakeCloud) -> None:
    raised = raised_by(app.lambda_handler, {"action": "sync", "state_data": {}})
    fail(cloud, raised, raised["errorType"])

    told = told_of(run)

    assert told["error"] == ["InvalidRequestError"]
    assert "execution_result" in told["cause"][0]
    assert "trace" not in told


def test_refusal_of_a_worker_is_told_with_the_workers_own_lines(run: Run, cloud: FakeCloud) -> None:
    handler = state_task(needs=["current_state.lines"])(refused_worker)
    raised = raised_by(handler, {"state_data": catalog_bag()})
    fail(cloud, raised, raised["errorType"])

    trace = "\n".join(told_of(run)["trace"])

    assert "in refused_worker" in trace
    assert "universal_sync_core/" not in trace


def test_trace_without_end_is_told_by_its_ends(run: Run, cloud: FakeCloud) -> None:
    frames = [f"  File 'worker.py', line {number}" for number in range(1_000)]
    fail(cloud, RAISED | {"errorType": "RecursionError", "stackTrace": frames}, "RecursionError")

    told = told_of(run)["trace"]

    assert told == [*frames[:10], "  ... 970 more frames ...", *frames[-20:]]


@pytest.mark.parametrize("is_gone", [False, True])
def test_execution_without_a_readable_record_tells_what_step_functions_says(
    run: Run, cloud: FakeCloud, *, is_gone: bool
) -> None:
    path = fail(cloud)
    if is_gone:
        del cloud.memory.objects[location_of(path)]
    else:
        cloud.states.executions[RUN]["cause"] = json.dumps(RAISED)

    told = told_of(run)

    assert (told["error"], told["cause"]) == (["ValueError"], ["order 17 has no lines"])
    assert ("record" in told) is is_gone


PARTS = {
    "item 1": {"index": 1, "input": "s3"},
    "item 3": {"index": 3, "output_index": 1},
    "distributed_outputs[1]": {"index": None, "output_index": 1},
    "branch a": {"branch_id": "a", "index": 0},
    "segment s": {"segment_id": "s", "index": 0},
    "item": {},
}


@pytest.mark.parametrize(("name", "named"), PARTS.items(), ids=PARTS)
@pytest.mark.parametrize("has_record", [False, True])
def test_items_and_branches_that_failed_are_told_with_the_trace_of_the_first(
    run: Run, cloud: FakeCloud, name: str, named: dict[str, Any], *, has_record: bool
) -> None:
    part = named | {"status": "FAILED", "error": "ValueError", "cause": json.dumps(RAISED)}
    if has_record:
        failure = {"Error": "ValueError", "Cause": json.dumps(RAISED)}
        report = record_failure(catalog_bag() | {"branch_id": "a"}, failure, CONTEXT)
        part |= {"cause": report["cause"], "record_s3_path": report["record_s3_path"]}
    state = catalog_bag() | {"failed_segments": [part] * 7}
    fail(cloud, "The last result", "Workflow.FAILED", stage="workflow", state=state)

    told = told_of(run)

    assert told["failed"] == [
        "7 in all",
        *[f"{name}: ValueError: order 17 has no lines"] * 5,
        f"statebag show {RUN} --path failed_segments",
    ]
    assert told["trace"] == LINE.splitlines()


WAYS_ON = [
    ("LoopLimitReached", "loop_limit", "--set loop_limit=14"),
    ("Job.TIMEOUT", "async", """--set 'job="ID-OF-THE-NEW-RUN"'"""),
    ("Rejected", "async", ""),
]


@pytest.mark.parametrize(("error", "stage", "changes"), WAYS_ON)
def test_command_that_goes_on_sets_what_would_end_it_again(
    run: Run, cloud: FakeCloud, error: str, stage: str, changes: str
) -> None:
    fail(cloud, error=error, stage=stage, state=catalog_bag() | {"loop_limit": 7})

    go_on, *more = told_of(run)["go on"]

    assert go_on == f"statebag resume {RUN} {changes}".rstrip()
    assert any("never says COMPLETE" in line for line in more) is (stage == "loop_limit")
    assert run(*shlex.split(go_on)[1:], "--dry-run").code == 0


def test_execution_whose_input_was_refused_is_not_to_be_resumed(run: Run, cloud: FakeCloud) -> None:
    path = fail(cloud, stage="init", state={"execution_id": RUN})

    assert told_of(run)["go on"] == [START_AGAIN]
    assert run("snapshots", RUN).err == "1 state\n"
    for source in (RUN, path):
        ran = run("resume", source)
        assert (ran.code, cloud.states.started) == (7, [])
        assert START_AGAIN in ran.err


@pytest.mark.parametrize("error", [StoreAccessDeniedError("no"), StoreUnavailableError("down")])
def test_record_that_may_not_be_read_leaves_what_step_functions_says(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail(cloud)

    def refuse(*_: Any) -> None:
        raise error

    def refuse_listing(*_: Any) -> None:
        raise client_error("SlowDown", "ListObjectsV2", 503)

    monkeypatch.setattr(cloud.store, "get", refuse)
    monkeypatch.setattr(cloud.inventory, "objects", refuse_listing)
    told = told_of(run)

    assert (told["error"], told["cause"]) == (["ValueError"], ["order 17 has no lines"])
    assert told["state"] == ["RunSegment, step 3, after 3 tries"]


def test_what_may_not_be_asked_for_is_told_beside_what_step_functions_says(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = {"index": 1, "record_s3_path": fail(cloud)}
    made = {"state_data": catalog_bag() | {"failed_segments": [part]}}
    cloud.states.events[RUN] = History().visit("SyncSegment", made, made).events

    def denied(**_: Any) -> None:
        raise client_error("AccessDeniedException", "DescribeStateMachine")

    monkeypatch.setattr(cloud.states, "describe_state_machine", denied)
    told = told_of(run)

    assert (told["error"], told["failed"][0]) == (["ValueError"], "1 in all")
    for name, what in (("record", "read"), ("go on", "told")):
        assert told[name][0].startswith(f"cannot be {what}: ")
        assert "DescribeStateMachine" in told[name][0]


def test_machine_that_keeps_its_states_is_redriven(run: Run, cloud: FakeCloud) -> None:
    fail(cloud)
    task = {"Type": "Task", "Resource": FUNCTION, "End": True}
    cloud.states.machines[MACHINE] = {"StartAt": "Charge", "States": {"Charge": task}}

    assert told_of(run)["go on"] == [redrive_command(RUN)]


def test_execution_that_went_on_is_named_instead(run: Run, cloud: FakeCloud) -> None:
    path = fail(cloud)
    name = f"run-1-resumed-{path[-64:][:16]}"
    cloud.states.add(name, input={"resume_from": path})

    told = told_of(run)

    assert told["resumed as"] == [arn_of(name)]
    assert "go on" not in told


def test_execution_of_that_name_which_did_not_go_on_is_not_named(
    run: Run, cloud: FakeCloud
) -> None:
    path = fail(cloud)
    cloud.states.add(f"run-1-resumed-{path[-64:][:16]}", input={"resume_from": "elsewhere"})

    assert "resumed as" not in told_of(run)


def test_secrets_of_a_cause_are_masked_unless_asked_for(run: Run, cloud: FakeCloud) -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    fail(cloud, RAISED | {"errorMessage": f"refused {key}", "stackTrace": [f"x = {key}"]})

    shown = [run(*command).out for command in (("failure", RUN), ("show", RUN), ("timeline", RUN))]

    assert not any(key in text for text in shown)
    assert told_of(run, "--no-mask")["trace"] == [f"x = {key}"]


def test_a_key_on_several_lines_of_a_trace_is_masked_whole(run: Run, cloud: FakeCloud) -> None:
    begin, end = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    trace = ["at load", begin, "b3BlbnNzaC1rZXktdjEAAAAA", end, "at main"]
    fail(cloud, cause=json.dumps({"errorMessage": "no", "trace": trace}))

    assert told_of(run)["trace"] == ["at load", "***", "at main"]


@pytest.mark.parametrize("command", ["show", "timeline"])
def test_head_tells_the_cause_in_one_line(run: Run, cloud: FakeCloud, command: str) -> None:
    fail(cloud, RAISED | {"errorMessage": "no\nlines"})

    ran = run(command, RUN)

    assert "ValueError: no lines\n" in ran.out
    assert "[record:" not in ran.out
    assert f"statebag failure {RUN}" in ran.err


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_execution_that_has_not_failed(run: Run, cloud: FakeCloud, status: str) -> None:
    cloud.states.add("run-1", status, input={})

    ran = run("failure", RUN)

    assert (ran.code, ran.out) == (7, "")
    assert f"has not failed: {status}" in ran.err
    command = "watch" if status == "RUNNING" else "timeline"
    assert f"`statebag {command} {RUN}` shows what it" in ran.err


def test_successor_is_found_by_the_mark_that_it_left(run: Run, cloud: FakeCloud) -> None:
    path = fail(cloud)
    later = cloud.states.add("by-another-name", "RUNNING", input={"resume_from": path})
    for arn in (arn_of("of-another-state"), later):
        leave_mark(runtime.current(), RUN, arn, "began")

    told = told_of(run)

    assert told["resumed as"] == [later]
    assert "go on" not in told
