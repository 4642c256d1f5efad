"""The worker over a whole workflow in memory: what each segment and each branch gives."""

from collections import Counter
from inspect import unwrap
from typing import Any

import pytest

from examples.api_catalog.function.runner import segments, worker
from examples.api_catalog.function.runner.branches import BRANCHES
from examples.api_catalog.oracle import Answers, Json, canonical, final_state

SERVICES = 12
INPUT = {"total_segments": len(segments.SEGMENTS), "catalog_limit": SERVICES}


def answers(*, approved: bool) -> Answers:
    return Answers(
        approval={"current_state": {"approval": {"approved": approved, "by": "a test"}}},
        publication={"current_state": {"publication": {"bytes": 1}}} if approved else None,
    )


class Rehearsal:
    """The workflow without a state machine: what the worker was asked and what it gave."""

    def __init__(self, *, approved: bool) -> None:
        self.calls: list[tuple[Json, Json]] = []
        self.final = final_state(self._run, INPUT, answers(approved=approved))

    def _run(self, state: Json, context: object) -> Json:
        before = canonical(state)
        result: Json = unwrap(worker.handler)(state, context)
        assert canonical(state) == before
        self.calls.append((state, result))
        return result

    @property
    def statuses(self) -> Counter[str]:
        return Counter(result["status"] for _, result in self.calls if "status" in result)


@pytest.fixture(scope="module")
def approved() -> Rehearsal:
    return Rehearsal(approved=True)


@pytest.fixture(scope="module")
def state(approved: Rehearsal) -> Any:
    return approved.final["current_state"]


def test_every_way_of_going_on_is_taken(approved: Rehearsal) -> None:
    assert set(approved.statuses) == {
        "CONTINUE",
        "DISTRIBUTED_MAP",
        "PARALLEL_GROUP",
        "PAUSED_FOR_HITP",
        "ASYNC",
        "COMPLETE",
    }


def test_every_service_is_described_once_and_in_order(approved: Rehearsal) -> None:
    items = [state["item"]["service"] for state, _ in approved.calls if "item" in state]
    outputs = approved.final["distributed_outputs"]

    assert items == approved.final["current_state"]["services"]
    assert [output["service"] for output in outputs] == items


def test_same_input_gives_the_same_result(approved: Rehearsal) -> None:
    for state, result in approved.calls:
        assert canonical(unwrap(worker.handler)(state, None)) == canonical(result)


def test_catalog_has_an_entry_for_each_service(state: Json) -> None:
    assert list(state["catalog"]) == state["services"]
    assert all(entry["operations"] > 0 for entry in state["catalog"].values())


def test_each_branch_ends_with_its_last_step(approved: Rehearsal) -> None:
    steps = [
        (state["branch"]["branch_id"], result["status"])
        for state, result in approved.calls
        if "branch" in state
    ]

    assert steps == [
        (name, "COMPLETE" if step is row[-1] else "CONTINUE")
        for name, row in BRANCHES.items()
        for step in row
    ]


def test_branches_have_different_lengths() -> None:
    assert len({len(steps) for steps in BRANCHES.values()}) > 2


def test_rankings_hold_what_every_step_found(state: Json) -> None:
    assert {name: set(found) for name, found in state["rankings"].items()} == {
        "operations": {"most", "spread"},
        "words": {"most", "per_operation", "longest"},
        "shapes": {"shared", "most_shared", "alike"},
        "naming": {"verbs", "reading_styles", "lone_verbs", "untaggable"},
    }


def test_ranking_is_by_count_then_name(state: Json) -> None:
    ranked = state["rankings"]["shapes"]["most_shared"]

    assert ranked == sorted(ranked, key=lambda row: (-row["count"], row["name"]))
    assert ranked[0]["count"] > 1


def test_report_has_a_line_for_each_service(state: Json) -> None:
    report = state["report"]

    assert sum(map(len, report["chapters"].values())) == SERVICES
    assert report["headline"].startswith(f"{SERVICES} services, ")


def test_declined_catalog_is_not_published() -> None:
    declined = Rehearsal(approved=False)

    assert "ASYNC" not in declined.statuses
    assert declined.statuses["SKIPPED"] == 1
    assert "publication" not in declined.final["current_state"]


def test_the_state_machine_is_answered_the_same(approved: Rehearsal) -> None:
    for state, result in approved.calls:
        if "branch" not in state:
            event = state if "item" in state else {"state_data": state}
            assert canonical(worker.handler(event, None)) == canonical(result)
