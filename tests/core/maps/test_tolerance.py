"""How many items of a map may fail before the workflow does."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.map_runs import AGGREGATE, array, failed, pending, record, write
from universal_sync_core import universal_sync_core
from universal_sync_core.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("files", "next_action"),
    [
        ({"SUCCEEDED": array(record(0, 1)), "FAILED": array(failed(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, 1)), "PENDING": array(pending(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, 1), record(1, 2))}, "CONTINUE"),
        ({"FAILED": array(failed(0), failed(1))}, "FAILED"),
        ({"FAILED": array(failed(0)), "PENDING": array(pending(1))}, "FAILED"),
        ({"SUCCEEDED": array(record(0, {"status": "FAILED"}))}, "FAILED"),
        ({"SUCCEEDED": b"[]"}, "CONTINUE"),
    ],
)
def test_an_item_that_failed_fails_the_workflow_where_nothing_is_tolerated(
    store: CountingStore, files: dict[str, Any], next_action: str
) -> None:
    with fresh(store):
        bag = universal_sync_core({}, write(store, files), AGGREGATE)
    assert bag["next_action"] == next_action
    assert bag.get("status") == ("FAILED" if next_action == "FAILED" else None)


@pytest.mark.parametrize(
    ("tolerated", "failures", "next_action"),
    [
        (0, 0, "CONTINUE"),
        (0, 1, "FAILED"),
        (3, 3, "CONTINUE"),
        (3.0, 3, "CONTINUE"),
        (3, 4, "FAILED"),
        (40, 40, "CONTINUE"),
        ("0%", 1, "FAILED"),
        ("5%", 2, "CONTINUE"),
        ("5%", 3, "FAILED"),
        ("7.5%", 3, "CONTINUE"),
        ("7.499%", 3, "FAILED"),
        ("100%", 40, "CONTINUE"),
    ],
)
@pytest.mark.parametrize("kind", ["manifest", "manifest of outputs", "list"])
def test_as_many_may_fail_as_the_bag_tolerates(
    store: CountingStore, kind: str, tolerated: Any, failures: int, next_action: str
) -> None:
    count = 40
    outcomes: list[Any] = [{"status": "FAILED"} if n < failures else n for n in range(count)]
    with fresh(store):
        if kind == "list":
            result: Any = outcomes
        elif kind == "manifest of outputs":
            result = write(
                store, {"SUCCEEDED": array(*[record(n, each) for n, each in enumerate(outcomes)])}
            )
        else:
            halves = {
                "SUCCEEDED": array(*[record(n, n) for n in range(failures, count)]),
                "FAILED": array(*[failed(n) for n in range(failures // 2)]),
                "PENDING": array(*[pending(n) for n in range(failures // 2, failures)]),
            }
            result = write(store, halves)
        bag = synced(CONTEXT, {"tolerated_failed_items": tolerated})
        after = universal_sync_core(bag, result, AGGREGATE)
        assert after["next_action"] == next_action
        assert len(hydrated(after).get("failed_segments", [])) == failures


CAUSES = [
    ({}, "2 of 4 items of the map failed, and tolerated_failed_items allows 0. "),
    (
        {"tolerated_failed_items": 1},
        "2 of 4 items of the map failed, and tolerated_failed_items allows 1. ",
    ),
    (
        {"tolerated_failed_items": "7.5%"},
        "2 of 4 items of the map failed, and tolerated_failed_items allows 7.5%. ",
    ),
    ({"tolerated_failed_items": 2}, None),
]


@pytest.mark.parametrize(("given", "cause"), CAUSES, ids=["none", "count", "share", "enough"])
def test_the_cause_of_a_map_that_failed_has_the_counts(
    store: CountingStore, given: dict[str, Any], cause: str | None
) -> None:
    files = {"SUCCEEDED": array(record(0, 1), record(1, {"status": "FAILED"}), record(2, 3))}
    files |= {"FAILED": array(failed(3))}
    with fresh(store):
        bag = universal_sync_core(given, write(store, files), AGGREGATE)
    expected = cause and {
        "error": "Workflow.FAILED",
        "cause": f"{cause}failed_segments reports each of them.",
    }
    assert bag.get("stopped_by") == expected


@pytest.mark.parametrize(
    "tolerated",
    [-1, 0.5, True, None, "5", "5 %", "101%", "-1%", "%", "1e2%", "\uff15%", [], {}, 10**30],
)
@pytest.mark.usefixtures("store")
def test_a_tolerance_is_a_count_or_a_percentage(tolerated: Any) -> None:
    for action in ("sync", "init", "merge_callback"):
        with pytest.raises(InvalidRequestError, match="tolerated_failed_items must be"):
            universal_sync_core(CONTEXT, {"tolerated_failed_items": tolerated}, {"action": action})


def test_a_tolerance_stays_where_it_is_read_in_a_bag_of_very_many_fields() -> None:
    many = {f"field-{n}": "x" * 200 for n in range(900)}
    with fresh(CountingStore()):
        bag = synced(CONTEXT, {"tolerated_failed_items": "50%"} | many)
        assert bag["tolerated_failed_items"] == "50%"
        joined = universal_sync_core(bag, [{"status": "FAILED"}, 1], AGGREGATE)
    assert joined["next_action"] == "CONTINUE"
