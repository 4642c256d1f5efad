"""Parallel branches: each on a bag of its own, joined without losing anyone's change.

Hazard held here: the unchanged copy one branch carries overwrites what another has changed.
"""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.workflow.branches import PARENT, SYNC, joined, parent, values, worked
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    fork_branch,
    store_to_s3,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
)


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
def test_a_branch_that_changed_nothing_overwrites_nothing() -> None:
    state = parent()
    idle = worked(state, "idle", {})
    busy = worked(state, "busy", {"current_state": {"left": {"n": 7}}, "report": {"title": "new"}})
    for order in ([idle, busy], [busy, idle]):
        bag = joined(state, *order)
        assert hydrated(bag)["current_state"]["left"] == {"n": 7, "same": "s"}
        assert hydrated(bag)["report"] == {"title": "new"}


@pytest.mark.parametrize("path", ["current_state", "current_state.left", "report"])
@pytest.mark.usefixtures("place")
def test_a_map_that_a_branch_empties_is_empty_where_it_is_taken_as_a_whole(path: str) -> None:
    state, emptied = parent(), {path: "replace"}
    change: dict[str, Any] = {}
    for name in reversed(path.split(".")):
        change = {name: change}
    bag = joined(state, worked(state, "a", change, merge_strategy=emptied), merge_strategy=emptied)
    found = hydrated(bag)
    for name in path.split("."):
        found = found[name]
    assert found == {}


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
@pytest.mark.parametrize("is_first", [True, False])
def test_a_field_that_is_named_like_the_archive_takes_nothing_from_the_history_of_another_branch(
    *, is_first: bool
) -> None:
    state, entries = parent(), [{"n": number} for number in range(60)]
    brought: list[Any] = [{"state_history_archive": "mine"}, {"state_history": entries}]
    if not is_first:
        brought.reverse()
    ends = [worked(state, str(number), result) for number, result in enumerate(brought)]
    after = hydrated(joined(state, *ends))
    assert (after["state_history_archive"], after["state_history"]) == ("mine", entries)


@pytest.mark.usefixtures("place")
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


def test_a_retried_join_gives_the_same_bag_and_no_new_objects(store: CountingStore) -> None:
    state = parent()
    branches = [worked(state, name, {f"from_{name}": "x" * 40_000}) for name in "ab"]
    first = joined(state, *branches)
    store.reset()
    with fresh(store):
        again = joined(state, *branches)
    assert first | {"last_update_time": 0} == again | {"last_update_time": 0}
    assert store.puts == []


@pytest.mark.parametrize(
    "strategy",
    [{"strategy": "merge_by_key", "key": "id"}, "append", "dedupe_append", "set_union"],
)
def test_a_join_does_not_read_a_list_of_large_elements_whole_for_each_branch(strategy: Any) -> None:
    found = [{"id": n, "text": f"{n} " * 9_000} for n in range(20)]
    changes = {f"b{n}": {"id": n, "by": f"b{n}"} for n in range(20)}
    store, growing = CountingStore(), {"merge_strategy": {"found": strategy}}
    with fresh(store):
        state = parent(current_state={"found": found}, pending_branches=[*changes])
        branches = [
            worked(state, name, {"current_state": {"found": change}}, **growing)
            for name, change in changes.items()
        ]
    with fresh(store, budget_bytes=5 * calculate_payload_size(found)):
        bag = joined(state, *branches, **growing)
    pairs = zip(found, changes.values(), strict=True)
    is_keyed = isinstance(strategy, dict)
    expected = [one | other for one, other in pairs] if is_keyed else [*found, *changes.values()]
    with fresh(store):
        assert hydrated(bag)["current_state"]["found"] == expected


@pytest.mark.parametrize("kind", ["list", "map"])
def test_a_join_does_not_read_a_large_value_whole_for_each_branch_that_replaces_it(
    kind: str,
) -> None:
    def of(name: str) -> Any:
        texts = [name, *(f"{n} " * 9_000 for n in range(20))]
        return texts if kind == "list" else {f"k{n}": text for n, text in enumerate(texts)}

    store, names = CountingStore(), [f"b{n}" for n in range(20)]
    whole = {"merge_strategy": {"found": "replace"}}
    with fresh(store):
        state = parent(current_state={"found": of("parent")}, pending_branches=names)
        branches = [worked(state, n, {"current_state": {"found": of(n)}}, **whole) for n in names]
    with fresh(store, budget_bytes=5 * calculate_payload_size(of("parent"))):
        bag = joined(state, *branches, **whole)
    with fresh(store):
        assert hydrated(bag)["current_state"]["found"] == of(names[-1])


def test_the_large_maps_that_a_branch_changed_are_read_together() -> None:
    large = {f"k{n}": {"n": n, "text": f"{n} " * 9_000} for n in range(40)}
    store, names = CountingStore(), [f"b{n}" for n in range(8)]
    with fresh(store):
        state = parent(current_state=large, pending_branches=names)
        changed = [
            {f"k{5 * n + m}": {"by": name} for m in range(5)} for n, name in enumerate(names)
        ]
        results = zip(names, changed, strict=True)
        branches = [worked(state, name, {"current_state": each}) for name, each in results]
    store.reset()
    with fresh(store):
        bag = joined(state, *branches)
        assert len(store.gets) <= 6 * len(names)
        expected = {
            key: each | {"by": names[n // 5]} for n, (key, each) in enumerate(large.items())
        }
        assert hydrated(bag)["current_state"] == expected
