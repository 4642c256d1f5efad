"""How a workflow goes on: the routing of a status, and the counting of segments."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import first_bag, store_to_s3, universal_sync_core
from universal_sync_core.bag.execution_budget import branch_limit
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_HISTORY_EVENTS
from universal_sync_core.values.compression import compress


def after(base: dict[str, Any], result: Any, action: str | None = "sync") -> dict[str, Any]:
    return universal_sync_core(base, result, {"action": action} if action else None)


@pytest.mark.parametrize(
    ("status", "next_action"),
    [
        ("CONTINUE", "CONTINUE"),
        ("SKIPPED", "CONTINUE"),
        ("COMPLETE", "COMPLETE"),
        ("SUCCEEDED", "COMPLETE"),
        ("FAILED", "FAILED"),
        ("HALTED", "HALTED"),
        ("SIGKILL", "SIGKILL"),
        ("PAUSED_FOR_HITP", "PAUSED_FOR_HITP"),
        ("PAUSE", "PAUSED_FOR_HITP"),
        ("PARALLEL_GROUP", "PARALLEL_GROUP"),
        ("DISTRIBUTED_MAP", "DISTRIBUTED_MAP"),
        ("ASYNC", "ASYNC"),
    ],
)
def test_a_status_leads_to_its_next_action(status: Any, next_action: str) -> None:
    result = {"status": status, "pending_branches": ["a"], "distributed_items": [1]}
    assert after({}, result)["next_action"] == next_action


@pytest.mark.parametrize("pending", [{}, {"pending_branches": None}, {"pending_branches": "a"}])
def test_a_parallel_group_needs_the_list_of_its_branches(pending: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        after({}, {"status": "PARALLEL_GROUP"} | pending)
    assert caught.value.field == "execution_result.pending_branches"


NO_ITEMS: list[Any] = [
    *(None, "a", 5, {}, {"bucket": "b"}, {"key": "k"}),
    *({"bucket": 1, "key": 2}, {"bucket": "", "key": ""}, {"bucket": "b", "key": None}),
]


@pytest.mark.parametrize("items", NO_ITEMS)
def test_a_distributed_map_needs_its_items(items: Any) -> None:
    for given in ({}, {"distributed_items": items}):
        with pytest.raises(InvalidRequestError) as caught:
            after({}, {"status": "DISTRIBUTED_MAP"} | given)
        assert caught.value.field == "execution_result.distributed_items"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("items", [[], [1], ["x" * 900] * 90, {"bucket": "b", "key": "k"}])
@pytest.mark.parametrize("form", ["inline", "a pointer", "packed", "of an earlier result"])
def test_items_may_have_any_form(items: Any, form: str) -> None:
    stored = {"a pointer": store_to_s3(items, CONTEXT), "packed": compress(items)}
    given = {"distributed_items": stored.get(form, items)}
    base = synced({}, given) if form == "of an earlier result" else {}
    bag = synced(base, {"status": "DISTRIBUTED_MAP"} | ({} if base else given))
    assert bag["next_action"] == "DISTRIBUTED_MAP"
    assert hydrated(bag)["distributed_items"] == items


@pytest.mark.usefixtures("store")
def test_items_of_a_bag_of_very_many_fields_are_found() -> None:
    bag = synced({}, {f"key-{n:04}": "x" * 100 for n in range(2_000)} | {"distributed_items": [1]})
    assert "distributed_items" not in bag
    assert synced(bag, {"status": "DISTRIBUTED_MAP"})["next_action"] == "DISTRIBUTED_MAP"


@pytest.mark.parametrize("count", [3, 40, 300])
@pytest.mark.parametrize("behind", ["nothing", "a pointer", "a pointer to the result"])
def test_and_the_state_machine_finds_it_inline(
    store: CountingStore, count: int, behind: str
) -> None:
    branches = [{"branch_id": f"b{number}", "text": "x" * 900} for number in range(count)]
    result: dict[str, Any] = {"status": "PARALLEL_GROUP", "pending_branches": branches}
    with fresh(store):
        if behind == "a pointer":
            result["pending_branches"] = store_to_s3(branches, CONTEXT)
        elif behind == "a pointer to the result":
            result = store_to_s3(result, CONTEXT)
        bag = synced({}, result)
        assert isinstance(bag["pending_branches"], list)
        assert len(bag["pending_branches"]) == count
        assert hydrated(bag)["pending_branches"] == branches


def test_without_a_status_it_goes_on_even_if_the_bag_has_one() -> None:
    assert after({"status": "PAUSE", "next_action": "ASYNC"}, {"a": 1})["next_action"] == "CONTINUE"


@pytest.mark.parametrize(
    ("base", "result", "action", "expected"),
    [
        ({"total_segments": 3}, {}, "sync", (1, "CONTINUE")),
        ({"total_segments": 3, "segment_to_run": 1}, {}, "sync", (2, "CONTINUE")),
        ({"total_segments": 3, "segment_to_run": 2}, {}, "sync", (3, "COMPLETE")),
        ({"total_segments": 3, "segment_to_run": 2}, {"status": "ASYNC"}, "sync", (2, "ASYNC")),
        ({"total_segments": 3, "segment_to_run": 1}, {}, "merge_callback", (2, "CONTINUE")),
        ({"total_segments": 3, "segment_to_run": 2}, {}, "merge_async", (3, "COMPLETE")),
        (
            {"total_segments": 9, "segment_to_run": 1},
            {"status": "PAUSE"},
            "merge_async",
            (2, "PAUSED_FOR_HITP"),
        ),
        (
            {"total_segments": 9, "segment_to_run": 1},
            {"status": "FAILED"},
            "merge_callback",
            (1, "FAILED"),
        ),
        (
            {"total_segments": 9, "segment_to_run": 1},
            {"next_segment_to_run": 7},
            "sync",
            (7, "CONTINUE"),
        ),
        (
            {"total_segments": 9, "segment_to_run": 5},
            {"next_segment_to_run": 0},
            "sync",
            (0, "CONTINUE"),
        ),
        (
            {"total_segments": 9, "segment_to_run": 5},
            {"next_segment_to_run": 9},
            "sync",
            (9, "COMPLETE"),
        ),
        ({"segment_to_run": 5}, {}, "sync", (5, "CONTINUE")),
        ({"segment_to_run": 5}, {"total_segments": 6}, "sync", (6, "COMPLETE")),
        ({"total_segments": 9, "segment_to_run": 5}, {}, "create_snapshot", (5, "CONTINUE")),
        ({"total_segments": 0}, {}, "sync", (1, "COMPLETE")),
        ({"total_segments": "many", "segment_to_run": 5}, {}, "sync", (5, "CONTINUE")),
    ],
)
def test_finishing_a_segment_moves_on_by_one(
    base: dict[str, Any], result: dict[str, Any], action: str, expected: tuple[int, str]
) -> None:
    bag = after(base, result, action)
    assert (bag["segment_to_run"], bag["next_action"]) == expected


def test_a_next_segment_of_an_earlier_result_does_not_count_again() -> None:
    bag = after({"total_segments": 9}, {"next_segment_to_run": 4})
    assert after(bag, {})["segment_to_run"] == 5


@pytest.mark.parametrize(
    ("action", "count"),
    [("sync", 6), ("sync_branch", 6), ("update_and_compress", 6), ("merge_callback", 5)],
)
def test_syncs_are_counted_as_loops(action: str, count: int) -> None:
    assert after({"loop_counter": 5}, {}, action)["loop_counter"] == count


def test_every_sync_is_a_revision_with_its_time() -> None:
    bag = after({}, {})
    assert bag["state_revision"] == 1
    again = after(bag, {"state_revision": 77})
    assert again["state_revision"] == 2
    assert again["last_update_time"] >= bag["last_update_time"]


def test_an_answer_from_an_older_revision_is_merged_by_time_and_reported() -> None:
    state = {"plan": {"updated_at": 20, "owner": "now"}}
    base = after({"state_revision": 6}, {"current_state": state}, None)
    answer = {
        "state_revision": 4,
        "current_state": {"plan": {"updated_at": 10, "owner": "then", "note": "late"}},
    }
    merged = after(base, {"callback_result": answer}, "merge_callback")
    assert merged["current_state"]["plan"] == {"updated_at": 20, "owner": "now", "note": "late"}
    report = {"action": "merge_callback", "computed_from": 4, "merged_into": 7}
    assert merged["stale_result"] == report
    assert merged["state_revision"] == 8
    assert "stale_result" not in after(base, {"callback_result": {"state_revision": 7}})


def test_items_that_failed_are_a_failure_of_the_map() -> None:
    failed = [{"status": "FAILED"}, {"Error": "E", "Cause": "C"}]
    assert after({}, failed, "aggregate_distributed")["next_action"] == "FAILED"
    assert after({}, [*failed, {}], "aggregate_distributed")["next_action"] == "FAILED"
    tolerant = {"tolerated_failed_items": 2}
    assert after(tolerant, [*failed, {}], "aggregate_distributed")["next_action"] == "CONTINUE"
    assert after({}, [], "aggregate_distributed")["next_action"] == "CONTINUE"
    assert after({}, failed, "sync")["next_action"] == "CONTINUE"


@pytest.mark.parametrize(
    ("branches", "before", "each"),
    [(1, 350, 900), (10, 350, 90), (746, 350, 1), (300, 800, 2), (405, 800, 1), (573, 800, 1)],
)
def test_branches_share_what_the_history_has_left(branches: int, before: int, each: int) -> None:
    assert branch_limit(branches, before) == each
    events = 12 * before + branches * (14 + 12 * each)
    assert events <= STEP_FUNCTIONS_HISTORY_EVENTS - 500


@pytest.mark.parametrize(("branches", "before"), [(574, 800), (900, 800), (781, 350)])
def test_a_group_that_does_not_fit_the_history_is_refused_by_name(
    branches: int, before: int
) -> None:
    assert branch_limit(branches, before) == 0
    bag = first_bag({"segments_per_execution": before}, CONTEXT)
    asked = {"status": "PARALLEL_GROUP", "pending_branches": list(range(branches))}
    with pytest.raises(InvalidRequestError, match="does not fit the history") as caught:
        universal_sync_core(bag, asked, {"action": "sync"})
    assert caught.value.field == "execution_result.pending_branches"


def test_of_a_bag_of_another_machine_nothing_is_known_of_the_history() -> None:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": list(range(5_000))}
    assert synced({}, asked)["next_action"] == "PARALLEL_GROUP"
