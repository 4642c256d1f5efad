"""Every way in which a branch may end, and what the join makes of it."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, OTHER_EXECUTION, hydrated, synced
from tests.core.workflow.branches import JOIN
from tests.core.workflow.endings import CAUGHT, SYNC, Bag, forked, joined, parent, wrapped
from universal_sync_core import (
    complete_branch,
    join_branches,
    record_failure,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
    UnreadableObjectError,
)
from universal_sync_core.values.compression import compress

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.parametrize(
    "form",
    [
        lambda bag: bag,
        wrapped,
        lambda bag: wrapped(wrapped(bag)),
        lambda bag: complete_branch(bag, CONTEXT),
        lambda bag: {"branch": complete_branch(bag, CONTEXT)},
        lambda bag: {"branch": bag},
    ],
    ids=["bag", "state_data", "state_data twice", "pointer", "branch", "bag in branch"],
)
def test_the_bag_of_a_branch_counts_in_whatever_it_comes(form: Any) -> None:
    state = parent()
    bag = joined(state, form(forked(state, current_state={"left": 1})), {"right": 2})
    assert bag["current_state"] == {"n": 0, "left": 1}
    assert bag["right"] == 2
    assert bag["branch_results"][0]["branch_id"] == "b"
    assert bag["branch_results"][0]["segments_run"] == 1
    assert bag.keys().isdisjoint({"state_data", "branch", "branch_id", "forked_from"})


@pytest.mark.parametrize("form", [wrapped, lambda bag: bag, lambda bag: wrapped(wrapped(bag))])
def test_bags_that_were_never_forked_bring_what_has_changed_since(form: Any) -> None:
    state = parent(loop_counter=3, execution_segments=3, total_segments=5, segment_to_run=1)
    left = synced(state, {"current_state": {"left": 1}}, SYNC)
    right = synced(synced(state, {"current_state": {"right": [2]}}, SYNC), {"x": 1}, SYNC)
    whole = join_branches(state, [form(left), form(right)], JOIN)
    bag = hydrated(whole)
    assert bag["current_state"] == {"n": 0, "left": 1, "right": [2]}
    assert bag["x"] == 1
    assert [report["segments_run"] for report in bag["branch_results"]] == [1, 2]
    assert "branch_conflicts" not in bag
    assert (bag["segment_to_run"], bag["loop_counter"]) == (2, 3)
    assert whole["state_revision"] == state["state_revision"] + 1


def test_an_older_bag_is_refused() -> None:
    state = parent()
    newer = synced(state, {"current_state": {"n": 1}}, SYNC)
    for branch in (state, wrapped(state)):
        with pytest.raises(InvalidRequestError, match="older"):
            joined(newer, branch)


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": 1},
        {},
        None,
        "text",
        ["list"],
        {"execution_id": OTHER_EXECUTION, "state_revision": 9, "next_action": "CONTINUE"},
    ],
)
def test_state_data_that_is_no_bag_of_this_execution_is_refused_by_its_place(wrong: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        joined(parent(), {"x": 1}, {"state_data": wrong})
    assert caught.value.field == "branches[1].state_data"


FAILURES = {
    "Catch": CAUGHT,
    "Catch without a cause": CAUGHT | {"Cause": ""},
    "Catch and fields": CAUGHT | {"attempt": 3},
    "report": {"branch_id": "b", "status": "FAILED", "error": "E", "cause": "C"},
    "report and fields": {"status": "FAILED", "error": "E", "attempt": 3},
    "status alone": {"status": "TIMED_OUT"},
    "status in small letters": {"status": "failed", "attempt": 3},
    "report in branch": {"branch": {"branch_id": "b", "status": "FAILED", "error": "E"}},
    "Catch in branch": {"branch": CAUGHT},
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_branch_that_failed_is_reported_and_counted(failure: Bag) -> None:
    state = parent(tolerated_branch_failures=0)
    whole = join_branches(state, [{"fine": 1}, failure], JOIN)
    bag = hydrated(whole)
    assert whole["next_action"] == "FAILED"
    (report,) = bag["failed_segments"]
    assert (report["index"], report["status"]) == (1, "FAILED")
    assert bag["fine"] == 1
    assert bag.get("attempt") == failure.get("attempt")
    assert bag.keys().isdisjoint({"Error", "Cause", "error", "cause", "branch"})


def test_error_and_cause_are_those_of_the_catch() -> None:
    (report,) = joined(parent(), CAUGHT, {"x": 1})["failed_segments"]
    assert (report["error"], report["cause"]) == ("States.TaskFailed", "boom")


def test_where_every_branch_ended_in_its_catch_the_workflow_fails() -> None:
    assert join_branches(parent(), [CAUGHT, CAUGHT], JOIN)["next_action"] == "FAILED"


def test_what_is_recorded_of_a_branch_is_a_failure_without_a_status() -> None:
    state = parent()
    record = record_failure(forked(state), CAUGHT, CONTEXT)
    (report,) = joined(state, record, {"x": 1})["failed_segments"]
    assert (report["branch_id"], report["error"]) == ("b", "TaskFailed")
    assert report["record_s3_path"] == record["record_s3_path"]


@pytest.mark.parametrize("name", ["error", "segment", "any name"])
def test_a_bag_beside_what_a_catch_left_is_kept_and_the_branch_has_failed(name: str) -> None:
    state = parent()
    branch = wrapped(forked(state, current_state={"left": 1})) | {name: CAUGHT}
    bag = joined(state, branch, {"x": 1})
    assert bag["current_state"] == {"n": 0, "left": 1}
    (report,) = bag["failed_segments"]
    assert (report["branch_id"], report["error"]) == ("b", "States.TaskFailed")
    assert name not in bag


@pytest.mark.parametrize("form", [wrapped, lambda bag: bag], ids=["state_data", "bag"])
@pytest.mark.parametrize("is_forked", [True, False])
def test_a_bag_with_the_path_of_something_else_is_no_pointer_to_one(
    form: Any, *, is_forked: bool
) -> None:
    state = parent()
    path = store_to_s3("a file", CONTEXT)["__s3_path"]
    bag = forked(state, s3_path=path) if is_forked else synced(state, {"s3_path": path}, SYNC)
    assert joined(state, form(bag), {"x": 1})["s3_path"] == path


@pytest.mark.parametrize("form", [wrapped, lambda bag: bag], ids=["state_data", "bag"])
def test_fields_of_a_bag_with_the_names_of_a_catch_are_no_failure(form: Any) -> None:
    state = parent()
    bag = joined(state, form(forked(state, **CAUGHT)), {"x": 1})
    assert bag | CAUGHT == bag
    assert "failed_segments" not in bag


def test_the_error_of_a_branch_is_no_field_of_its_parent() -> None:
    state = parent()
    failed = forked(state, status="FAILED", error="NoStock", cause="sold out", done=["a"])
    bag = joined(state, complete_branch(failed, CONTEXT), {"x": 1})
    (report,) = bag["failed_segments"]
    assert (report["error"], report["cause"]) == ("NoStock", "sold out")
    assert bag.keys().isdisjoint({"error", "cause"})
    assert bag["done"] == ["a"]


def test_what_a_catch_leaves_counts_as_a_failure_in_s3_too() -> None:
    stored = store_to_s3(CAUGHT, CONTEXT)
    bag = joined(parent(), stored, {"branch": stored}, {"x": 1})
    reports = [(report["error"], report["cause"]) for report in bag["failed_segments"]]
    assert reports == [(CAUGHT["Error"], CAUGHT["Cause"])] * 2
    assert bag.keys().isdisjoint(CAUGHT)


@pytest.mark.parametrize("count", [2, 3_000])
def test_the_list_of_branches_may_be_in_s3(count: int) -> None:
    endings = [CAUGHT, *({f"x{number % 5}": 1} for number in range(1, count))]
    bag = join_branches(parent(), store_to_s3(endings, CONTEXT), JOIN)
    assert hydrated(bag) == joined(parent(), *endings)


@pytest.mark.parametrize("wrong", [None, {}, {"a": 1}, "text", 5])
def test_branches_that_are_no_list_are_refused(wrong: Any) -> None:
    for given in (wrong, store_to_s3(wrong, CONTEXT)):
        with pytest.raises(InvalidRequestError, match="branches must be a list") as caught:
            join_branches(parent(), given, JOIN)
        assert caught.value.field == "branches"


@pytest.mark.parametrize("form", [wrapped, lambda bag: bag])
@pytest.mark.parametrize("of_branch", [True, False])
def test_pointers_in_a_bag_that_comes_by_itself_are_looked_up(
    form: Any, *, of_branch: bool
) -> None:
    state = parent()
    bag = forked(state, x=1) if of_branch else synced(state, {"x": 1}, SYNC)
    pointer = store_to_s3(["x" * 1_000], CONTEXT)
    leads_nowhere = {"__s3_path": pointer["__s3_path"][:-64] + "0" * 64}
    leads_elsewhere = {"__s3_path": pointer["__s3_path"].replace("run-1", "run-2")}
    with pytest.raises(MissingObjectError):
        joined(state, form(bag | {"y": pointer | leads_nowhere}))
    with pytest.raises(PointerNotAllowedError):
        joined(state, form(bag | {"y": pointer | leads_elsewhere}))
    assert joined(state, form(bag | {"y": pointer}))["y"] == ["x" * 1_000]


@pytest.mark.parametrize(
    "form", [wrapped, lambda bag: bag, lambda bag: complete_branch(bag, CONTEXT)]
)
def test_control_fields_of_branches_are_of_their_kind(form: Any) -> None:
    state = parent()
    wrong = {"tolerated_branch_failures": "some"}
    for branch in (wrong, form(forked(state, x=1) | wrong)):
        with pytest.raises(InvalidRequestError) as caught:
            joined(state, branch)
        assert caught.value.field == "branches.tolerated_branch_failures"


def test_a_join_of_many_forms_counts_every_segment() -> None:
    state = parent(execution_segments=1, loop_counter=0)
    ends = [
        complete_branch(forked(state, x=1), CONTEXT),
        wrapped(synced(state, {"y": 1}, SYNC)),
        CAUGHT,
    ]
    whole = universal_sync_core(join_branches(state, ends, JOIN), None, CONTEXT)
    assert whole["execution_segments"] == 1 + 1 + 3 + 3 + 2


@pytest.mark.parametrize(
    "form", [wrapped, lambda bag: bag, lambda bag: complete_branch(bag, CONTEXT)]
)
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"__s3_offloaded": True}, MalformedPointerError),
        ({"__gzip_base64": "AAAA", "__size_bytes": 4}, UnreadableObjectError),
        ("foreign", PointerNotAllowedError),
        ("foreign and compressed", PointerNotAllowedError),
    ],
)
def test_what_nobody_could_hydrate_comes_in_with_no_branch(
    form: Any, wrong: Any, error: type[Exception]
) -> None:
    """A worker can store such a bag itself; one field of it would spoil the whole state."""
    foreign = store_to_s3(["x" * 1_000], {"execution_id": OTHER_EXECUTION})
    value = {"foreign": foreign, "foreign and compressed": compress([foreign])}
    field = value[wrong] if isinstance(wrong, str) else wrong
    state = parent()
    with pytest.raises(error):
        join_branches(state, [form(forked(state, x=1) | {"y": [field]})], JOIN)


@pytest.mark.parametrize(
    "count",
    [-(10**9), 10**400, True, 2.0, "9", None],
    ids=["negative", "enormous", "boolean", "fraction", "text", "null"],
)
@pytest.mark.parametrize("name", ["segments_run", "waits", "segments_in_parent"])
def test_what_is_no_count_in_a_report_is_not_counted(name: str, count: Any) -> None:
    """With a negative one, the execution would go on until its history is full."""
    state = parent(execution_segments=1)
    ends = [complete_branch(forked(state), CONTEXT) | {name: count}, CAUGHT | {name: count}]
    for end in ends:
        assert join_branches(state, [end], JOIN)["execution_segments"] in {4, 5}
