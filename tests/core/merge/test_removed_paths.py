"""Keys that a result takes away: inline, in S3 and in branches."""

from typing import Any

import pytest

from tests.core import oracle
from tests.core.bags import CONTEXT, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.door.ways import WAYS, Bag, first
from universal_sync_core import (
    complete_branch,
    fork_branch,
    join_branches,
    open_bag,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError, MergeConflictError
from universal_sync_core.values.compression import compress

pytestmark = pytest.mark.usefixtures("store")

STATE: Bag = {
    "plan": {"owner": "ada", "steps": [1, 2], "notes": {"old": 1, "new": 2}},
    "rows": [{"id": 1}],
    "a.b": 1,
    "__s3_offloaded": "mine",
    "n": 0,
}
TAKEN: list[tuple[list[str], list[list[str]]]] = [
    (["n"], [["n"]]),
    (["current_state.n", "n"], [["n"]]),
    (["plan.notes.old"], [["plan", "notes", "old"]]),
    (["plan.notes.old", "plan"], [["plan"]]),
    (["plan", "plan.notes.old"], [["plan"]]),
    (["plan.owner", "plan.notes.new"], [["plan", "owner"], ["plan", "notes", "new"]]),
    (['["a.b"]', "__s3_offloaded"], [["a.b"], ["__s3_offloaded"]]),
    (["nothing", "n.below", "rows.id", "plan.steps.x", "plan.notes.none"], []),
    ([], []),
    (["plan", "rows", "n", '["a.b"]', "__s3_offloaded"], [[key] for key in STATE]),
]


def without(state: Bag, keys: list[list[str]]) -> Bag:
    left: Bag = oracle.merge({}, {"current_state": state})["current_state"]
    for path in keys:
        oracle.take_away(left, path)
    return left


@pytest.mark.parametrize(("paths", "keys"), TAKEN)
@pytest.mark.parametrize("size", [0, 40_000, 200_000])
@pytest.mark.parametrize("form", ["as it is", "packed", "nested"])
def test_they_are_gone_and_nothing_else_is(
    store: CountingStore, paths: list[str], keys: list[list[str]], size: int, form: str
) -> None:
    state = {**STATE, "plan": {**STATE["plan"], "pad": "x" * size}}
    with fresh(store):
        given = {**state, "plan": compress(state["plan"])} if form == "packed" else state
        bag = synced({}, {"current_state": given, "other": 1}, CONTEXT | {"action": "sync"})
        if form == "nested":
            bag = synced(bag, {f"field {n}": "x" * 300 for n in range(600)}, CONTEXT)
        once = synced(bag, {"removed_paths": paths}, CONTEXT)
        twice = synced(once, {"removed_paths": paths}, CONTEXT)
        for after in (once, twice):
            assert hydrated(after)["current_state"] == without(state, keys)
            assert "removed_paths" not in hydrated(after)
            assert hydrated(after)["other"] == 1


@pytest.mark.parametrize("keys", [3_000, 20_000])
def test_one_of_many_keys_in_pages(store: CountingStore, keys: int) -> None:
    wide = {f"key {n:05}": f"{n} " * 10 for n in range(keys)}
    with fresh(store):
        bag = synced({}, {"current_state": {"wide": wide, "flag": 1}}, CONTEXT)
        bag = synced(bag, {"removed_paths": ["wide.key 00007", "wide.none"]}, CONTEXT)
        del wide["key 00007"]
        assert list(hydrated(bag)["current_state"]["wide"]) == list(wide)
        assert hydrated(bag)["current_state"] == {"wide": wide, "flag": 1}


def test_what_is_not_there_costs_no_write(store: CountingStore) -> None:
    with fresh(store):
        bag = synced({}, {"current_state": {"wide": {f"k{n}": "x" * 90 for n in range(900)}}})
        before = len(store.puts)
        after = synced(bag, {"removed_paths": ["wide.none", "other.k1"]})
        assert after["current_state"] == bag["current_state"]
        assert len(store.puts) == before


def test_a_repeated_call_writes_the_same_bytes_in_any_process() -> None:
    wide = {f"k{n}": "x" * 90 for n in range(900)}
    names = [f"report {n}" for n in range(8)]
    bag = synced({}, {"current_state": {name: wide | {"inner": {"old": 1}} for name in names}})
    after = synced(bag, {"removed_paths": [f'["{name}"].inner.old' for name in names]})
    starts = [after["current_state"][name]["__range"][0] for name in names]
    assert starts == sorted(starts)  # as the paths are named: a set has no order of its own


def test_the_rest_of_the_result_is_merged_after() -> None:
    bag = synced({}, {"current_state": STATE})
    result = {"removed_paths": ["plan"], "current_state": {"plan": {"owner": "bob"}}}
    assert synced(bag, result)["current_state"]["plan"] == {"owner": "bob"}


def test_what_stays_readable_beside_a_pointer_stays_so() -> None:
    context = CONTEXT | {"keep_inline": ["report.approved", "report.draft"]}
    report = {"approved": True, "draft": 1, "text": {f"k{n}": "x" * 900 for n in range(90)}}
    bag = universal_sync_core({}, {"current_state": {"report": report}}, context)
    assert bag["current_state"]["report"]["draft"] == 1
    after = universal_sync_core(bag, {"removed_paths": ["report.draft"]}, CONTEXT)
    assert after["current_state"]["report"]["approved"] is True
    assert "draft" not in after["current_state"]["report"]


WRONG: list[Any] = [
    *(None, "plan", 5, {}, {"plan": True}, [5], [None], [["plan"]], [""], ["plan."], [".plan"]),
    *(["rows[0]"], ["rows[0].id"], ["rows[-1]"], ["rows[1:]"], ["plan[*]"]),
]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_list_of_paths_is_refused_by_name(way: str) -> None:
    send, place = WAYS[way]
    for given in WRONG:
        with pytest.raises(InvalidRequestError) as caught:
            send(first(), {"removed_paths": given})
        assert caught.value.field == f"{place}.removed_paths"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [1, 3_000])
