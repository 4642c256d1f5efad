"""Branches that fork or map go on as executions of their own, and are joined like any."""

import json
from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, hydrated, synced
from universal_sync_core import (
    complete_branch,
    first_bag,
    fork_branch,
    hand_over,
    join_branches,
    load_from_s3,
    record_failure,
    stage_items,
)
from universal_sync_core.bag.execution_budget import SEGMENT_EVENTS
from universal_sync_core.bag.nesting import MOST_DEEP
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.storage import runtime
from universal_sync_core.workflow.continuation import STARTED_BY

pytestmark = pytest.mark.usefixtures("store")

Bag = dict[str, Any]
SYNC = CONTEXT | {"action": "sync_branch"}
PARENT = {STARTED_BY: EXECUTION}
# A dash and the digits of a SHA-1, which the state machine appends to the name.
APPENDED = 41


def group(*branches: Any, **more: Any) -> Bag:
    return {"status": "PARALLEL_GROUP", "pending_branches": list(branches), **more}


def workflow(*branches: Any, **fields: Any) -> Bag:
    """Return the bag of a workflow that has asked for branches."""
    return synced(first_bag(fields, CONTEXT), group(*branches), CONTEXT | {"action": "sync"})


def apart(bag: Bag, name: str = "own") -> Bag:
    """Return a branch's bag as an execution of its own begins with it."""
    following = hand_over(bag, CONTEXT)
    given = {"resume_from": following["resume_from"]} | PARENT
    return first_bag(given, {"execution_id": EXECUTION.replace("run-1", name)})


def forked(parent: Bag, branch: Any, *results: Any) -> Bag:
    bag = fork_branch(parent, branch, CONTEXT)
    for result in results:
        bag = synced(bag, result, SYNC)
    return bag


def joined(parent: Bag, *bags: Bag) -> Bag:
    return join_branches(parent, [complete_branch(bag, CONTEXT) for bag in bags], CONTEXT)


def nested(parent: Bag, branch: Any, *inner: Bag, **asked: Any) -> Bag:
    """Return a branch's bag after a group of its own, with a result of each inner branch."""
    asking = group(*map(str, range(len(inner))), **asked)
    bag = apart(forked(parent, branch, asking), f"own-{branch}")
    parts = [forked(bag, str(number), each) for number, each in enumerate(inner)]
    return joined(bag, *parts)


def test_what_inner_branches_change_reaches_the_workflow() -> None:
    parent = workflow("a", "b")
    a = nested(parent, "a", {"current_state": {"x": 1}}, {"current_state": {"y": 2}})
    b = forked(parent, "b", {"current_state": {"z": 3}})
    after = hydrated(joined(parent, a, b))
    assert after["current_state"] == {"x": 1, "y": 2, "z": 3}
    assert [each["branch_id"] for each in after["branch_results"]] == [
        each["branch_id"] for each in (a, b)
    ]
    assert {"branch_conflicts", "segments_in_parent", "execution_chain"}.isdisjoint(after)


def test_it_begins_with_a_history_of_its_own_and_the_state_as_it_was() -> None:
    asking = forked(workflow("a", "b", segments_per_execution=20), "a", group("x"))
    bag = apart(asking)
    assert (bag["execution_segments"], bag["segments_per_execution"]) == (0, 20)
    assert (asking["segments_per_execution"], asking["execution_segments"]) != (20, 0)
    assert bag["next_action"] == "PARALLEL_GROUP"
    assert bag["execution_chain"] == [EXECUTION, EXECUTION.replace("run-1", "own")]
    assert PARENT.keys().isdisjoint(bag)


def test_what_it_took_of_its_parents_history_is_counted_there() -> None:
    parent = workflow("a")
    asking = forked(parent, "a", {}, {}, group("x"))
    once = apart(asking)
    again = apart(once, "own-2")
    assert (once["segments_in_parent"], again["segments_in_parent"]) == (3 + 2, 3 + 2 + 1)
    after = joined(parent, synced(again, {"status": "COMPLETE"}, CONTEXT | {"action": "sync"}))
    (report,) = after["branch_results"]
    assert (report["segments_run"], report["segments_in_parent"]) == (4, 6)
    # Its fork and its end, and the join.
    assert after["execution_segments"] == parent["execution_segments"] + 2 + 6 + 1


