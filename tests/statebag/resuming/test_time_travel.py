"""Going back in time: forks from a step, changes that are shown before, and many at once."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import CONTEXT, RUN
from universal_sync_core import create_snapshot, first_bag, universal_sync_core
from universal_sync_core.bag.fields import FORKED_FROM
from universal_sync_core.storage import runtime

Golden = Callable[[str], None]
OWN_STATES: dict[str, Any] = {
    "StartAt": "Charge",
    "States": {"Charge": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}},
}


@pytest.fixture
def steps(cloud: FakeCloud) -> list[dict[str, Any]]:
    """An execution that succeeded after three segments; gives the bag after each of its steps."""
    history = History()
    bags = [first_bag({"segments": [{}, {}, {}]}, CONTEXT)]
    history.visit("InitializeState", {}, {"state_data": bags[0]})
    for number in range(3):
        result = {
            "current_state": {
                f"step_{number}": {"done": True, "token": "hunter2"},
                "lines": [f"line {each}" for each in range(4_000 * (number + 1))],
            }
        }
        bags.append(universal_sync_core(bags[-1], result, CONTEXT))
        history.visit("SyncSegment", {"state_data": bags[-2]}, {"state_data": bags[-1]})
    cloud.states.add("run-1", events=history.events, output={"state_data": bags[-1]})
    answer_snapshots(cloud)
    return bags


def answer_snapshots(cloud: FakeCloud) -> None:
    """Let the function make the snapshots that it is asked for."""

    def invoke(**asked: Any) -> dict[str, Any]:
        event = json.loads(asked["Payload"])
        bag = create_snapshot(event["state_data"], event["snapshot_type"], CONTEXT)
        body = json.dumps({"state_data": bag}).encode()
        return {"Payload": io.BytesIO(body)}

    cloud.functions.invoke = invoke  # type: ignore[method-assign]


def begun(cloud: FakeCloud) -> dict[str, Any]:
    """Return the bag with which the execution that was started begins."""
    (started,) = cloud.states.started
    context = {"execution_id": arn_of(started["name"])}
    return first_bag(json.loads(started["input"]), context)


@pytest.mark.parametrize("step", [1, 2, 3, "SyncSegment"])
def test_fork_goes_on_from_the_state_after_a_step(
    run: Run, cloud: FakeCloud, steps: list[dict[str, Any]], step: int | str
) -> None:
    before = steps[step - 1 if isinstance(step, int) else 1]

    ran = run("resume", f"{RUN}#{step}")

    assert ran.code == 0, ran.err
    bag = begun(cloud)
    assert bag["segment_to_run"] == before["segment_to_run"]
    assert bag.get("current_state") == before.get("current_state")
    assert ran.out.strip() == arn_of(cloud.states.started[0]["name"]) != RUN


def test_fork_leaves_the_original_as_it_was(
    run: Run, cloud: FakeCloud, steps: list[dict[str, Any]]
) -> None:
    show = ("show", RUN, "--json", "--no-mask")
    shown, stored = run(*show).out, dict(cloud.memory.objects)

    run("resume", f"{RUN}#2", "--set", "current_state.step_0.done=false")
    begun(cloud)

    assert run(*show).out == shown
    assert json.loads(shown)["current_state"] == steps[-1]["current_state"]
    assert stored.items() <= cloud.memory.objects.items()
    assert cloud.inventory.deleted == []


@pytest.mark.usefixtures("steps")
def test_fork_is_another_with_other_changes_and_the_same_with_the_same(
    run: Run, cloud: FakeCloud
) -> None:
    for value in ("1", "2", "1"):
        run("resume", f"{RUN}#2", "--set", f"current_state.x={value}")
    run("resume", f"{RUN}#2", "--set", "current_state.x=1", "--name", "mine")

    names = [each["name"] for each in cloud.states.started]
    assert (names[0], names[3]) == (names[2], "mine")
    assert len(set(names)) == 3
    assert all(name.startswith("run-1-fork-") for name in names[:3])


@pytest.mark.usefixtures("steps")
def test_keys_are_taken_away_before_anything_is_set(run: Run, cloud: FakeCloud) -> None:
    changes = ("--unset", "current_state.step_0", "--set", "current_state.step_0.again=true")

    assert run("resume", f"{RUN}#3", *changes, "--unset", "current_state.lines").code == 0

    state = begun(cloud)["current_state"]
    assert state["step_0"] == {"again": True}
    assert "lines" not in state


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.usefixtures("steps")
def test_change_is_shown_before_it_is_done(
    run: Run, cloud: FakeCloud, golden: Golden, terminal: Any, columns: int
) -> None:
    terminal(columns)
    changes = ("--set", "current_state.step_0.done=false", "--unset", "current_state.lines")

    ran = run("resume", f"{RUN}#3", *changes, "--dry-run")

    golden(ran.err)
    assert cloud.states.started == []
    assert "hunter2" not in ran.err


@pytest.mark.usefixtures("steps")
def test_dry_run_writes_nothing_and_names_what_would_be_started(run: Run, cloud: FakeCloud) -> None:
    before = dict(cloud.memory.objects)
    arguments = ("resume", f"{RUN}#3", "--set", "current_state.step_0.done=false")

    told = json.loads(run(*arguments, "--dry-run").out)

    assert cloud.memory.objects == before
    changed = {each["path"]: each for each in told["changes"]}
    assert changed["current_state.step_0.done"] == {
        "path": "current_state.step_0.done",
        "change": "changed",
        "old": True,
        "new": False,
    }
    run(*arguments)
    assert cloud.states.started[0]["name"] == told["name"]
    assert json.loads(cloud.states.started[0]["input"]) == told["input"]


@pytest.mark.parametrize(("answer", "code"), [("n\n", 130), ("y\n", 0)])
@pytest.mark.usefixtures("steps")
def test_person_is_asked_after_the_change_was_shown(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("statebag.commands.resume.is_answered", lambda: True)

    ran = run("resume", f"{RUN}#3", stdin=answer)

    assert ran.code == code
    assert len(cloud.states.started) == (code == 0)
    assert ran.err.index("difference") < ran.err.index("Start it?")
    assert run("resume", f"{RUN}#3", "--yes").code == 0
    assert sys.stdin.read() == ""


@pytest.mark.usefixtures("steps")
def test_change_that_the_execution_would_refuse_is_refused_before(
    run: Run, cloud: FakeCloud
) -> None:
    ran = run("resume", f"{RUN}#3", "--set", 'loop_limit="many"')

    assert ran.code == 7
    assert "loop_limit" in ran.err
    assert cloud.states.started == []


REMOVALS = [
    ("current_state", "only keys of current_state"),
    ("totals", "only keys of current_state"),
    ("current_state.lines[0]", "an element of a list"),
    ("a..b", "path"),
]


@pytest.mark.parametrize(("path", "said"), REMOVALS)
def test_removal_that_cannot_be_done_is_named(run: Run, path: str, said: str) -> None:
    ran = run("resume", RUN, "--unset", path)

    assert ran.code == 2
    assert said in ran.err


@pytest.mark.usefixtures("steps")
def test_step_that_is_not_there_starts_nothing(run: Run, cloud: FakeCloud) -> None:
    assert run("resume", f"{RUN}#9").code == 3
    assert cloud.states.started == []


def test_step_inside_a_branch_is_refused(run: Run, cloud: FakeCloud) -> None:
    made = {"state_data": {"execution_id": RUN, FORKED_FROM: "s3://x"}}
    cloud.states.add("run-1", "FAILED", events=History().visit("SyncBranch", made, made).events)

    ran = run("resume", f"{RUN}#1")

    assert ran.code == 7
    assert "inside a branch" in ran.err


def test_fork_of_one_that_runs_says_so(
    run: Run, cloud: FakeCloud, steps: list[dict[str, Any]]
) -> None:
    cloud.states.executions[RUN]["status"] = "RUNNING"

    ran = run("resume", f"{RUN}#2")

    assert ran.code == 0
    assert "still runs" in ran.err
    assert len(steps) == 4


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--yes",)])
@pytest.mark.usefixtures("steps")
def test_machine_that_keeps_its_states_is_not_forked(
    run: Run, cloud: FakeCloud, options: tuple[str, ...]
) -> None:
    cloud.states.machines[MACHINE] = OWN_STATES

    ran = run("resume", f"{RUN}#2", *options)

    assert (ran.code, cloud.states.started) == (7, [])
    assert f"aws stepfunctions redrive-execution --execution-arn {RUN}" in ran.err


@pytest.mark.parametrize("arguments", [(), (RUN, "--where", "a=1"), (RUN, "--status", "FAILED")])
def test_resume_takes_one_or_a_search(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("resume", *arguments)

    assert ran.code == 2
    assert "--where" in ran.err


def test_runtime_of_the_process_is_left_alone() -> None:
    assert runtime.current().settings.bucket != BUCKET
