"""Ends that Step Functions itself gives: from the page at night to the cause, and on from there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import RUN, catalog_bag, snapshot_of

TOO_LARGE: Final = (
    "The state/task 'Route' returned a result with a size exceeding the maximum number of bytes"
    " service limit."
)
INVALID: Final = "An error occurred while executing the state 'Route'. Invalid path '$.x'"
# By the status, what Step Functions tells beside it, and the error and a word that are shown.
ENDS: Final[dict[str, tuple[str, dict[str, str], str, str]]] = {
    "too large": (
        "FAILED",
        {"error": "States.DataLimitExceeded", "cause": TOO_LARGE},
        "States.DataLimitExceeded",
        "statebag assess",
    ),
    "no such path": (
        "FAILED",
        {"error": "States.Runtime", "cause": INVALID},
        "States.Runtime",
        "does not fit the data",
    ),
    "a full history": (
        "FAILED",
        {
            "error": "States.Runtime",
            "cause": "The execution reached the maximum number of history events (25000).",
        },
        "States.Runtime",
        "in a new execution",
    ),
    "a process that ended": (
        "FAILED",
        {
            "error": "Runtime.ExitError",
            "cause": "RequestId: 1 Error: Runtime exited with error: signal: killed",
        },
        "Runtime.ExitError",
        "memory ran out",
    ),
    "a state timed out": ("FAILED", {"error": "States.Timeout"}, "States.Timeout", "heartbeat"),
    "the execution timed out": ("TIMED_OUT", {}, "States.Timeout", "of its state machine"),
    "stopped": ("ABORTED", {}, "ExecutionAborted", "StopExecution"),
    "stopped with a reason": (
        "ABORTED",
        {"error": "Stopped", "cause": "by hand"},
        "Stopped",
        "by hand",
    ),
    "stopped with an error that Step Functions has as well": (
        "ABORTED",
        {"error": "States.Timeout", "cause": "too slow"},
        "States.Timeout",
        "StopExecution",
    ),
}


@pytest.fixture(params=list(ENDS.values()), ids=list(ENDS))
def end(request: pytest.FixtureRequest, cloud: FakeCloud) -> tuple[str, dict[str, str], str, str]:
    """Let an execution end in a state that calls nothing, before it could leave a record."""
    status, told, error, word = request.param
    bag = {"state_data": catalog_bag()}
    events = History().visit("InitializeState", {}, bag).visit("RunSegment", bag, bag)
    events.enter("Route", bag, "Choice")
    cloud.states.add("run-1", status, events=events.events, input={}, **told)
    _, path = snapshot_of(catalog_bag())
    cloud.functions.answer = {"state_data": {"pre_snapshot_s3_path": path}}
    return status, told, error, word


def test_failure_tells_the_error_the_state_and_what_it_means(
    run: Run, end: tuple[str, dict[str, str], str, str]
) -> None:
    status, told, error, word = end

    found = json.loads(run("failure", RUN, "--json").out)

    assert (found["status"], found["error"]) == (status, [error])
    assert found.get("cause") == ([told["cause"]] if "cause" in told else None)
    assert word in " ".join([*found.get("cause", []), *found.get("means", [])])
    assert found["state"] == ["Route, step 3"]
    assert found["given"][1] == f"statebag show '{RUN}#3'"
    assert found["go on"] == [f"statebag resume {RUN}"]


@pytest.mark.parametrize("command", ["show", "timeline"])
def test_heads_tell_it_in_one_line(
    run: Run, end: tuple[str, dict[str, str], str, str], command: str
) -> None:
    ran = run(command, RUN)

    assert f"{end[2]}: " in ran.out
    assert f"statebag failure {RUN}" in ran.err


@pytest.mark.usefixtures("end")
def test_state_that_it_ended_in_can_be_seen_and_gone_on_from(run: Run) -> None:
    assert json.loads(run("show", f"{RUN}#3", "--json", "--no-mask").out) == catalog_bag()

    assert "run-1-resumed-" in run("resume", RUN).out


def test_report_has_it_on_top(
    run: Run, end: tuple[str, dict[str, str], str, str], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"

    run("report", RUN, "-o", str(file))

    page = file.read_text()
    assert end[2] in page
    assert "Route, step 3" in page


def test_execution_that_ended_in_a_state_that_fails_it_tells_of_no_state(
    run: Run, cloud: FakeCloud, golden: Callable[[str], None]
) -> None:
    events: Any = History().visit("InitializeState", {}, {})
    events.enter("No", {}, "Fail")
    cloud.states.add("run-1", "FAILED", events=events.events, input={}, error="No", cause="no")

    golden(run("failure", RUN).out)
