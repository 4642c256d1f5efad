"""A result that says WAIT: until when, and what comes then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.bags import CONTEXT, synced
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import (
    complete_branch,
    first_bag,
    fork_branch,
    join_branches,
    open_bag,
    record_failure,
    state_task,
    store_result,
    store_to_s3,
)
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")

YEAR = 31_536_000
CONTINUES = sorted(WAYS.keys() - {"branches"})


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("way", CONTINUES)
@pytest.mark.parametrize("seconds", [0, 1, 25.0, YEAR])
def test_it_waits_so_long_and_never_shorter(way: str, seconds: float) -> None:
    send, _ = WAYS[way]
    before = datetime.now(UTC)
    bag = send(first(), {"status": "WAIT", "wait_seconds": seconds})
    assert bag["next_action"] == "WAIT"
    ends, wanted = moment(bag["wait_state"]["until"]), timedelta(seconds=seconds)
    assert ends >= (before + wanted if seconds else before - timedelta(seconds=1))
    assert ends <= datetime.now(UTC) + wanted + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("given", "until"),
    [
        ("2026-01-31T09:00:00Z", None),
        ("2026-01-31t09:00:00z", None),
        ("1970-01-01T00:00:00+01:00", None),
        ("{day}T09:00:00+01:00", "{day}T08:00:00Z"),
        ("{day} 09:00:00.25-02:30", "{day}T11:30:01Z"),
    ],
)
def test_it_waits_until_a_time_and_not_for_one_that_is_over(given: str, until: str | None) -> None:
    day = datetime.now(UTC).date() + timedelta(days=100)
    given, expected = given.format(day=day), until and until.format(day=day)
    bag = synced_by("sync")(first(), {"status": "WAIT", "wait_until": given})
    found = bag["wait_state"]["until"]
    assert found == expected or (expected is None and moment(found) <= datetime.now(UTC))


def test_a_worker_may_give_a_datetime_and_any_form_of_the_result() -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    result = {"status": "WAIT", "wait_until": at, "note": "x" * 80_000}
    worker = state_task(lambda *_: result)
    bag = synced(first(), worker({"state_data": first()}, None), CONTEXT | {"action": "sync"})
    assert moment(bag["wait_state"]["until"]) == at
    stored = store_to_s3(at.isoformat(), CONTEXT)
    bag = synced_by("sync")(first(), {"status": "WAIT", "wait_until": stored})
    assert moment(bag["wait_state"]["until"]) == at


NO_SECONDS: tuple[Any, ...] = (-1, 0.5, "5", True, [], YEAR + 1)
NO_TIMES: tuple[Any, ...] = (
    *(5, "", "Monday", "2026-01-31", "2026-01-31T09:00:00"),
    *("2026-02-31T09:00:00Z", "2999-01-31T09:00:00Z"),
)
WRONG: list[tuple[Bag, str]] = [
    ({}, "wait_seconds"),
    ({"wait_seconds": None, "wait_until": None}, "wait_seconds"),
    ({"wait_seconds": 5, "wait_until": "2026-01-31T09:00:00Z"}, "wait_seconds"),
    *(({"wait_seconds": value}, "wait_seconds") for value in NO_SECONDS),
    *(({"wait_until": value}, "wait_until") for value in NO_TIMES),
]


@pytest.mark.parametrize("way", CONTINUES)
def test_what_is_no_time_is_refused_by_name_without_its_value(way: str) -> None:
    send, place = WAYS[way]
    for given, field in WRONG:
        with pytest.raises(InvalidRequestError) as caught:
            send(first(), {"status": "WAIT", **given})
        assert caught.value.field == f"{place}.{field}"
        assert "Monday" not in str(caught.value)


def test_a_wait_with_two_ends_is_told_so() -> None:
    result = {"status": "WAIT", "wait_seconds": 5, "wait_until": "2026-01-31T09:00:00Z"}
    with pytest.raises(InvalidRequestError, match="the result has both"):
        synced(first(), result)
    with pytest.raises(InvalidRequestError, match="the result has neither"):
        synced(first(), {"status": "WAIT"})


@pytest.mark.parametrize(
    ("action", "at", "result", "segment", "then"),
    [
        ("sync", 2, {}, 2, "CONTINUE"),
        ("update_and_compress", 8, {}, 8, "CONTINUE"),
        ("sync", 2, {"next_segment_to_run": 3}, 3, "CONTINUE"),
        ("sync", 2, {"next_segment_to_run": 9}, 9, "COMPLETE"),
        ("merge_callback", 2, {}, 3, "CONTINUE"),
        ("merge_async", 8, {}, 9, "COMPLETE"),
    ],
)
def test_after_it_the_segment_runs_again_or_the_one_that_it_names(
    action: str, at: int, result: Bag, segment: int, then: str
) -> None:
    bag = first_bag({"total_segments": 9, "segment_to_run": at}, CONTEXT)
    bag = synced_by(action)(bag, {"status": "WAIT", "wait_seconds": 5, **result})
    assert (bag["segment_to_run"], bag["wait_state"]["then"]) == (segment, then)


def test_a_poll_is_a_segment_and_the_wait_counts_in_the_history_alone() -> None:
    bag = first(loop_limit=50)
    for turn in range(1, 41):
        bag = synced_by("sync")(bag, {"status": "WAIT", "wait_seconds": 25})
        assert (bag["loop_counter"], bag["execution_segments"]) == (turn, 2 * turn)
    after = synced_by("sync")(bag, {})
    assert (after["loop_counter"], after["execution_segments"]) == (41, 81)
    assert "wait_state" not in after


def test_fields_of_these_names_are_data_where_nobody_waits() -> None:
    given = {"wait_seconds": "long", "wait_until": ["Monday"]}
    bag = synced_by("sync")(first(), given)
    assert {name: bag[name] for name in given} == given
    waiting = synced_by("sync")(bag, {"status": "WAIT", "wait_seconds": 5})
    assert waiting["wait_until"] == ["Monday"]


@pytest.mark.parametrize("value", [{"until": "2026-01-31T09:00:00Z", "then": "CONTINUE"}, 5, None])
def test_nobody_but_the_machine_says_what_it_reads(value: Any) -> None:
    for send in (synced_by("sync"), WAYS["merge_callback"][0]):
        with pytest.raises(InvalidRequestError, match="wait_state is a control field"):
            send(first(), {"wait_state": value})


def test_a_workflow_that_failed_after_a_wait_is_not_made_to_wait_again() -> None:
    bag = synced_by("sync")(first(), {"status": "WAIT", "wait_seconds": 0})
    path = record_failure(bag, {"Error": "E", "Cause": "c"})["record_s3_path"]
    resumed = first_bag({"resume_from": path}, CONTEXT)
    assert (resumed["next_action"], resumed["wait_state"]) == ("WAIT", bag["wait_state"])


def test_a_branch_waits_as_a_segment_does_and_its_parent_is_told() -> None:
    parent = synced_by("sync")(first(), {"status": "PARALLEL_GROUP", "pending_branches": ["a"]})
    state = open_bag(fork_branch(parent, "a"))
    for _ in range(3):
        state.merge({"status": "WAIT", "wait_seconds": 5, "current_state": {"polled": True}})
        state.commit()
    branch = state.commit()
    assert branch["next_action"] == "WAIT"
    assert (branch["loop_counter"], branch["execution_segments"]) == (3, 6)
    joined = join_branches(parent, [complete_branch(branch | {"next_action": "COMPLETE"})])
    (report,) = joined["branch_results"]
    assert (report["segments_run"], report["waits"]) == (3, 3)
    assert joined["execution_segments"] == parent["execution_segments"] + 1 + 2 + 6
    assert "wait_state" not in joined
    assert joined["current_state"] == {"polled": True}


def test_an_item_of_a_map_does_not_wait() -> None:
    with pytest.raises(InvalidRequestError, match="cannot ask for WAIT"):
        store_result({"status": "WAIT", "wait_seconds": 5}, CONTEXT)
