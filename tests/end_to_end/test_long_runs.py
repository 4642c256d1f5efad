"""Workflows longer than an execution's history goes on as new executions."""

from typing import Any

import pytest

from local.limits import HISTORY_EVENTS
from tests.end_to_end.workflow import Json, Workflows, folded
from universal_sync_core.bag.execution_budget import BRANCH_EVENTS, SEGMENT_EVENTS
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION


def _segments(count: int) -> list[Json]:
    return [
        {
            "current_state": {"last": n, f"tenth {n // 10}": n},
            "state_history": [{"segment": n, "event": f"{n} described"}],
            "described": f"{n:0120}",
        }
        for n in range(count)
    ]


def _require_whole(workflows: Workflows, count: int, **limits: Any) -> None:
    """Run so many segments and compare what comes out, and by which executions."""
    segments = _segments(count)
    path = workflows.put_input(f"inputs/{count}.json", {"segments": segments})
    value = {"input_s3_path": path, "loop_limit": count, **limits}

    chain = workflows.chain(value, timeout=1_500)

    final = workflows.hydrated(chain[-1].output["state_data"])
    per_execution = limits.get("segments_per_execution", 350)
    assert len(chain) == -(-count // per_execution)
    assert final["execution_chain"] == [execution.arn for execution in chain]
    assert final["execution_id"] == chain[0].arn
    assert final["loop_counter"] == count
    state = workflows.final_state(chain[-1])
    assert state == folded({**value, "segments": segments}, *segments)
    assert max(len(execution.history) for execution in chain) < HISTORY_EVENTS / 4


def test_three_hundred_segments_go_on_in_new_executions(workflows: Workflows) -> None:
    _require_whole(workflows, 300, segments_per_execution=40)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_three_thousand_segments_at_the_default(workflows: Workflows) -> None:
    _require_whole(workflows, 3_000)


def test_segment_takes_as_many_events_as_the_budget_counts(workflows: Workflows) -> None:
    few, more = (len(workflows.run({"segments": _segments(count)}).history) for count in (10, 30))
    assert (more - few) / 20 == 12


def _group(branches: int) -> list[Json]:
    """Return a segment that asks for so many branches of a segment each, and the last."""
    pending = [{"branch_id": f"b{n}", "segments": [{}]} for n in range(branches)]
    return [{"status": "PARALLEL_GROUP", "pending_branches": pending}, {"status": "COMPLETE"}]


def test_branch_takes_as_many_events_as_the_budget_counts(workflows: Workflows) -> None:
    few, more = (len(workflows.run({"segments": _group(count)}).history) for count in (2, 6))
    assert (more - few) / 4 == BRANCH_EVENTS + SEGMENT_EVENTS


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_large_group_fits_the_history_beside_the_most_segments(workflows: Workflows) -> None:
    """The segments before are counted, not run: 12 events each."""
    value = {"segments": _group(405), "segments_per_execution": MOST_SEGMENTS_PER_EXECUTION}
    execution = workflows.run(value, timeout=1_500)
    assert execution.status == "SUCCEEDED"
    before = SEGMENT_EVENTS * MOST_SEGMENTS_PER_EXECUTION
    assert len(execution.history) + before < HISTORY_EVENTS


def test_a_group_that_the_history_cannot_hold_is_refused_before_it_starts(
    workflows: Workflows,
) -> None:
    value = {"segments": _group(900), "segments_per_execution": MOST_SEGMENTS_PER_EXECUTION}
    execution = workflows.run(value)
    assert (execution.status, execution.error) == ("FAILED", "InvalidRequestError")
    assert "a group of 900 branches does not fit" in (execution.cause or "")


def test_waits_branches_and_maps_go_on_in_new_executions_too(workflows: Workflows) -> None:
    branch = {"branch_id": "a", "segments": [{"current_state": {"branch": n}} for n in range(3)]}
    group: Json = {"status": "PARALLEL_GROUP", "pending_branches": [branch]}
    items: list[Json] = [{"item": 0}, {"item": 1}]
    mapped: Json = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    last: Json = {"status": "COMPLETE"}
    value = {"segments": [group, mapped, last], "segments_per_execution": 1}

    chain = workflows.chain(value)

    assert len(chain) > 3
    state = workflows.final_state(chain[-1])
    expected = folded(value, group, *branch["segments"], mapped, items, last)
    assert state == expected