def test_its_name_has_room_for_what_the_state_machine_appends() -> None:
    long = EXECUTION.replace("run-1", "x" * STEP_FUNCTIONS_NAME_CHARS)
    own = {"execution_id": long}
    parent = synced(first_bag({}, own), group("a"), own | {"action": "sync"})
    branch = synced(fork_branch(parent, "a", own), group("x"), own | {"action": "sync_branch"})
    assert len(hand_over(branch, own)["name"]) + APPENDED == STEP_FUNCTIONS_NAME_CHARS
    assert len(hand_over(parent, own)["name"]) == STEP_FUNCTIONS_NAME_CHARS


def test_the_record_of_a_branch_is_still_nothing_to_resume() -> None:
    branch = forked(workflow("a"), "a", group("x"))
    path = record_failure(branch, {"Error": "E"}, CONTEXT)["record_s3_path"]
    with pytest.raises(InvalidRequestError, match="resume the workflow"):
        first_bag({"resume_from": path} | PARENT, CONTEXT)


def test_nobody_but_its_parent_goes_on_with_a_branch() -> None:
    path = hand_over(forked(workflow("a"), "a", group("x")), CONTEXT)["resume_from"]
    with pytest.raises(InvalidRequestError, match="resume the workflow"):
        first_bag({"resume_from": path}, CONTEXT)


def test_conflicts_inside_are_settled_inside_and_told_outside() -> None:
    parent = workflow("a", "b")
    inner = [{"current_state": {"k": 1}}, {"current_state": {"k": 2}}]
    a = nested(parent, "a", *inner, branch_conflict_strategy="first")
    b = nested(parent, "b", *inner, branch_conflict_strategy="last")
    after = hydrated(joined(parent, a, b))
    told = [(each["path"], each.get("within")) for each in after["branch_conflicts"]]
    names = [bag["branch_id"] for bag in (a, b)]
    assert told == [("current_state.k", None), *(("current_state.k", [name]) for name in names)]
    assert a["current_state"]["k"] == 1


def test_what_branches_asked_for_themselves_is_no_conflict() -> None:
    parent = workflow("a", "b", branch_conflict_strategy="fail")
    maps = [
        {"status": "DISTRIBUTED_MAP", "distributed_items": [n], "tolerated_failed_items": n}
        for n in (1, 2)
    ]
    bags = [apart(forked(parent, name, each)) for name, each in zip("ab", maps, strict=True)]
    ended = [synced(bag, {"status": "COMPLETE"}, CONTEXT | {"action": "sync"}) for bag in bags]
    after = hydrated(joined(parent, *ended))
    assert {"distributed_items", "tolerated_failed_items"}.isdisjoint(after)


def ended(parent: Bag, name: str, outputs: list[Any]) -> Bag:
    """Return the bag of a branch that has run a map and ended."""
    asking = {"status": "DISTRIBUTED_MAP", "distributed_items": outputs}
    of_map = CONTEXT | {"action": "aggregate_distributed"}
    bag = synced(apart(forked(parent, name, asking)), outputs, of_map)
    return synced(bag, {"status": "COMPLETE"}, CONTEXT | {"action": "sync"})


LARGE = [{"n": n, "text": "x" * 200} for n in range(2_000)]
# Its key stands for a pointer in the bag, unless it is escaped there.
ODD = [{"__s3_offloaded": True}, {"__escaped:__s3_offloaded": 1}]


@pytest.mark.parametrize(
    ("a", "b"),
    [([1, 2], [3]), (LARGE, [3]), (LARGE, LARGE[1:]), ([1], [1]), (ODD, ODD[1:]), (ODD, LARGE)],
)
def test_outputs_of_two_maps_are_each_branchs_own(a: list[Any], b: list[Any]) -> None:
    parent = workflow("a", "b", "c", branch_conflict_strategy="fail")
    bags = [ended(parent, "a", a), ended(parent, "b", b)]
    plain = synced(forked(parent, "c", {}), {"status": "COMPLETE"}, SYNC)
    after = joined(parent, *bags, plain)
    assert {"distributed_outputs", "chunk_count", "branch_conflicts"}.isdisjoint(after)
    reports = hydrated(after)["branch_results"]
    assert [each.get("distributed_outputs") for each in reports] == [a, b, None]


def test_outputs_of_two_maps_leave_those_of_the_workflow_as_they_are() -> None:
    parent = workflow("a", "b") | {"distributed_outputs": ["before"], "chunk_count": 1}
    after = hydrated(joined(parent, ended(parent, "a", [1]), ended(parent, "b", [2])))
    assert (after["distributed_outputs"], after["chunk_count"]) == (["before"], 1)


def test_outputs_of_one_map_are_those_of_the_workflow() -> None:
    parent = workflow("a", "b")
    after = hydrated(joined(parent, ended(parent, "a", LARGE), forked(parent, "b", {})))
    assert after["distributed_outputs"] == LARGE
    assert "distributed_outputs" not in after["branch_results"][0]


