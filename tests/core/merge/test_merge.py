"""The Smart StateBag: what a delta does to a bag, rule by rule."""

from typing import Any

import pytest

from tests.core.bags import EXECUTION, Unchanged
from tests.core.merge.merges import MERGES
from tests.core.merge.rows import NEW, OLD, Merge
from universal_sync_core import LIST_FIELD_STRATEGIES, merge_logic
from universal_sync_core.errors import InvalidRequestError


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.rule)
def test_merging(merge: Merge) -> None:
    context = {"merge_strategy": merge.strategies}
    with Unchanged(merge.base, merge.delta, context):
        merged = merge_logic(merge.base, merge.delta, context)
    assert repr(merged) == repr(merge.merged)


@pytest.mark.parametrize("base", [None, {}])
def test_no_bag_and_an_empty_bag_are_the_same(base: dict[str, Any] | None) -> None:
    assert merge_logic(base, {"current_state": {"a": 1}}) == {"current_state": {"a": 1}}


def test_what_the_delta_does_not_touch_is_the_same_object() -> None:
    base: dict[str, Any] = {
        "untouched": {"a": [1]},
        "current_state": {"left": {"x": {}}, "right": {"in": {"deep": 1}, "side": [1]}},
        "state_history": [{"n": 1}],
    }
    merged = merge_logic(base, {"current_state": {"right": {"in": {"deep": 2}}}})
    assert merged["untouched"] is base["untouched"]
    assert merged["state_history"] is base["state_history"]
    assert merged["current_state"]["left"] is base["current_state"]["left"]
    assert merged["current_state"]["right"]["side"] is base["current_state"]["right"]["side"]
    assert merged["current_state"]["right"]["in"] == {"deep": 2}


def test_appending_keeps_the_elements_themselves() -> None:
    base: dict[str, Any] = {"chunk_results": [{"a": 1}], "state_history": [{"b": 1}]}
    delta = {"chunk_results": [{"a": 2}], "state_history": [{"b": 2}]}
    merged = merge_logic(base, delta)
    assert merged["chunk_results"][0] is base["chunk_results"][0]
    assert merged["chunk_results"][1] is delta["chunk_results"][0]
    assert merged["state_history"][0] is base["state_history"][0]


@pytest.mark.parametrize(
    "delta",
    [
        {},
        {"a": [1]},
        {"current_state": {}},
        {"current_state": {"b": {"c": 1}}},
        {"state_history": [{"n": 1}]},
        {"state_history": []},
        {"current_state": {"b": {"updated_at": OLD, "c": 5}}},
    ],
    ids=repr,
)
def test_a_delta_that_changes_nothing_gives_the_bag_itself(delta: dict[str, Any]) -> None:
    base = {
        "a": [1],
        "current_state": {"b": {"c": 1, "updated_at": NEW}},
        "state_history": [{"n": 1}],
    }
    assert merge_logic(base, delta) is base


def test_a_delta_that_is_the_whole_bag_changes_nothing() -> None:
    base = {"current_state": {"a": {"b": 1}}, "state_history": [1, 2], "list": [1]}
    assert merge_logic(base, dict(base)) is base


@pytest.mark.parametrize(
    "strategy", ["append", "set_union", {"strategy": "merge_by_key", "key": "id"}]
)
@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("map_concurrency", 4, 5),
        ("items_per_batch", 2, 3),
        ("tolerated_failed_items", 1, "5%"),
        ("tolerated_branch_failures", 1, 2),
        ("branch_conflict_strategy", "first", "last"),
        ("loop_limit", 9, 8),
        ("next_segment_to_run", 1, 2),
        ("segment_id", "a", "b"),
    ],
)
def test_a_strategy_for_a_field_of_that_name_in_the_state_leaves_the_machine_its_one_value(
    strategy: Any, field: str, first: Any, second: Any
) -> None:
    context = {"merge_strategy": {field: strategy}}
    before = {field: first, "current_state": {field: [{"id": 1}]}}
    merged = merge_logic(before, {field: second, "current_state": {field: [{"id": 2}]}}, context)
    assert merged == {field: second, "current_state": {field: [{"id": 1}, {"id": 2}]}}


