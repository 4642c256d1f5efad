import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import RUN, catalog_bag, decoded

Golden = Callable[[str], None]


def parallel() -> History:
    """A retry, then a map of two branches whose events are mixed, then a callback."""
    big = {"state_data": catalog_bag()}
    history = History()
    history.visit("InitializeState", {}, bag(next_action="CONTINUE"))
    history.enter("RunSegment", bag(next_action="CONTINUE"))
    history.attempt("Lambda.ServiceException")
    history.attempt()
    history.leave(bag(next_action="CONTINUE") | {"segment": {"execution_result": "x" * 4000}})
    history.visit("SyncSegment", bag(next_action="CONTINUE"), big)
    history.enter("ProcessParallelBranches", big, "Map")
    started = history.add("MapStateStarted")
    iterations = [history.iterate(0, started), history.iterate(1, started)]
    left = history.enter("ForkBranch", big, before=iterations[0])
    right = history.enter("ForkBranch", big, before=iterations[1])
    over = [history.leave(big, before=right), history.leave(big, before=left)]
    history.add("MapIterationSucceeded", over[0])
    last = history.add("MapIterationSucceeded", over[1])
    history.add("MapStateSucceeded", last)
    history.leave(big)
    history.enter("WaitForCallback", big)
    history.attempt(resource="invoke.waitForTaskToken")
    history.leave(big | {"callback": {"approved": True}})
    return history


@pytest.fixture
def finished(cloud: FakeCloud) -> str:
    events = parallel().events
    return cloud.states.add("run-1", events=events, output={"state_data": catalog_bag()})


def steps(ran_out: str) -> list[dict[str, Any]]:
    return decoded(ran_out)


@pytest.mark.usefixtures("finished")
def test_timeline_of_an_execution(run: Run, golden: Golden) -> None:
    golden(run("timeline", RUN).out)


@pytest.mark.usefixtures("finished")
def test_iterations_are_told_apart_however_they_are_mixed(run: Run) -> None:
    found = [each for each in steps(run("timeline", RUN, "--json").out) if each["depth"]]

    assert [(each["state"], each["iteration"]) for each in found] == [
        ("ForkBranch", 0),
        ("ForkBranch", 1),
    ]


@pytest.mark.usefixtures("finished")
def test_retries_and_errors_belong_to_their_state(run: Run) -> None:
    found = steps(run("timeline", RUN, "--json", "--state", "RunSegment").out)

    assert [(each["retries"], each["error"]) for each in found] == [(1, "Lambda.ServiceException")]


@pytest.mark.usefixtures("finished")
def test_offloaded_bytes_are_told_where_they_left_the_bag(run: Run) -> None:
    found = steps(run("timeline", RUN, "--json").out)

    offloaded = {
        each["state"]: each["offloaded_bytes"] for each in found if each["offloaded_bytes"]
    }
    assert offloaded.keys() == {"SyncSegment"}
    assert offloaded["SyncSegment"] > 80_000


def test_payload_is_counted_in_bytes(run: Run, cloud: FakeCloud) -> None:
    history = History().visit("InitializeState", {}, bag())
    text = '{"state_data":{"name":"Zoë"}}'
    history.events[-1]["stateExitedEventDetails"]["output"] = text
    cloud.states.add("run-1", events=history.events)

    (step,) = steps(run("timeline", RUN, "--json").out)

    assert step["output_bytes"] == len(text.encode()) == len(text) + 1


def test_execution_that_failed_tells_why(run: Run, cloud: FakeCloud, golden: Golden) -> None:
    history = History().visit("InitializeState", {}, bag())
    history.enter("RunSegment", bag())
    history.attempt("OutOfStock")
    cloud.states.add(
        "run-1", "FAILED", events=history.events, error="OutOfStock", cause="none \x1b[2Jleft"
    )

    golden(run("timeline", RUN).out)


def test_executions_that_continue_each_other_are_one_workflow(run: Run, cloud: FakeCloud) -> None:
    middle = arn_of("run-2")
    path = f"s3://state-bucket/v1/{RUN.replace(':', '%3A')}/packs/{'a' * 64}"
    chain = {"execution_id": RUN, "execution_chain": [RUN, middle, arn_of("run-3")]}
    history = History().visit("InitializeState", {}, bag()).events
    output = bag() | {"continued_as": {"execution_arn": middle}}
    cloud.states.add("run-1", events=history, output=output)
    # Started by an earlier try: its name is known, and its machine is the same.
    resumed = {"resume_from": path}
    output = {"state_data": chain, "continued_as": {"name": "run-3"}}
    cloud.states.add("run-2", events=history, input=resumed, output=output)
    cloud.states.add("run-3", events=history, input=resumed, output={"state_data": chain})

    for asked in ("run-1", "run-2", "run-3"):
        ran = run("timeline", arn_of(asked), "--json")
        found = [each["execution"] for each in steps(ran.out)]
        assert found == [RUN, middle, arn_of("run-3")]

    alone = steps(run("timeline", middle, "--one", "--json").out)
    assert [each["execution"] for each in alone] == [middle]


@pytest.mark.usefixtures("finished")
def test_step_names_the_state_after_it(run: Run) -> None:
    assert (
        json.loads(run("show", f"{RUN}#1", "--json").out)
        == bag(next_action="CONTINUE")["state_data"]
    )
    assert (
        run("show", f"{RUN}#3", "--path", "current_state.title", "--json").out == '"API catalog"\n'
    )


@pytest.mark.usefixtures("finished")
def test_step_that_is_not_there(run: Run) -> None:
    ran = run("show", f"{RUN}#99")

    assert ran.code == 3
    assert "statebag timeline" in ran.err


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize(("columns", "has_all"), [(80, False), (200, True)])
def test_each_step_is_a_line_of_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: int, *, has_all: bool
) -> None:
    screen = Screen()
    for name, value in (("COLUMNS", str(columns)), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "statebag.output.terminal._stream",
        lambda *, error=False: io.StringIO() if error else screen,
    )

    run("timeline", RUN)

    told = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    heading, *rows = [line.rstrip() for line in told.splitlines() if line.strip()][2:]
    assert max(map(len, (heading, *rows))) <= columns
    assert [int(row.split()[0]) for row in rows] == list(range(1, 8))
    assert all(re.match(r" +\d+ +12:00:0\d ", row) for row in rows)
    assert "ProcessParallelBranches" in rows[3]
    assert ("without S3" in heading) is has_all
