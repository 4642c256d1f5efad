"""Parallel branches: each on a bag of its own, joined without losing anyone's change.

Hazard held here: the unchanged copy one branch carries overwrites what another has changed.
"""

import copy
from typing import Any

import pytest

from tests.core.bags import BOUND, CONTEXT, EXECUTION, Unchanged, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    optimize_and_offload,
    store_to_s3,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MergeConflictError,
    MissingObjectError,
    PointerNotAllowedError,
)

SYNC = CONTEXT | {"action": "sync_branch"}
JOIN = CONTEXT | {"action": "aggregate_branches"}
PARENT: dict[str, Any] = {
    "execution_id": EXECUTION,
    "current_state": {"left": {"n": 1, "same": "s"}, "right": {"n": 1}, "list": [1]},
    "report": {"title": "t", "pages": 1},
    "state_history": [{"n": 0}],
    "chunk_results": ["from the parent"],
    "segment_to_run": 3,
    "total_segments": 9,
}
# The same, once inline and once with everything that can be in S3.
THRESHOLDS: list[dict[str, Any]] = [
    {},
    {
        "field_offload_bytes": 40,
        "state_offload_bytes": 60,
        "history_max_entries": 1,
        "page_bytes": 160,
        "index_bytes": 200,
    },
]


@pytest.fixture(params=THRESHOLDS, ids=["inline", "in S3"])
def place(request: pytest.FixtureRequest, store: CountingStore) -> Any:
    with fresh(store, **request.param):
        yield store


def parent(**fields: Any) -> dict[str, Any]:
    bag = copy.deepcopy(PARENT) | {"pending_branches": ["a", "b"]} | fields
    return optimize_and_offload(bag, CONTEXT)


def worked(state: dict[str, Any], name: str, *results: Any, **context: Any) -> dict[str, Any]:
    """Return the pointer of a branch that was forked and has merged some results."""
    with Unchanged(state):
        bag = fork_branch(state, {"branch_id": name}, CONTEXT)
    for result in results:
        bag = synced(bag, result, SYNC | context)
    return complete_branch(bag, CONTEXT)


def joined(state: dict[str, Any], *branches: Any, **context: Any) -> dict[str, Any]:
    with Unchanged(state, branches):
        bag = join_branches(state, branches, JOIN | context)
    assert calculate_payload_size(bag) <= BOUND
    return bag


def values(bag: dict[str, Any], *names: str) -> dict[str, Any]:
    whole = hydrated(bag)
    return {name: whole[name] for name in names}


@pytest.mark.usefixtures("place")
def test_different_leaves_changed_by_different_branches_are_all_there() -> None:
    state = parent()
    bag = joined(
        state,
        worked(state, "a", {"current_state": {"left": {"n": 2}}, "from_a": [1]}),
        worked(state, "b", {"current_state": {"right": {"n": 2}, "new": {"b": 1}}}),
        worked(state, "c", {"current_state": {"list": [1, 2]}}, {"from_c": "c"}),
    )
    assert values(bag, "current_state", "from_a", "from_c") == {
        "current_state": {
            "left": {"n": 2, "same": "s"},
            "right": {"n": 2},
            "list": [1, 2],
            "new": {"b": 1},
        },
        "from_a": [1],
        "from_c": "c",
    }
    assert "branch_conflicts" not in bag


@pytest.mark.parametrize("value", [list, str, dict], ids=lambda kind: kind.__name__)
def test_a_branch_may_give_one_place_what_was_stored_beside_it(
    value: Any, store: CountingStore
) -> None:
    both: dict[str, Any] = {"one": value(), "two": value()}
    for name in both:
        texts = [f"{name} " * 50 for _ in range(200)]
        both[name] = texts if value is list else "".join(texts)
    if value is dict:
        both = {name: {name: text, "text": text} for name, text in both.items()}
    with fresh(store):
        state = parent(current_state=both)
        bag = fork_branch(state, {"branch_id": "a"}, CONTEXT)
        changed = {"current_state": {"one": bag["current_state"]["two"]}}
        bag = joined(state, complete_branch(synced(bag, changed, SYNC), CONTEXT))
        wanted = both["one"] | both["two"] if value is dict else both["two"]
        assert hydrated(bag)["current_state"]["one"] == wanted