BY_ID = {"strategy": "merge_by_key", "key": "id"}


@pytest.mark.parametrize(
    ("strategies", "said"),
    [
        ({"items": BY_ID, "items[0].tags": "append"}, r"items\[\*\].tags"),
        ({"current_state": "append"}, "name a field of it"),
        ({"current_state": BY_ID}, "name a field of it"),
        ({"items": BY_ID | {"kye": "id"}}, "the fields strategy and key alone"),
        ({"items": BY_ID | {"strategy": "append"}}, "append for items takes no key"),
    ],
    ids=["position", "the whole state", "the whole state by key", "unknown field", "key"],
)
def test_a_strategy_that_would_do_nothing_or_harm_is_refused(strategies: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        merge_logic({}, {}, {"merge_strategy": strategies})


@pytest.mark.parametrize(
    ("strategies", "field"),
    [
        ({"tags": "union"}, "merge_strategy.tags"),
        ({"tags": None}, "merge_strategy.tags"),
        ({"tags": ["append"]}, "merge_strategy.tags"),
        ({"tags": {"key": "id"}}, "merge_strategy.tags"),
        ({"tags": {"strategy": "nearest"}}, "merge_strategy.tags"),
    ],
)
def test_an_unknown_strategy_is_refused_and_the_known_ones_named(
    strategies: Any, field: str
) -> None:
    known = "append, dedupe_append, merge_by_key, replace, set_union"
    with pytest.raises(InvalidRequestError, match=known) as caught:
        merge_logic({}, {}, {"merge_strategy": strategies})
    assert caught.value.field == field


@pytest.mark.parametrize(
    "spec",
    [
        "merge_by_key",
        {"strategy": "merge_by_key"},
        {"strategy": "merge_by_key", "key": ""},
        {"strategy": "merge_by_key", "key": 5},
    ],
)
def test_merge_by_key_needs_its_key(spec: Any) -> None:
    with pytest.raises(InvalidRequestError, match="needs the key") as caught:
        merge_logic({}, {}, {"merge_strategy": {"tags": spec}})
    assert caught.value.field == "merge_strategy.tags"


@pytest.mark.parametrize("strategies", ["append", ["tags"], 5])
def test_strategies_come_as_an_object(strategies: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        merge_logic({}, {}, {"merge_strategy": strategies})
    assert caught.value.field == "merge_strategy"


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"execution_id": 5}, "execution_id"),
        ({"execution_id": ""}, "execution_id"),
        ({"action": ["sync"]}, "action"),
        ({"keep_inline": "current_state.a"}, "keep_inline"),
        ({"keep_inline": [1]}, "keep_inline"),
        ({"keep_inline": ["$.current_state.a"]}, "keep_inline"),
        ({"keep_inline": ["a..b"]}, "keep_inline"),
        ({"keep_inline": ["current_state.items[0].id"]}, "keep_inline"),
        ({"merge_strategy": {"$.a": "append"}}, "merge_strategy"),
        ({"merge_strategy": {"a..b": "append"}}, "merge_strategy"),
        ({"merge_strategy": {"": "append"}}, "merge_strategy"),
    ],
)
def test_a_context_of_another_kind_is_refused_by_name(context: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        merge_logic({}, {}, context)
    assert caught.value.field == field


def test_a_result_cannot_move_the_state_to_another_execution() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        merge_logic({"execution_id": EXECUTION}, {"execution_id": EXECUTION + "0"})
    assert caught.value.field == "execution_id"
    assert EXECUTION not in str(caught.value)


def test_default_strategies_are_the_documented_ones() -> None:
    assert dict(LIST_FIELD_STRATEGIES) == {
        "state_history": "dedupe_append",
        "new_history_logs": "dedupe_append",
        "chunk_results": "append",
        "failed_segments": "append",
        "distributed_outputs": "replace",
        "pending_branches": "replace",
    }
