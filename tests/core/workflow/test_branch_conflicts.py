"""Branches that changed one place: decided by the strategy of the bag, and reported."""

from typing import Any

import pytest

from tests.core.bags import hydrated
from tests.core.workflow.branches import joined, parent, worked
from universal_sync_core.errors import InvalidRequestError, MergeConflictError


def one_leaf(strategy: str) -> dict[str, Any]:
    """Return the bag after three branches changed one leaf, the middle one last in time."""
    state = parent(branch_conflict_strategy=strategy)
    times = {"a": 10, "b": 30, "c": 20}
    branches = [
        worked(state, name, {"current_state": {"left": {"n": name, "updated_at": moment}}})
        for name, moment in times.items()
    ]
    return joined(state, *branches)


@pytest.mark.parametrize(
    ("strategy", "value"),
    [
        ("latest", "b"),
        ("first", "a"),
        ("last", "c"),
        ("collect", [{"branch_id": name, "value": name} for name in "abc"]),
    ],
)
@pytest.mark.usefixtures("place")
def test_branches_that_changed_one_leaf_differently_are_decided_by_strategy_and_reported(
    strategy: str, value: Any
) -> None:
    bag = one_leaf(strategy)
    assert hydrated(bag)["current_state"]["left"]["n"] == value
    reports = hydrated(bag)["branch_conflicts"]
    (report,) = [each for each in reports if each["path"] == "current_state.left.n"]
    assert report["branches"] == ["a", "b", "c"]
    assert report["strategy"] == strategy
    assert report.get("taken_from") == (None if strategy == "collect" else value)


@pytest.mark.usefixtures("place")
def test_or_refused_where_the_strategy_says_fail() -> None:
    with pytest.raises(MergeConflictError, match="current_state") as caught:
        one_leaf("fail")
    assert "current_state.left.n" in caught.value.paths
    assert not caught.value.retryable


@pytest.mark.usefixtures("place")
def test_branches_that_changed_one_leaf_alike_are_no_conflict() -> None:
    state = parent(branch_conflict_strategy="fail")
    result = {"current_state": {"left": {"n": 9}}}
    bag = joined(state, worked(state, "a", result), worked(state, "b", result))
    assert hydrated(bag)["current_state"]["left"]["n"] == 9
    assert "branch_conflicts" not in bag


@pytest.mark.usefixtures("store")
def test_an_unknown_conflict_strategy_is_refused_and_the_known_ones_named() -> None:
    state = parent(branch_conflict_strategy="loudest")
    with pytest.raises(InvalidRequestError, match="latest, first, last, collect, fail"):
        joined(state, worked(state, "a", {"x": 1}))


@pytest.mark.parametrize("strategy", ["latest", "first", "last"])
@pytest.mark.usefixtures("place")
def test_a_field_that_two_branches_changed_is_one_leaf(strategy: str) -> None:
    state = parent(branch_conflict_strategy=strategy)
    reports = {"a": {"title": "of a", "pages": 1}, "b": {"title": "of b", "more": [1]}}
    branches = [worked(state, name, {"report": report}) for name, report in reports.items()]
    bag = joined(state, *branches)
    (report,) = hydrated(bag)["branch_conflicts"]
    assert report["path"] == "report"
    assert hydrated(bag)["report"] == reports[report["taken_from"]]