@pytest.mark.usefixtures("place")
def test_a_bag_of_very_many_fields_begins_its_branches_anew_as_well() -> None:
    told = {"segment_id": "third", "next_segment_to_run": 4, "status": "PARALLEL_GROUP"}
    many = {f"field-{number}": "x" * 200 for number in range(1_200)}
    state = parent(**told, **many)
    assert state.keys().isdisjoint({"next_segment_to_run", "field-7"})
    branch = hydrated(fork_branch(state, {"branch_id": "a"}, CONTEXT))
    assert branch.keys().isdisjoint({*told, "pending_branches", "total_segments"})
    assert branch["field-1199"] == many["field-1199"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("field", ["total_segments", "loop_limit"])
@pytest.mark.parametrize("value", ["3", None, True, -1, 2.5, 10**30, [3], {"n": 3}])
def test_what_a_branch_says_of_its_segments_is_a_count(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        fork_branch(parent(), {"branch_id": "b", field: value}, CONTEXT)
    assert caught.value.field == f"state_data.branch.{field}"


@pytest.mark.usefixtures("place")
def test_a_branch_that_changed_nothing_overwrites_nothing() -> None:
    state = parent()
    idle = worked(state, "idle", {})
    busy = worked(state, "busy", {"current_state": {"left": {"n": 7}}, "report": {"title": "new"}})
    for order in ([idle, busy], [busy, idle]):
        bag = joined(state, *order)
        assert hydrated(bag)["current_state"]["left"] == {"n": 7, "same": "s"}
        assert hydrated(bag)["report"] == {"title": "new"}


@pytest.mark.usefixtures("place")
def test_a_field_of_the_bag_is_taken_whole_as_a_sync_takes_it() -> None:
    state = parent()
    bag = joined(state, worked(state, "a", {"report": {"title": "t", "pages": 2}}))
    assert values(bag, "report") == {"report": {"title": "t", "pages": 2}}


@pytest.mark.usefixtures("place")
def test_histories_follow_each_other_in_branch_order_without_the_parents_twice() -> None:
    state = parent()
    bag = joined(
        state,
        worked(state, "a", {"state_history": [{"a": 1}]}, {"state_history": [{"a": 2}, {"x": 1}]}),
        worked(state, "b", {"state_history": [{"b": 1}, {"x": 1}]}),
    )
    expected = [{"n": 0}, {"a": 1}, {"a": 2}, {"x": 1}, {"b": 1}]
    assert hydrated(bag)["state_history"] == expected


def test_long_histories_of_several_branches_are_all_there(store: CountingStore) -> None:
    def log(name: str, count: int) -> list[dict[str, Any]]:
        return [{"by": name, "n": number} for number in range(count)]

    state = parent(state_history=log("parent", 70))
    branches = [worked(state, name, {"state_history": log(name, 120)}) for name in "abc"]
    store.reset()
    with fresh(store):
        whole = hydrated(joined(state, *branches))
    every = [log("parent", 70), *(log(name, 120) for name in "abc")]
    assert whole["state_history"] == [entry for part in every for entry in part]
    assert "branch_conflicts" not in whole


@pytest.mark.usefixtures("store")
def test_a_field_of_the_users_that_is_named_like_the_archive_is_joined_too() -> None:
    state = parent(state_history_archive="mine")
    bag = joined(state, worked(state, "a", {"state_history_archive": "changed"}))
    assert hydrated(bag)["state_history_archive"] == "changed"


@pytest.mark.usefixtures("place")
def test_lists_that_are_appended_to_get_what_each_branch_added() -> None:
    state = parent()
    bag = joined(
        state,
        worked(state, "a", {"chunk_results": ["a1"]}, {"chunk_results": ["a2"]}),
        worked(state, "b", {"chunk_results": ["b1"]}),
    )
    assert hydrated(bag)["chunk_results"] == ["from the parent", "a1", "a2", "b1"]


ITEMS = [{"id": 1, "v": 0, "w": 0}, {"id": 2, "v": 0}, "no key"]


@pytest.mark.parametrize("field", ["items", "current_state"])
@pytest.mark.usefixtures("place")
def test_items_merged_by_key_keep_what_each_branch_changed(field: str) -> None:
    strategy = {"items": {"strategy": "merge_by_key", "key": "id"}}

    def of(items: list[Any]) -> dict[str, Any]:
        return {"items": items} if field == "items" else {"current_state": {"items": items}}

    state = parent(**of(ITEMS))
    bag = joined(
        state,
        worked(state, "a", of([{"id": 1, "v": 1}, {"id": 3}]), merge_strategy=strategy),
        worked(state, "b", of([{"id": 2, "v": 2}, {"id": 1, "w": 2}]), merge_strategy=strategy),
        merge_strategy=strategy,
    )
    whole = hydrated(bag)
    items = whole["items"] if field == "items" else whole["current_state"]["items"]
    assert items == [{"id": 1, "v": 1, "w": 2}, {"id": 2, "v": 2}, "no key", {"id": 3}]


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


@pytest.mark.usefixtures("place")
def test_a_branch_begins_with_the_parents_state_and_a_progress_of_its_own() -> None:
    state = parent(status="PARALLEL_GROUP", loop_counter=5)
    bag = fork_branch(state, {"branch_id": "a", "segments": [1, 2], "loop_limit": 7}, CONTEXT)
    assert hydrated(bag)["current_state"] == PARENT["current_state"]
    assert bag["next_action"] == "CONTINUE"
    assert (bag["segment_to_run"], bag["loop_counter"]) == (0, 0)
    assert (bag["total_segments"], bag["loop_limit"]) == (2, 7)
    assert bag["branch_id"] == "a"
    assert "pending_branches" not in bag
    assert "status" not in bag


@pytest.mark.parametrize("branch", ["name", 5, None, ["a"], {"no": "id"}, {"branch_id": ""}])
@pytest.mark.usefixtures("store")
def test_a_branch_of_any_form_has_an_id_that_is_always_the_same(branch: Any) -> None:
    state = parent()
    first = fork_branch(state, branch, CONTEXT)
    again = fork_branch(state, branch, CONTEXT)
    assert first["branch_id"] == again["branch_id"]
    assert isinstance(first["branch_id"], str)
    assert hydrated(first)["branch"] == branch


@pytest.mark.usefixtures("place")
def test_a_branch_ends_as_a_pointer_of_a_few_hundred_bytes() -> None:
    state = parent()
    bag = fork_branch(state, {"branch_id": "a"}, CONTEXT)
    bag = synced(bag, {"found": ["x" * 1_000] * 1_000, "status": "COMPLETE"}, SYNC)
    pointer = complete_branch(bag, CONTEXT)
    assert calculate_payload_size(pointer) < 500
    assert (pointer["branch_id"], pointer["status"]) == ("a", "COMPLETE")
    assert pointer["segments_run"] == 1
    assert "found" not in pointer


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


@pytest.mark.usefixtures("store")
def test_how_many_may_fail_is_a_number() -> None:
    state = parent(tolerated_branch_failures="some")
    with pytest.raises(InvalidRequestError) as caught:
        joined(state, worked(state, "a", {"x": 1}))
    assert caught.value.field == "state_data.tolerated_branch_failures"


def test_a_bag_of_very_many_fields_forks_and_joins_like_any_other() -> None:
    with fresh(CountingStore()):
        state = parent(**{f"key-{number}": number for number in range(30_000)}, **STRICT)
        assert "key-1" not in state
        branches = [worked(state, name, {"key-1": 5, f"from_{name}": 1}) for name in "ab"]
        assert [branch["branch_id"] for branch in branches] == ["a", "b"]
        bag = joined(state, *branches, {"branch_id": "c", "status": "FAILED", "error": "E"})
        assert values(bag, "key-1", "from_a", "from_b") == {"key-1": 5, "from_a": 1, "from_b": 1}
        assert bag["status"] == "FAILED"
        assert hydrated(bag).keys().isdisjoint({"branch", "branch_id", "forked_from"})


STRICT = {"branch_conflict_strategy": "fail", "tolerated_branch_failures": 0}


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
def test_results_of_a_failed_branch_up_to_its_failure_are_kept() -> None:
    state = parent()
    pointer = worked(state, "a", {"current_state": {"left": {"n": 2}}}) | {"status": "FAILED"}
    bag = joined(state, pointer, worked(state, "b", {"x": 1}))
    assert hydrated(bag)["current_state"]["left"]["n"] == 2


@pytest.mark.usefixtures("place")
def test_values_that_are_no_branches_are_merged_as_results() -> None:
    state = parent()
    bag = joined(state, {"plain": 1}, {"callback_result": {"answer": "yes"}}, None, {})
    assert values(bag, "plain", "answer") == {"plain": 1, "answer": "yes"}


@pytest.mark.usefixtures("place")
def test_no_branches_change_nothing_but_the_progress() -> None:
    state = parent()
    bag = joined(state)
    assert hydrated(bag)["current_state"] == PARENT["current_state"]
    assert hydrated(bag)["branch_results"] == []
    assert bag["segment_to_run"] == 4


@pytest.mark.usefixtures("store")
def test_joining_ends_the_segment_of_the_group() -> None:
    state = parent()
    bag = joined(state, worked(state, "a", {"status": "COMPLETE"}))
    assert (bag["next_action"], bag["segment_to_run"]) == ("CONTINUE", 4)
    assert bag["total_segments"] == 9
    assert not {"branch", "branch_id", "forked_from"} & bag.keys()


@pytest.mark.usefixtures("place")
def test_a_branch_of_another_state_is_refused() -> None:
    state = parent()
    other = parent(more=1)
    stale = synced(state, {"more": 1})
    branch = worked(state, "a", {"x": 1})
    for wrong in (other, stale):
        with pytest.raises(InvalidRequestError) as caught:
            joined(wrong, branch)
        assert caught.value.field == "branches"


@pytest.mark.usefixtures("store")
def test_a_path_that_leads_to_no_branch_is_refused() -> None:
    state = parent()
    path = store_to_s3({"a": 1}, CONTEXT)["__s3_path"]
    with pytest.raises(MalformedPointerError):
        joined(state, {"s3_path": path})
    with pytest.raises(MissingObjectError):
        joined(state, {"s3_path": path[:-64] + "0" * 64})
    with pytest.raises(PointerNotAllowedError):
        joined(state, {"s3_path": path.replace("run-1", "run-2")})


def test_branches_are_read_side_by_side_and_only_where_they_differ(store: CountingStore) -> None:
    wide = {f"key-{number}": "x" * 100 for number in range(5_000)}
    with fresh(store):
        state = synced({}, {"current_state": wide})
        branches = [
            worked(state, f"b{number}", {"current_state": {f"key-{number * 400}": number}})
            for number in range(10)
        ]
    store.reset()
    with fresh(store):
        bag = joined(state, *branches)
        reads = len(store.gets)
        changes = {f"key-{number * 400}": number for number in range(10)}
        assert hydrated(bag)["current_state"] == wide | changes
    assert reads <= 10 * 5


def test_copies_never_disturb_each_other(store: CountingStore) -> None:
    with fresh(store, **THRESHOLDS[1]):
        state = parent()
        before = hydrate_state(state, context=CONTEXT)
        a = fork_branch(state, "a", CONTEXT)
        b = fork_branch(state, "b", CONTEXT)
        a = synced(a, {"current_state": {"left": {"n": "a"}}, "chunk_results": ["a"]}, SYNC)
        b = synced(b, {"current_state": {"left": {"n": "b"}}}, SYNC)
        assert hydrated(a)["current_state"]["left"]["n"] == "a"
        assert hydrated(b)["current_state"]["left"]["n"] == "b"
        assert hydrated(b)["chunk_results"] == ["from the parent"]
        assert hydrate_state(state, context=CONTEXT) == before


def test_a_retried_join_gives_the_same_bag_and_no_new_objects(store: CountingStore) -> None:
    state = parent()
    branches = [worked(state, name, {f"from_{name}": "x" * 40_000}) for name in "ab"]
    first = joined(state, *branches)
    store.reset()
    with fresh(store):
        again = joined(state, *branches)
    assert first | {"last_update_time": 0} == again | {"last_update_time": 0}
    assert store.puts == []
