"""A result that says ASYNC and names a job: which one is waited for, and for how long."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import (
    complete_branch,
    create_snapshot,
    first_bag,
    fork_branch,
    join_branches,
    open_bag,
    record_failure,
    store_to_s3,
)
from universal_sync_core.errors import InvalidRequestError

pytestmark = pytest.mark.usefixtures("store")

WEEK = 7 * 24 * 3_600
ARN = "arn:aws:states:us-east-1:123456789012:execution:nested:run-1"
WAITS = sorted(WAYS.keys() - {"branches"})


@pytest.mark.parametrize("way", WAITS)
@pytest.mark.parametrize(("given", "seconds"), [({}, WEEK), ({"wait_seconds": 90.0}, 90)])
def test_the_bag_says_which_job_is_waited_for_and_how_long(
    way: str, given: Bag, seconds: int
) -> None:
    send, _ = WAYS[way]
    bag = send(first(), {"status": "ASYNC", "job": ARN, **given})
    assert bag["next_action"] == "ASYNC"
    assert bag["awaited_job"] == {"id": ARN, "timeout_seconds": seconds}


def test_a_job_may_stand_behind_a_pointer() -> None:
    bag = synced_by("sync")(first(), {"status": "ASYNC", "job": store_to_s3(ARN, CONTEXT)})
    assert bag["awaited_job"]["id"] == ARN


NO_IDS: tuple[Any, ...] = ("", 5, [], {}, True, "a\nb", "x" * 2_049)
NO_SECONDS: tuple[Any, ...] = (0, -1, 0.5, "5", 31_536_001)
WRONG: list[tuple[Bag, str]] = [
    *(({"job": value}, "job") for value in NO_IDS),
    *(({"job": ARN, "wait_seconds": value}, "wait_seconds") for value in NO_SECONDS),
]


@pytest.mark.parametrize("way", WAITS)
def test_what_is_no_job_is_refused_by_name_without_its_value(way: str) -> None:
    send, place = WAYS[way]
    for given, field in WRONG:
        with pytest.raises(InvalidRequestError) as caught:
            send(first(), {"status": "ASYNC", **given})
        assert caught.value.field == f"{place}.{field}"
        assert "nested" not in str(caught.value)


@pytest.mark.parametrize("status", [None, "CONTINUE", "PAUSED_FOR_HITP", "COMPLETE"])
def test_a_field_of_this_name_is_data_where_no_job_is_waited_for(status: str | None) -> None:
    result: Bag = {"job": {"name": "nightly"}} | ({"status": status} if status else {})
    bag = synced_by("sync")(first(), result)
    assert bag["job"] == {"name": "nightly"}
    assert "awaited_job" not in bag
    # And it is the job of no later wait.
    later = synced_by("sync")(bag, {"status": "ASYNC"})
    assert "awaited_job" not in later


@pytest.mark.parametrize("result", [{}, {"status": "ASYNC"}, {"status": "WAIT", "wait_seconds": 1}])
def test_a_wait_that_is_over_is_no_part_of_the_next(result: Bag) -> None:
    bag = synced_by("sync")(first(), {"status": "ASYNC", "job": ARN})
    assert "awaited_job" not in synced_by("merge_async")(bag, result)


def test_a_worker_that_echoes_the_bag_waits_for_no_job_that_is_over() -> None:
    bag = synced_by("sync")(first(), {"status": "ASYNC", "job": ARN})
    bag = synced_by("merge_async")(bag, {"status": "CONTINUE", "job_result": {"state": "DONE"}})
    echoed = synced_by("sync")(bag, {**bag, "status": "ASYNC"})
    assert (echoed["next_action"], "awaited_job" in echoed) == ("ASYNC", False)


@pytest.mark.parametrize("value", [{"id": ARN, "timeout_seconds": 60}, 5, None])
def test_nobody_but_the_machine_says_what_it_reads(value: Any) -> None:
    for send in (synced_by("sync"), WAYS["merge_callback"][0]):
        with pytest.raises(InvalidRequestError, match="awaited_job is a control field"):
            send(first(), {"awaited_job": value})


@pytest.mark.parametrize(
    "value",
    [
        5,
        {},
        {"id": ARN},
        {"id": "", "timeout_seconds": 60},
        {"id": ARN, "timeout_seconds": 0},
        {"id": ARN, "timeout_seconds": 60.5},
        {"id": ARN, "timeout_seconds": True},
    ],
)
def test_the_bag_of_a_worker_says_it_as_the_machine_does(value: Any) -> None:
    before = first()
    bag = synced_by("sync")(before, {"status": "ASYNC", "job": ARN})
    assert synced_by("sync")(before, {"state_data": bag})["awaited_job"] == bag["awaited_job"]
    with pytest.raises(InvalidRequestError, match="awaited_job must have the form"):
        synced_by("sync")(before, {"state_data": bag | {"awaited_job": value}})
    with pytest.raises(InvalidRequestError, match="awaited_job must have the form"):
        synced_by("sync")(before, {"state_data": bag | {"next_action": "CONTINUE"}})


def test_a_workflow_that_is_resumed_waits_for_the_same_job_or_for_one_that_is_named() -> None:
    bag = synced_by("sync")(first(), {"status": "ASYNC", "job": ARN, "wait_seconds": 60})
    path = record_failure(bag, {"Error": "Job.FAILED", "Cause": "c"})["record_s3_path"]
    same = first_bag({"resume_from": path}, CONTEXT)
    assert (same["next_action"], same["awaited_job"]) == ("ASYNC", bag["awaited_job"])
    other = first_bag({"resume_from": path, "job": "jr_2"}, CONTEXT)
    assert other["awaited_job"] == {"id": "jr_2", "timeout_seconds": WEEK}


def test_a_snapshot_on_the_way_keeps_the_wait() -> None:
    bag = synced_by("sync")(first(), {"status": "ASYNC", "job": ARN})
    assert create_snapshot(bag, "pre")["awaited_job"] == bag["awaited_job"]


def test_a_branch_waits_for_its_own_job_and_its_parent_does_not() -> None:
    parent = synced_by("sync")(first(), {"status": "PARALLEL_GROUP", "pending_branches": ["a"]})
    state = open_bag(fork_branch(parent, "a"))
    state.merge({"status": "ASYNC", "job": ARN})
    branch = state.commit()
    assert branch["awaited_job"]["id"] == ARN
    joined = join_branches(parent, [complete_branch(branch | {"next_action": "COMPLETE"})])
    assert "awaited_job" not in joined
