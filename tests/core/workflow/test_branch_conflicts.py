"""Branches that changed one place: decided by the strategy of the bag, and reported."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.workflow.branches import joined, parent, worked
from universal_sync_core import store_to_s3
from universal_sync_core.errors import InvalidRequestError, MergeConflictError, StateTooLargeError
from universal_sync_core.merge.lists import Lists


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


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("preview_paths", (["left"], ["right"])),
        ("tolerated_failed_items", (1, "5%")),
        ("tolerated_branch_failures", (0, 1)),
        ("items_per_batch", (2, 3)),
        ("map_concurrency", (4, 5)),
        ("branch_conflict_strategy", ("first", "last")),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_field_that_the_machine_reads_is_never_a_list_of_what_branches_want(
    name: str, values: tuple[Any, Any]
) -> None:
    state = parent(branch_conflict_strategy="collect")
    branches = [
        worked(state, each, {name: value}) for each, value in zip("ab", values, strict=True)
    ]
    bag = joined(state, *branches)
    assert bag[name] == values[1]
    (report,) = hydrated(bag)["branch_conflicts"]
    assert report == {"path": name, "branches": ["a", "b"], "strategy": "latest", "taken_from": "b"}


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


BY_KEY = {"merge_strategy": {"rows": {"strategy": "merge_by_key", "key": "id"}}}
# What two branches make of an item, by the conflict strategy, and where they disagree.
ROWS: list[tuple[str, Any, Any, Any, list[str]]] = [
    ("first", {"v": 2}, {"v": 3}, {"v": 2, "w": {"n": 0}}, ["v"]),
    ("last", {"v": 2}, {"v": 3}, {"v": 3, "w": {"n": 0}}, ["v"]),
    ("last", {"v": 2, "w": {"n": 1}}, {"w": {"n": 2}}, {"v": 2, "w": {"n": 2}}, ["w.n"]),
    ("last", {"v": 2}, {"w": {"m": 1}}, {"v": 2, "w": {"n": 0, "m": 1}}, []),
    ("last", {"v": 2}, {"v": 2, "w": {"n": 2}}, {"v": 2, "w": {"n": 2}}, []),
    ("first", {"w": 5}, {"w": {"n": 2}}, {"v": 1, "w": 5}, ["w"]),
    (
        "latest",
        {"updated_at": 20, "v": 2},
        {"updated_at": 10, "v": 3},
        {"v": 2, "w": {"n": 0}, "updated_at": 20},
        ["updated_at", "v"],
    ),
    (
        "collect",
        {"w": 5},
        {"w": {"m": 1}},
        {
            "v": 1,
            "w": [{"branch_id": "a", "value": 5}, {"branch_id": "b", "value": {"n": 0, "m": 1}}],
        },
        ["w"],
    ),
]


@pytest.mark.parametrize("path", ["rows", "current_state.rows"])
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.usefixtures("place")
def test_items_that_are_merged_by_key_are_settled_leaf_by_leaf(path: str, row: Any) -> None:
    how, one, other, item, paths = row

    def of(*rows: Any) -> dict[str, Any]:
        return {"rows": [*rows]} if path == "rows" else {"current_state": {"rows": [*rows]}}

    named = {"id": 1}
    state = parent(branch_conflict_strategy=how, **of({"id": 0}, named | {"v": 1, "w": {"n": 0}}))
    bag = joined(
        state,
        worked(state, "a", of({"id": "of a"}, named | one), **BY_KEY),
        worked(state, "b", of(named | other, {"id": "of b"}), **BY_KEY),
        **BY_KEY,
    )
    found = hydrated(bag)
    rows = found["rows"] if path == "rows" else found["current_state"]["rows"]
    assert rows == [{"id": 0}, named | item, {"id": "of a"}, {"id": "of b"}]
    reported = [each["path"] for each in found.get("branch_conflicts", [])]
    assert reported == [f"{path}[].{leaf}" for leaf in paths]


@pytest.mark.usefixtures("place")
def test_new_items_with_one_key_are_settled_as_well() -> None:
    state = parent(branch_conflict_strategy="fail")
    branches = [
        worked(state, name, {"current_state": {"rows": [{"id": 1, "of": name}]}}, **BY_KEY)
        for name in "ab"
    ]
    with pytest.raises(MergeConflictError) as caught:
        joined(state, *branches, **BY_KEY)
    assert caught.value.paths == ("current_state.rows[].of",)


@pytest.mark.parametrize("is_new", [False, True], ids=["changed", "added"])
@pytest.mark.usefixtures("place")
def test_conflicts_in_a_map_to_which_several_paths_lead_are_reported_at_each(
    *, is_new: bool
) -> None:
    def of(text: str) -> dict[str, Any]:
        shared = store_to_s3({"n": text, text: 1}, CONTEXT)
        return {"current_state": {"maps": store_to_s3({"x": shared, "y": shared}, CONTEXT)}}

    state = parent(branch_conflict_strategy="first", **({} if is_new else of("before")))
    bag = hydrated(joined(state, *(worked(state, name, of(name)) for name in "ab")))

    assert bag["current_state"]["maps"]["x"]["n"] == bag["current_state"]["maps"]["y"]["n"] == "a"
    assert bag["current_state"]["maps"]["x"].keys() >= {"n", "a", "b"}
    reported = [each["path"] for each in bag["branch_conflicts"]]
    assert reported == ["current_state.maps.x.n", "current_state.maps.y.n"]


def test_conflicts_at_more_paths_than_a_call_may_read_are_refused() -> None:
    def of(text: str) -> dict[str, Any]:
        value: Any = text
        for _ in range(3):
            value = store_to_s3({f"key {number}": value for number in range(20)}, CONTEXT)
        return {"current_state": {"maps": value}}

    with fresh(CountingStore(), budget_nodes=100_000):
        state = parent()
        branches = [worked(state, name, of(name)) for name in "ab"]
        with pytest.raises(StateTooLargeError):
            joined(state, *branches)


@pytest.mark.parametrize("size", [50, 110, 400])
def test_an_item_without_a_key_that_is_stored_otherwise_is_unchanged(size: int) -> None:
    keyless, added = {"k": "x" * size, "l": "y" * size}, [{"id": n, "t": "z" * 300} for n in "ab"]
    with fresh(CountingStore(), field_offload_bytes=300, page_bytes=160, index_bytes=200):
        state = parent(branch_conflict_strategy="fail", rows=keyless)
        branches = [worked(state, item["id"], {"rows": [item]}, **BY_KEY) for item in added]
        bag = joined(state, *branches, **BY_KEY)
        assert hydrated(bag)["rows"] == [keyless, *added]


@pytest.mark.usefixtures("place")
def test_the_parents_list_is_looked_through_once_however_many_items_conflict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count, looked, identities = 200, list[Any](), Lists.identities

    def counted(self: Lists, items: Sequence[Any], key: str) -> list[bytes | None]:
        looked.extend(items)
        return identities(self, items, key)

    state = parent(branch_conflict_strategy="collect", rows=[{"id": n} for n in range(count)])
    branches = [
        worked(state, name, {"rows": [{"id": n, "of": name} for n in range(count)]}, **BY_KEY)
        for name in "ab"
    ]
    monkeypatch.setattr(Lists, "identities", counted)
    bag = joined(state, *branches, **BY_KEY)

    assert len(hydrated(bag)["branch_conflicts"]) == count
    assert len(looked) < 20 * count
