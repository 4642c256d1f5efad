"""Workers made with `@state_task`: run and then synced, or syncing themselves."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Execution, LocalCloud, UserFunction
from local.errors import FunctionError
from tests.end_to_end.worker import tasks
from tests.end_to_end.workflow import Json, Workflows, folded

pytestmark = pytest.mark.local

SYNCING = UserFunction(
    name="SegmentRunner",
    code_dir=Path(__file__).parent / "worker",
    handler="tasks.run_and_sync",
    with_layer=True,
)
RUNNING = replace(SYNCING, name="Running", handler="tasks.run")
OUTAGE_SECONDS = 3
SYNCS = {"SyncSegment", "SyncBranch"}
# The texts are 30 MB.
INPUT: Json = {"total_segments": len(tasks.SEGMENTS), "rows": 600, "texts": 750}
SEGMENTS_RUN = len(tasks.SEGMENTS) + 5
"""With those of the branches."""


@pytest.fixture(scope="module")
def workflows() -> Iterator[Workflows]:
    with LocalCloud.start(
        extra_functions=[SYNCING, RUNNING], parameters={"SegmentRunnerSyncs": "true"}
    ) as cloud:
        yield Workflows(cloud)


@pytest.fixture(scope="module")
def synced(workflows: Workflows) -> Execution:
    """An execution whose worker syncs itself, as the stack's parameter says."""
    return workflows.run(INPUT)


@pytest.fixture(scope="module")
def run_and_synced(workflows: Workflows) -> Execution:
    """An execution of the same worker without, in the machine as it is by default."""
    return workflows.run(INPUT, _machine(workflows, "run-then-sync", RUNNING.arn))


def _machine(workflows: Workflows, name: str, runner: str) -> str:
    """Give the ARN of the machine that calls a runner and then syncs."""

    def change(states: dict[str, Json]) -> None:
        for state in _all(states):
            parameters = state.get("Parameters", {})
            if parameters.get("FunctionName") == SYNCING.arn:
                parameters["FunctionName"] = runner
            for rule in state.get("Choices", []):
                if rule.get("Next", "").startswith("RunAndSync"):
                    assert rule["StringEquals"] == "CONTINUE"
                    rule["StringEquals"] = "NONE"

    return workflows.varied(name, change)


def _all(states: dict[str, Json]) -> Iterator[Json]:
    for state in states.values():
        yield state
        yield from _all(state.get("ItemProcessor", {}).get("States", {}))


def _expected(value: Json) -> Json:
    """Give what the worker's results merge to, computed without the package's help."""
    rows: list[Json] = [{"n": n, "words": f"{n:08} " * 100} for n in range(value["rows"])]
    found = {"rows": len(rows), "last": rows[-1]["n"], "some": rows[10:12]}
    ranks = {
        name: {f"step {n}": f"{name}{n}" * 40_000 for n in range(count)}
        for name, count in (("a", 2), ("b", 3))
    }
    results: list[Any] = [
        {"current_state": {"rows": rows}, "state_history": [{"step": "lists"}]},
        {"current_state": {"found": found, "copy": rows}, "state_history": [{"step": "counts"}]},
        [{"twice": 2 * row["n"], "words": row["words"]} for row in rows[:40]],
        {"current_state": {"large": [f"{n:07} " * 5_000 for n in range(value["texts"])]}},
        {
            "status": "PARALLEL_GROUP",
            "pending_branches": [
                {"branch_id": "a", "total_segments": 2},
                {"branch_id": "b", "total_segments": 3},
            ],
        },
        {"current_state": {"ranks": ranks}},
        {"status": "DISTRIBUTED_MAP", "distributed_items": list(range(5))},
        [{"square": n * n} for n in range(5)],
        {"status": "COMPLETE", "current_state": {"sum": 30}},
    ]
    return folded(value, *results)


def test_a_worker_that_is_synced_reaches_what_its_results_merge_to(
    workflows: Workflows, run_and_synced: Execution
) -> None:
    assert workflows.final_state(run_and_synced) == _expected(INPUT)


def test_a_worker_that_syncs_itself_reaches_the_same_with_a_transition_less_for_each_segment(
    workflows: Workflows, synced: Execution, run_and_synced: Execution
) -> None:
    assert workflows.final_state(synced) == workflows.final_state(run_and_synced)
    fewer, more = workflows.states(synced), workflows.states(run_and_synced)
    assert not SYNCS & set(fewer)
    assert sum(state in SYNCS for state in more) == SEGMENTS_RUN
    assert len(more) - len(fewer) == SEGMENTS_RUN


def test_a_worker_may_sync_itself_before_the_machine_expects_it(workflows: Workflows) -> None:
    value = INPUT | {"texts": 2}
    early = workflows.run(value, _machine(workflows, "expects-results", SYNCING.arn))
    assert workflows.final_state(early) == _expected(value)
    assert set(workflows.states(early)) >= SYNCS
    assert len(workflows.states(early)) > 2 * SEGMENTS_RUN


def test_outage_of_s3_delays_a_worker_that_syncs_and_loses_nothing(workflows: Workflows) -> None:
    value = INPUT | {"texts": 2}
    execution = workflows.start(value)
    while "RunAndSyncSegment" not in workflows.states(execution):
        time.sleep(0.01)
    with workflows.cloud.outage("s3"):
        time.sleep(OUTAGE_SECONDS)
        assert execution.status == "RUNNING"
    execution.wait()
    assert workflows.final_state(execution) == _expected(value)


def test_errors_of_a_worker_reach_the_state_machine_under_their_own_names(
    workflows: Workflows,
) -> None:
    for function in (SYNCING, RUNNING):
        with pytest.raises(FunctionError) as refused:
            workflows.cloud.invoke({"action": "run_segment"}, function.name)
        assert refused.value.error_type == "InvalidRequestError"
    failed = workflows.run({"total_segments": 1, "rows": "many"})
    assert failed.error == "TypeError"
    assert workflows.record(failed)["stage"] == "segment"
