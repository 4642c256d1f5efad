"""Branches join alike, whatever form their values have: inline, in pages, packed, single values."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.places import place
from tests.core.workflow.branches import JOIN, SYNC
from tests.core.workflow.groups import PACKING, TINY, branch, group, joined
from universal_sync_core import complete_branch, join_branches
from universal_sync_core.errors import MergeConflictError
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import content_key
from universal_sync_core.storage.store import Location, StoredObject
from universal_sync_core.values.codec import encode
from universal_sync_core.values.compression import compress

REPLACED = {"merge_strategy": {"current_state.report": "replace"}}
LINES = {f"line {number}": "the same text " * 3 for number in range(900)}
ROWS = [f"{number} {'x' * 90}" for number in range(1_000)]


def single(value: Any) -> dict[str, Any]:
    """Return a pointer to a container in one object, as other languages store it."""
    body = encode(value)
    space = runtime.current()
    path = f"s3://{space.settings.bucket}/{content_key(space.settings, EXECUTION, body)}"
    space.store.put(Location.parse(path), StoredObject(body).body)
    return {
        "__s3_offloaded": True,
        "__v": 1,
        "__kind": "value",
        **place(path, len(body)),
        "__size_bytes": len(body),
    }


FORMS = {"inline": lambda value: value, "packed": compress, "single": single}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", ["latest", "collect", "fail", "first", "last"])
@pytest.mark.usefixtures("store")
def test_maps_of_branches_are_merged_key_by_key(form: str, how: str) -> None:
    parent = group(how, current_state={"report": {"base": 1}})
    bags = [
        branch(parent, side, {"current_state": {"report": FORMS[form](LINES | {side: "done"})}})
        for side in ("left", "right")
    ]
    bag = joined(parent, *bags)
    assert bag["current_state"]["report"] == {"base": 1, **LINES, "left": "done", "right": "done"}
    assert "branch_conflicts" not in bag


@pytest.mark.parametrize("how", ["latest", "collect"])
@pytest.mark.usefixtures("store")
def test_values_that_a_branch_packed_are_merged_key_by_key(how: str) -> None:
    parent = group(how)
    bags = [
        branch(parent, side, {"current_state": {"report": LINES | {side: "done"}}}, context=PACKING)
        for side in ("left", "right")
    ]
    assert "__gzip_base64" in bags[0]["current_state"]["report"]
    assert joined(parent, *bags)["current_state"]["report"].keys() == {*LINES, "left", "right"}


@pytest.mark.parametrize("place", ["rows", "current_state"])
@pytest.mark.usefixtures("store")
def test_one_list_in_other_pages_is_no_conflict(place: str) -> None:
    def of(rows: list[str]) -> dict[str, Any]:
        return {"rows": rows} if place == "rows" else {"current_state": {"rows": rows}}

    parent = group("fail")
    left = branch(parent, "left", of(ROWS))
    steps = (of(ROWS[start : start + 250]) for start in range(0, 1_000, 250))
    right = branch(parent, "right", *steps, context=SYNC | {"merge_strategy": {"rows": "append"}})
    assert encode(left.get("rows")) != encode(right.get("rows")) or place != "rows"
    bag = joined(parent, left, right)
    assert (bag if place == "rows" else bag["current_state"])["rows"] == ROWS
    assert "branch_conflicts" not in bag


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("strategy", ["replace", "append"])
@pytest.mark.parametrize("place", ["report", "current_state.report"])
@pytest.mark.usefixtures("store")
def test_a_map_in_another_form_is_no_change_where_it_is_taken_as_a_whole(
    form: str, strategy: str, place: str
) -> None:
    def of(value: Any) -> dict[str, Any]:
        return {"report": value} if place == "report" else {"current_state": {"report": value}}

    parent = group("fail", **of(LINES))
    same = branch(parent, "same", of(FORMS[form](dict(LINES))), context=SYNC | REPLACED)
    other = branch(parent, "other", of({"new": 1}), context=SYNC | REPLACED)
    ends = [complete_branch(bag, CONTEXT) for bag in (same, other)]
    bag = hydrated(join_branches(parent, ends, JOIN | {"merge_strategy": {place: strategy}}))
    assert (bag if place == "report" else bag["current_state"])["report"] == {"new": 1}


@pytest.mark.usefixtures("store")
def test_a_list_that_came_back_to_what_it_was_is_no_change() -> None:
    parent = group("fail", rows=ROWS)
    append = SYNC | {"merge_strategy": {"rows": "append"}}
    back = branch(parent, "back", {"rows": ROWS[:500]}, {"rows": ROWS[500:]}, context=append)
    back = synced(synced(back, {"rows": []}, SYNC), {"rows": ROWS[:700]}, SYNC)
    back = synced(back, {"rows": ROWS[700:]}, append)
    other = branch(parent, "other", {"rows": ["changed"]})
    assert joined(parent, back, other)["rows"] == ["changed"]


def test_branches_that_share_a_value_do_not_read_it(store: CountingStore) -> None:
    with fresh(store):
        parent = group("fail")
        bags = [branch(parent, name, {"current_state": {"rows": ROWS}}) for name in "ab"]
        ends = [complete_branch(bag, CONTEXT) for bag in bags]
    store.reset()
    with fresh(store):
        join_branches(parent, ends, JOIN)
        assert len(store.gets) == 2  # the bags of the branches


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("store")
def test_lists_under_replace_are_in_conflict_by_the_strategy(form: str) -> None:
    made = {side: [f"{side}'s", side] for side in ("a", "b")}
    for how, outputs in {
        "first": made["a"],
        "last": made["b"],
        "collect": [{"branch_id": side, "value": made[side]} for side in "ab"],
    }.items():
        parent = group(how)
        bags = [
            branch(parent, side, {"distributed_outputs": FORMS[form](made[side])}) for side in "ab"
        ]
        bag = joined(parent, *bags)
        assert bag["distributed_outputs"] == outputs
        assert [conflict["path"] for conflict in bag["branch_conflicts"]] == ["distributed_outputs"]


@pytest.mark.usefixtures("store")
def test_what_is_told_with_a_list_goes_where_the_list_goes() -> None:
    parent = group("first")
    bag = joined(parent, branch(parent, "a", ["left's"]), branch(parent, "b", ["right's", 2, 3]))
    assert (bag["distributed_outputs"], bag["chunk_count"]) == (["left's"], 1)
    assert [conflict["path"] for conflict in bag["branch_conflicts"]] == ["distributed_outputs"]


@pytest.mark.usefixtures("store")
def test_bookkeeping_is_no_conflict() -> None:
    parent = group("fail")
    bags = [branch(parent, side, ["same"]) for side in "ab"]
    bags[0]["aggregation_timestamp"] = "2025-01-01T00:00:00.000Z"
    bags[1]["stale_result"] = {"action": "sync_branch", "computed_from": 1, "merged_into": 2}
    bags[0]["stale_result"] = {"action": "sync_branch", "computed_from": 0, "merged_into": 2}
    assert joined(parent, *bags)["distributed_outputs"] == ["same"]


@pytest.mark.usefixtures("store")
def test_a_list_that_a_branch_replaced_is_in_conflict_with_what_others_added() -> None:
    parent = group("fail", chunk_results=["p"])
    added = branch(parent, "added", {"chunk_results": ["new"]})
    replacing = SYNC | {"merge_strategy": {"chunk_results": "replace"}}
    replaced = branch(parent, "replaced", {"chunk_results": ["other"]}, context=replacing)
    with pytest.raises(MergeConflictError) as caught:
        joined(parent, added, replaced)
    assert caught.value.paths == ("chunk_results",)


@pytest.mark.parametrize("added", ["ab", "xy"], ids=["new", "known"])
@pytest.mark.usefixtures("store")
def test_a_union_with_a_list_that_names_things_twice_keeps_what_each_added(added: str) -> None:
    union = {"merge_strategy": {"tags": "set_union"}}
    parent = group("fail", tags=["x", "x", "y"])
    bags = [branch(parent, each, {"tags": [each]}, context=SYNC | union) for each in added]
    ends = [complete_branch(bag, CONTEXT) for bag in bags]
    expected = list(dict.fromkeys(["x", "y", *added]))
    assert hydrated(join_branches(parent, ends, JOIN | union))["tags"] == expected


@pytest.mark.parametrize("key", ["__s3_offloaded", "__gzip_base64", "__escaped:__s3_offloaded"])
@pytest.mark.usefixtures("store")
def test_conflicts_are_reported_under_the_names_the_user_gave(key: str) -> None:
    parent = group("last")
    bags = [branch(parent, side, {"current_state": {key: side}, key: side}) for side in "ab"]
    bag = joined(parent, *bags)
    assert [c["path"] for c in bag["branch_conflicts"]] == [key, f"current_state.{key}"]
    assert bag["current_state"] == {key: "b"}


def test_conflicts_are_reported_in_one_order_wherever_the_fields_are(store: CountingStore) -> None:
    def conflicts(**settings: Any) -> list[str]:
        with fresh(store, **settings):
            parent = group("last", filler={str(n): "x" * 40 for n in range(100)})
            results = {f"field-{n}": "y" * 30 for n in range(60, 0, -1)} | {"beta": 1, "alpha": 2}
            changed = [{name: f"{side}{name}" for name in results} for side in "ab"]
            bags = [branch(parent, s, c) for s, c in zip("ab", changed, strict=True)]
            return [conflict["path"] for conflict in joined(parent, *bags)["branch_conflicts"]]

    assert conflicts() == conflicts(max_payload_bytes=3_000)


@pytest.mark.usefixtures("store")
def test_a_conflict_that_fails_names_fields_and_no_keys_of_the_state() -> None:
    parent = group("fail")
    bags = [branch(parent, s, {"current_state": {"jane@example.org": s}, "x": s}) for s in "ab"]
    with pytest.raises(
        MergeConflictError, match=r"disagree on 2 value.*current_state, x"
    ) as caught:
        joined(parent, *bags)
    assert "jane" not in str(caught.value)
    assert caught.value.paths == ("current_state.jane@example.org", "x")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tiny", [True, False])
def test_what_is_collected_is_whole(form: str, *, tiny: bool) -> None:
    with fresh(CountingStore(), **(TINY if tiny else {})):
        part = {"n": 1, "same": "s"}
        fields = {"chunk_results": ["p"], "other": part}
        parent = group("collect", current_state={"part": FORMS[form](part)}, **fields)
        replacing = SYNC | {"merge_strategy": {"chunk_results": "replace"}}
        one = {"current_state": {"part": {"n": 2}}, "chunk_results": ["a"], "other": {"n": 3}}
        changed = branch(parent, "a", one)
        other = {"current_state": {"part": "gone"}, "chunk_results": ["b"], "other": {"n": 4}}
        replaced = branch(parent, "b", other, context=replacing)
        bag = joined(parent, changed, replaced)
    assert [each["value"] for each in bag["current_state"]["part"]] == [part | {"n": 2}, "gone"]
    assert [each["value"] for each in bag["chunk_results"]] == [["p", "a"], ["b"]]
    assert [each["value"] for each in bag["other"]] == [{"n": 3}, {"n": 4}]
