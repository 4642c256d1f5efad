"""The oracle against the design's tables, so that it may judge the package."""

from typing import Any

import pytest

from examples.api_catalog.oracle import append_new, deep_merge, differences, flatten, merge

OLD, NEW = "2025-01-01T00:00:00Z", "2025-06-01T02:00:00+02:00"


@pytest.mark.parametrize(
    ("result", "delta"),
    [
        (None, {}),
        ([], {"distributed_outputs": [], "chunk_count": 0}),
        ([1, 2], {"distributed_outputs": [1, 2], "chunk_count": 2}),
        ({"a": 1}, {"a": 1}),
        ({"callback_result": {"a": 1}, "x": 2}, {"a": 1}),
        ({"async_result": "done"}, {"raw_result": "done"}),
        ({"execution_result": {"a": 1}}, {"a": 1}),
        ({"execution_result": {"a": 1}, "b": 2}, {"execution_result": {"a": 1}, "b": 2}),
        ("text", {"raw_result": "text"}),
        (False, {"raw_result": False}),
    ],
)
def test_flatten(result: Any, delta: Any) -> None:
    assert flatten(result) == delta


@pytest.mark.parametrize(
    ("base", "delta", "merged"),
    [
        ({"status": "A"}, {"status": "B"}, {"status": "B"}),
        ({"tags": [1], "kept": 0}, {"tags": [2]}, {"tags": [2], "kept": 0}),
        ({"state_history": [1]}, {"state_history": [1, 2]}, {"state_history": [1, 2]}),
        ({"state_history": [1]}, {"new_history_logs": [2]}, {"state_history": [1, 2]}),
        ({}, {"state_history": {"one": "entry"}}, {"state_history": [{"one": "entry"}]}),
        (
            {"current_state": {"a": {"b": 1, "c": [1]}}},
            {"current_state": {"a": {"c": [2], "d": None}}},
            {"current_state": {"a": {"b": 1, "c": [2], "d": None}}},
        ),
        ({"other": {"a": 1}}, {"other": {"b": 2}}, {"other": {"b": 2}}),
    ],
)
def test_merge(base: Any, delta: Any, merged: Any) -> None:
    assert merge(base, delta) == merged


def test_history_keeps_its_order_and_drops_what_is_there() -> None:
    assert append_new([{"a": 1, "b": 2}], [{"b": 2, "a": 1}, 1, True, 1.0, 1]) == [
        {"a": 1, "b": 2},
        1,
        True,
        1.0,
    ]


@pytest.mark.parametrize(
    ("base_time", "delta_time", "winner"),
    [
        (OLD, NEW, "delta"),
        (NEW, OLD, "base"),
        (NEW, NEW, "delta"),
        (NEW, "yesterday", "delta"),
        (1_750_000_000, 1_740_000_000, "base"),
    ],
)
def test_older_side_only_adds_what_is_missing(base_time: Any, delta_time: Any, winner: str) -> None:
    merged = deep_merge(
        {"updated_at": base_time, "by": "base"},
        {"updated_at": delta_time, "by": "delta", "added": 1},
    )

    assert merged["by"] == winner
    assert merged["added"] == 1


def test_timestamp_decides_all_the_way_down_and_not_beside() -> None:
    merged = deep_merge(
        {"newer": {"timestamp": NEW, "inner": {"by": "base"}}, "beside": {"by": "base"}},
        {"newer": {"timestamp": OLD, "inner": {"by": "delta"}}, "beside": {"by": "delta"}},
    )

    assert merged == {
        "newer": {"timestamp": NEW, "inner": {"by": "base"}},
        "beside": {"by": "delta"},
    }


def test_differences_are_named_and_bookkeeping_is_no_difference() -> None:
    expected = {"same": 1, "other": 1, "missing": 1, "status": "COMPLETE"}
    actual = {"same": 1, "other": 1.0, "extra": 1, "status": "CONTINUE"}

    assert differences(expected, actual) == ["extra", "missing", "other"]


def test_merging_changes_no_argument() -> None:
    base = {"current_state": {"a": {"b": 1}}, "state_history": [1]}
    merge(base, {"current_state": {"a": {"c": 1}}, "state_history": [2]})

    assert base == {"current_state": {"a": {"b": 1}}, "state_history": [1]}
