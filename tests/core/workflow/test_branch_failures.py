"""Branches that failed: reported, counted, and their results up to the failure kept."""

import pytest

from tests.core.bags import CONTEXT, hydrated
from tests.core.workflow.branches import joined, parent, worked
from universal_sync_core import complete_branch, fork_branch, universal_sync_core
from universal_sync_core.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("branches", "status"),
    [
        (["FAILED", "COMPLETE"], None),
        (["FAILED", "TIMED_OUT"], "FAILED"),
        (["HALTED", "SIGKILL"], "FAILED"),
        (["COMPLETE", "COMPLETE"], None),
    ],
)
@pytest.mark.usefixtures("place")
def test_failed_branches_are_reported_and_all_failed_is_a_failure(
    branches: list[str], status: str | None
) -> None:
    state = parent()
    pointers = [
        {**worked(state, f"b{number}", {f"from_{number}": 1}), "status": ended}
        for number, ended in enumerate(branches)
    ]
    bag = joined(state, *pointers)
    failed = [number for number, ended in enumerate(branches) if ended != "COMPLETE"]
    reports = hydrated(bag).get("failed_segments", [])
    assert [report["index"] for report in reports] == failed
    assert [report["branch_id"] for report in reports] == [f"b{number}" for number in failed]
    assert bag.get("status") == status
    assert bag["next_action"] == (status or "CONTINUE")


@pytest.mark.parametrize(("tolerated", "status"), [(0, "FAILED"), (1, None), (2, None)])
@pytest.mark.usefixtures("store")
def test_how_many_may_fail_is_up_to_the_bag(tolerated: int, status: str | None) -> None:
    state = parent(tolerated_branch_failures=tolerated)
    bad = {"branch_id": "b", "status": "FAILED", "error": "E", "cause": "C"}
    bag = joined(state, worked(state, "a", {"x": 1}), bad, worked(state, "c", {"y": 1}))
    assert bag.get("status") == status


@pytest.mark.parametrize(("given", "allowed"), [({}, 1), ({"tolerated_branch_failures": 0}, 0)])
@pytest.mark.usefixtures("store")
def test_the_cause_of_a_group_that_failed_has_the_counts(
    given: dict[str, int], allowed: int
) -> None:
    bag = joined(parent(**given), {"status": "FAILED"}, {"status": "FAILED"})
    counts = f"2 of 2 branches failed, and tolerated_branch_failures allows {allowed}"
    cause = f"{counts}. failed_segments reports each of them."
    assert bag["stopped_by"] == {"error": "Workflow.FAILED", "cause": cause}


@pytest.mark.usefixtures("store")
def test_the_report_of_a_branch_whose_map_failed_has_the_counts() -> None:
    state = parent()
    failing = universal_sync_core(
        fork_branch(state, {"branch_id": "a"}),
        [{"status": "FAILED"}, 1],
        {"action": "aggregate_distributed"},
    )
    bag = joined(state, complete_branch(failing), worked(state, "b", {"x": 1}))
    (report,) = hydrated(bag)["failed_segments"][1:]
    assert report["error"] == "Workflow.FAILED"
    assert report["cause"].startswith("1 of 2 items of the map failed")


@pytest.mark.usefixtures("store")
def test_how_many_may_fail_is_a_number() -> None:
    state = parent(tolerated_branch_failures="some")
    with pytest.raises(InvalidRequestError) as caught:
        joined(state, worked(state, "a", {"x": 1}))
    assert caught.value.field == "state_data.tolerated_branch_failures"


@pytest.mark.usefixtures("place")
def test_a_branch_that_left_only_the_news_of_its_failure_is_reported() -> None:
    state = parent()
    news = {"branch_id": "b", "status": "FAILED", "error": "Lambda.Unknown", "cause": "gone"}
    bag = joined(state, worked(state, "a", {"from_a": 1}), news)
    assert hydrated(bag)["failed_segments"] == [
        {
            "index": 1,
            "branch_id": "b",
            "status": "FAILED",
            "error": "Lambda.Unknown",
            "cause": "gone",
        }
    ]
    assert "error" not in bag
    assert hydrated(bag)["from_a"] == 1


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("stop", [True, "x", ["x"], {"index": 9, "branch_id": "b"}])
def test_what_is_no_stop_tells_nothing_of_a_branch(stop: object) -> None:
    state = parent()
    failed = fork_branch(state, {"branch_id": "a"}, CONTEXT) | {"next_action": "FAILED"}
    bag = joined(state, failed | {"stopped_by": stop}, worked(state, "b", {"from_b": 1}))
    (report,) = hydrated(bag)["failed_segments"]
    assert (report["index"], report["branch_id"]) == (0, "a")


@pytest.mark.usefixtures("place")
def test_results_of_a_failed_branch_up_to_its_failure_are_kept() -> None:
    state = parent()
    pointer = worked(state, "a", {"current_state": {"left": {"n": 2}}}) | {"status": "FAILED"}
    bag = joined(state, pointer, worked(state, "b", {"x": 1}))
    assert hydrated(bag)["current_state"]["left"]["n"] == 2
