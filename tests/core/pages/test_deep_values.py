"""A value that is deep is written once, and not once more for each of its levels.

Hazard held here: two megabytes, 1,000 levels down, that took two minutes and gigabytes of memory.
"""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, call, fresh
from tests.core.fakes import CountingStore
from universal_sync_core import fork_branch, hydrate_state, join_branches, universal_sync_core
from universal_sync_core.merge import branch_changes
from universal_sync_core.pages import tree_writer
from universal_sync_core.values import item_failure
from universal_sync_core.values.codec import Json, encode
from universal_sync_core.values.sizes import is_over

TEXT = "x" * 100_000


def in_maps(value: Json, levels: int) -> Json:
    for _ in range(levels):
        value = {"in": value}
    return value


def in_lists(value: Json, levels: int) -> Json:
    for _ in range(levels):
        value = [value]
    return value


def in_failures(value: Json, levels: int) -> Json:
    for _ in range(levels // 2):
        value = [{"status": "FAILED", "error": value}]
    return value


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the bytes of each value that is encoded where a value has many levels."""
    sizes: list[int] = []

    def noted(value: Json) -> bytes:
        body = encode(value)
        sizes.append(len(body))
        return body

    for module in (tree_writer, branch_changes, item_failure):
        monkeypatch.setattr(module, "encode", noted)
    return sizes


@pytest.mark.parametrize("around", [in_maps, in_lists, in_failures])
def test_storing_a_deep_value_encodes_it_a_few_times(around: Any, encoded: list[int]) -> None:
    value = around(TEXT, 600)
    with fresh(CountingStore()), call() as unit:
        pointer = unit.pages.store(value)
        assert sum(encoded) < 20 * len(TEXT)
        assert unit.pages.resolve(pointer.render()) == value


def test_joining_deep_values_encodes_them_a_few_times(encoded: list[int]) -> None:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": ["a", "b"]}
    with fresh(CountingStore()):
        state = universal_sync_core({}, asked, CONTEXT)
        results = [{"current_state": in_maps(TEXT + name, 600)} for name in ("a", "b")]
        bag = join_branches(state, results, CONTEXT)
        assert sum(encoded) < 40 * len(TEXT)
        assert [report["path"].count(".in") for report in bag["branch_conflicts"]] == [600]
        assert hydrate_state(bag, context=CONTEXT)["current_state"] == in_maps(TEXT + "b", 600)


def test_a_branch_that_agrees_with_another_at_each_level_is_no_conflict() -> None:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": ["a", "b"]}
    with fresh(CountingStore()):
        state = universal_sync_core({}, asked, CONTEXT)
        bags = [fork_branch(state, name, CONTEXT) for name in ("a", "b")]
        result = {"current_state": {"same": {"n": 1, "none": {}, "list": [{}]}}}
        ends = [
            universal_sync_core(bag, result, CONTEXT | {"action": "sync_branch"}) for bag in bags
        ]
        bag = join_branches(state, ends, CONTEXT)
    assert "branch_conflicts" not in bag
    assert bag["current_state"] == result["current_state"]


@pytest.mark.parametrize(
    "value",
    ["text", "", '"\u00fc', [], {}, [1, None, True], {"a": 1, "": [2.5]}, [[[]]], {"k": {"k": {}}}],
    ids=repr,
)
def test_what_is_told_to_be_over_is(value: Json) -> None:
    size = len(encode(value))
    assert not any(is_over(value, limit) for limit in range(size, size + 20))
    assert is_over(value, -1)