def test_every_way_takes_them_away(way: str, count: int) -> None:
    send, _ = WAYS[way]
    gone = {f"key {n}": n for n in range(count)}
    bag = synced(first(), {"current_state": {"kept": 1, **gone}}, {"action": "sync"})
    after = hydrated(send(bag, {"removed_paths": list(gone)}))
    assert after["current_state"] == {"kept": 1}


def test_a_list_of_paths_in_s3_is_read() -> None:
    bag = synced(first(), {"current_state": {"a": 1, "b": 2}}, {"action": "sync"})
    stored = store_to_s3(["a"], CONTEXT)
    assert synced(bag, {"removed_paths": stored})["current_state"] == {"b": 2}


def test_an_open_bag_deletes_a_key() -> None:
    wide = {f"k{n:04}": "x" * 90 for n in range(2_000)}
    state = open_bag(synced(first(), {"current_state": {**STATE, "wide": wide}}, CONTEXT))
    del state["current_state.plan.notes.old"]
    assert state.read("current_state.plan.notes") == {"new": 2}
    del state["current_state.wide.k0007"]
    for path in ("current_state.plan.notes.old", "current_state.n.x", "current_state.none.x"):
        with pytest.raises(KeyError):
            del state[path]
    for path in ("plan", "current_state", "loop_counter", "current_state.rows[0]", ""):
        with pytest.raises(InvalidRequestError):
            del state[path]
    left = hydrated(state.commit())["current_state"]
    assert "k0007" not in left["wide"]
    assert len(left["wide"]) == 1_999
    assert left["plan"]["notes"] == {"new": 2}


def joined(branches: list[Bag], how: str = "latest", **state: Any) -> Bag:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": list(range(len(branches)))}
    asked["branch_conflict_strategy"] = how
    parent = synced(first(), {"current_state": {**STATE, **state}} | asked, {"action": "sync"})
    ends = []
    for number, result in enumerate(branches):
        bag = fork_branch(parent, {"branch_id": f"b{number}"})
        ends.append(complete_branch(synced(bag, result, {"action": "sync_branch"})))
    return hydrated(join_branches(parent, ends))