def test_outputs_of_two_maps_are_one_list_where_a_strategy_says_so() -> None:
    parent = workflow("a", "b")
    context = CONTEXT | {"merge_strategy": {"distributed_outputs": "append"}}
    bags = [complete_branch(ended(parent, name, [name]), CONTEXT) for name in "ab"]
    after = hydrated(join_branches(parent, bags, context))
    assert after["distributed_outputs"] == ["a", "b"]


def test_maps_of_branches_share_what_may_run_at_once() -> None:
    asking = {"status": "DISTRIBUTED_MAP", "distributed_items": [1, 2]}
    most = runtime.current().settings.map_concurrency
    parent = workflow(*"abcd")
    branch = forked(parent, "a", asking)
    assert stage_items(branch, CONTEXT)["max_concurrency"] == most // 4
    few = forked(parent, "a", asking | {"map_concurrency": 3})
    assert stage_items(few, CONTEXT)["max_concurrency"] == 3
    inner = forked(apart(forked(parent, "a", group(*range(200)))), 1, asking)
    assert stage_items(inner, CONTEXT)["max_concurrency"] == max(1, most // (4 * 40))


def deep(levels: int) -> Bag:
    """Return the bag of a branch inside so many groups."""
    bag = workflow("a")
    for level in range(levels):
        bag = fork_branch(apart(synced(bag, group("a"), SYNC)) if level else bag, "a", CONTEXT)
    return bag


def test_groups_stand_in_each_other_to_a_depth() -> None:
    synced(deep(MOST_DEEP - 1), group("a"), SYNC)
    with pytest.raises(InvalidRequestError, match=f"at most {MOST_DEEP} deep") as caught:
        synced(deep(MOST_DEEP), group("a"), SYNC)
    assert caught.value.field == "execution_result.pending_branches"


@pytest.mark.parametrize(("outer", "inner"), [(40, 26), (100, 40), (26, 40)])
def test_more_branches_at_once_than_an_account_runs_are_refused(outer: int, inner: int) -> None:
    parent = workflow(*range(outer))
    branch = fork_branch(parent, 0, CONTEXT)
    most = 1000 // min(outer, 40)
    synced(branch, group(*range(most if most < 40 else 400)), SYNC)
    with pytest.raises(InvalidRequestError, match=f"at most {most} here") as caught:
        synced(branch, group(*range(inner)), SYNC)
    assert caught.value.field == "execution_result.pending_branches"


def test_a_group_that_its_own_execution_has_no_room_for_is_refused() -> None:
    branch = fork_branch(workflow("a", segments_per_execution=800), "a", CONTEXT)
    most = (25_000 - 500 - SEGMENT_EVENTS * 800) // (14 + SEGMENT_EVENTS)
    synced(branch, group(*range(most)), SYNC)
    with pytest.raises(InvalidRequestError, match="does not fit the history"):
        synced(branch, group(*range(most + 1)), SYNC)


@pytest.mark.parametrize(
    ("told", "error", "cause"),
    [
        ({"Status": "FAILED", "Error": "E", "Cause": "why"}, "E", "why"),
        ({"Status": "ABORTED"}, "ExecutionAborted", "the execution arn ended"),
        ({"Status": "TIMED_OUT", "Error": ""}, "ExecutionTimedOut", "the execution arn ended"),
    ],
)
def test_an_execution_that_could_not_report_is_reported(told: Bag, error: str, cause: str) -> None:

    failure = {"Error": "States.TaskFailed", "Cause": json.dumps({"ExecutionArn": "arn", **told})}
    found = record_failure(forked(workflow("a"), "a"), failure, CONTEXT)
    assert found["error"] == error
    assert found["cause"].startswith(f"{cause} [record: ")


@pytest.mark.parametrize("cause", ["{", "[1]", '{"Status": "FAILED"}', ""])
def test_any_other_failure_of_a_task_is_its_own(cause: str) -> None:
    failure = {"Error": "States.TaskFailed", "Cause": cause}
    assert record_failure(workflow("a"), failure, CONTEXT)["error"] == "TaskFailed"


@pytest.mark.parametrize("cause", ["null", "1.10", '"text"', "[" * 1_024 + "]" * 1_024])
def test_a_cause_that_is_no_object_is_recorded_as_its_text(cause: str) -> None:
    found = record_failure(workflow("a"), {"Error": "E", "Cause": cause}, CONTEXT)
    assert load_from_s3(found["record_s3_path"])["cause"] == cause
