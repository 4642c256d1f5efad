"""A workflow that is played in memory goes the way of the state machine, and comes to the same."""

import json
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from local.cloud import Execution
from local.limits import PAYLOAD_BYTES
from local.played.workflow_run import WorkflowRun
from local.state_bag import StateBag
from tests.end_to_end.workflow import Json, Workflows, results_of
from tests.marks import some_in_ci
from universal_sync_core import recorded_result

DEFINITION = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"
Segment = Callable[[Random, int], Json]
LAST: Json = {"status": "COMPLETE", "current_state": {"over": True}}


def handler(event: Json, _: Any) -> Any:
    """Answer what the input has recorded, as the stack's built-in runner does."""
    bag = event.get("state_data")
    context = {"execution_id": (bag or event)["execution_id"]}
    per_batch = event.get("items_per_batch", 1)
    return recorded_result(bag, context, item=event.get("item"), per_batch=per_batch)


def result(draw: Random, number: int) -> Json:
    text = "words " * draw.choice((1, 50, 15_000))
    made: Json = {"current_state": {f"k{draw.randrange(4)}": {f"n{number}": text}}}
    if draw.random() < 0.2:
        made["removed_paths"] = [f"k{draw.randrange(4)}"]
    return made


def wait(_: Random, number: int) -> Json:
    return {"status": "WAIT", "wait_seconds": 0, "next_segment_to_run": number + 1}


def ask(draw: Random, _: int) -> Json:
    status = draw.choice(("PAUSED_FOR_HITP", "ASYNC"))
    job = {"job": f"jr_{draw.randrange(99)}"} if status == "ASYNC" and draw.random() < 0.5 else {}
    return {"status": status, "prompt": "?", **job}


def group(draw: Random, _: int, deep: int = 0) -> Json:
    """Return a request for branches, the first of which may ask somebody; any may fork or map."""
    asks: list[Segment] = [result, wait, ask, fails]
    waits: list[Segment] = [result, wait, fails]
    forks: list[Segment] = [partial(group, deep=deep + 1), mapped]
    kinds: list[list[Segment]] = [[*asks, *forks[deep:]], [*waits, mapped], [result]]
    branches = [
        {
            "branch_id": f"b{place}",
            "segments": [
                draw.choice(of)(draw, step) | {"by": place} for step in range(draw.randrange(1, 4))
            ],
        }
        for place, of in enumerate(kinds[: draw.randrange(1, 4)])
    ]
    return {"status": "PARALLEL_GROUP", "pending_branches": branches}


def fails(draw: Random, _: int) -> Json:
    if draw.random() < 0.5:
        return {"status": draw.choice(("FAILED", "HALTED")), "error": "NoStock", "cause": "none"}
    return {"status": "FAILED"}


def mapped(draw: Random, _: int) -> Json:
    items = [
        {"raises": "boom"} if draw.random() < 0.1 else {"item": n} for n in range(draw.randrange(6))
    ]
    size = draw.choice((1, 1, 2))
    return {"status": "DISTRIBUTED_MAP", "distributed_items": items, "items_per_batch": size}


def drawn(seed: int) -> tuple[Json, list[Json]]:
    """Return an input, and the answers to what it asks."""
    draw = Random(seed)  # noqa: S311 - the same every time
    value = input_of(draw)
    while len(json.dumps(value)) > PAYLOAD_BYTES:
        value = input_of(draw)
    return value, [{"current_state": {"answer": n}} for n in range(40)]


def input_of(draw: Random) -> Json:
    """Return an input of a few segments."""
    kinds = [result, result, wait, ask, group, mapped]
    segments = [draw.choice(kinds)(draw, number) for number in range(draw.randrange(1, 6))]
    segments.append(fails(draw, 0) if draw.random() < 0.2 else LAST)
    value: Json = {"segments": segments, "loop_limit": draw.choice((3, 100, 100))}
    value["branch_conflict_strategy"] = "first"  # on the cloud branches run at once
    value["segments_per_execution"] = draw.choice((3, 350, 350))
    if draw.random() < 0.5:
        value["tolerated_failed_items"] = draw.choice((1, "50%"))
    return value


def on_cloud(workflows: Workflows, value: Json, answers: list[Json]) -> list[Execution]:
    """Return the executions that a workflow went through, with all that it asked answered."""
    executions, answered = [workflows.start(value)], 0
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        details = [event["Detail"] for event in workflows.cloud.events]
        asked = [each for each in details if each["execution_id"] == executions[0].arn]
        if len(asked) > answered:
            workflows.submit(asked[answered], "success", output=answers[answered])
            answered += 1
        newest = executions[-1]
        if newest.status == "RUNNING":
            time.sleep(0.02)
        elif newest.status == "SUCCEEDED" and "continued_as" in newest.output:
            following = newest.output["continued_as"]["execution_arn"]
            executions.append(workflows.cloud.execution(following))
        else:
            return executions
    raise TimeoutError("the workflow did not end")


def scrubbed(bag: Json) -> Json:
    """Return what a bag has, without paths and without what Lambda writes of an error."""
    found = results_of(bag)
    for report in found.get("failed_segments", []):
        for name in ("cause", "record_s3_path"):
            report.pop(name, None)
    return found


def require_same(workflows: Workflows, seed: int) -> None:
    value, answers = drawn(seed)
    with StateBag.opened() as state_bag:
        run = state_bag.run(handler, value, answers=answers)
        played = scrubbed(state_bag.hydrate(run.bag))
    executions = on_cloud(workflows, value, answers)
    last = executions[-1]
    assert (run.status, run.error) == (last.status, last.error), f"seed {seed}"
    states = [name for execution in executions for name in workflows.states(execution)]
    apart = [each for execution in executions for each in workflows.apart(execution)]
    assert trace(run.apart) == Counter(name for each in apart for name in workflows.states(each)), (
        f"seed {seed}"
    )
    assert Counter(run.states) == Counter(states), f"seed {seed}"
    of_branches = branch_states()
    assert [name for name in run.states if name not in of_branches] == [
        name for name in states if name not in of_branches
    ], f"seed {seed}"
    if last.status == "SUCCEEDED":
        assert played == scrubbed(workflows.hydrated(last.output["state_data"])), f"seed {seed}"
    else:
        left = workflows.read(workflows.record(last)["snapshot_s3_path"])["state_data"]
        assert played == scrubbed(workflows.hydrated(left)), f"seed {seed}"


def trace(runs: list[WorkflowRun]) -> Counter[str]:
    """Return the states that executions went through, those that they awaited included."""
    own = Counter(name for run in runs for name in run.states)
    return own + trace([each for run in runs for each in run.apart]) if runs else own


def branch_states() -> set[str]:
    states = json.loads(DEFINITION.read_text(encoding="utf-8"))["States"]
    return set(states["ProcessParallelBranches"]["ItemProcessor"]["States"])


@pytest.mark.parametrize("seed", range(8))
def test_it_goes_the_same_way_to_the_same_end(workflows: Workflows, seed: int) -> None:
    require_same(workflows, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "seeds", some_in_ci([range(n, n + 12) for n in range(8, 200, 12)], 1), ids=str
)
def test_two_hundred_do(workflows: Workflows, seeds: range) -> None:
    for seed in seeds:
        require_same(workflows, seed)