WIDE = {f"k{n:04}": "x" * 90 for n in range(2_000)}


@pytest.mark.parametrize("more", [{}, {"wide": WIDE}])
def test_what_one_branch_takes_away_is_gone_and_others_keep_what_they_did(more: Bag) -> None:
    bag = joined(
        [
            {"removed_paths": ["plan.notes.old", "n", "wide.k0001"]},
            {"current_state": {"plan": {"owner": "bob"}, "wide": {"k0002": "new"}}},
            {"removed_paths": ["n"]},
        ],
        **more,
    )
    expected = without({**STATE, **more}, [["n"], ["plan", "notes", "old"], ["wide", "k0001"]])
    expected["plan"]["owner"] = "bob"
    expected.setdefault("wide", {})["k0002"] = "new"
    assert bag["current_state"] == expected
    assert "branch_conflicts" not in bag


REMOVES, CHANGES = {"removed_paths": ["plan.owner"]}, {"current_state": {"plan": {"owner": "bob"}}}


@pytest.mark.parametrize(
    ("how", "branches", "taken_from", "owner"),
    [
        ("first", [REMOVES, CHANGES], "b0", None),
        ("last", [REMOVES, CHANGES], "b1", "bob"),
        ("first", [CHANGES, REMOVES], "b0", "bob"),
        ("latest", [CHANGES, REMOVES], "b1", None),
        ("latest", [REMOVES, REMOVES, CHANGES], "b2", "bob"),
    ],
)
def test_a_key_removed_by_one_and_changed_by_another_is_a_conflict(
    how: str, branches: list[Bag], taken_from: str, owner: str | None
) -> None:
    bag = joined(branches, how)
    (report,) = bag["branch_conflicts"]
    assert (report["path"], report["taken_from"]) == ("current_state.plan.owner", taken_from)
    assert bag["current_state"]["plan"].get("owner") == owner


def test_the_map_around_it_may_be_what_was_removed() -> None:
    bag = joined([{"removed_paths": ["plan"]}, CHANGES], "last")
    assert bag["branch_conflicts"][0]["path"] == "current_state.plan"
    assert bag["current_state"]["plan"] == {**STATE["plan"], "owner": "bob"}
    bag = joined([{"removed_paths": ["plan.owner"]}, {"current_state": {"plan": 5}}], "first")
    assert bag["branch_conflicts"][0]["path"] == "current_state.plan"
    assert bag["current_state"]["plan"] == without(STATE, [["plan", "owner"]])["plan"]


def test_collected_and_refused_as_any_conflict() -> None:
    bag = joined([REMOVES, CHANGES], "collect")
    assert bag["current_state"]["plan"]["owner"] == [
        {"branch_id": "b0", "removed": True},
        {"branch_id": "b1", "value": "bob"},
    ]
    with pytest.raises(MergeConflictError):
        joined([REMOVES, CHANGES], "fail")


def test_a_list_that_grows_is_in_conflict_with_its_removal() -> None:
    context = {"merge_strategy": {"rows": "append"}}
    parent = synced(
        first(),
        {"current_state": STATE, "status": "PARALLEL_GROUP"}
        | {"pending_branches": [0, 1], "branch_conflict_strategy": "first"},
        {"action": "sync"},
    )
    ends = [
        complete_branch(
            synced(
                fork_branch(parent, {"branch_id": f"b{n}"}),
                result,
                {"action": "sync_branch"} | context,
            )
        )
        for n, result in enumerate([{"removed_paths": ["rows"]}, {"current_state": {"rows": [2]}}])
    ]
    bag = hydrated(join_branches(parent, ends, context))
    assert bag["branch_conflicts"][0]["path"] == "current_state.rows"
    assert "rows" not in bag["current_state"]
