"""Ten times as much takes ten times the work, counted in calls of functions."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.effort import calls_of
from tests.core.fakes import CountingStore
from universal_sync_core import (
    State,
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    state_task,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import StateTooLargeError
from universal_sync_core.merge.lists import Lists

pytestmark = pytest.mark.usefixtures("store")

FEW: Final = 20
BY_ID: Final = {"strategy": "merge_by_key", "key": "id"}

Work = Callable[[], Any]


def synced(bag: dict[str, Any], result: Any, **context: Any) -> dict[str, Any]:
    return universal_sync_core(bag, result, CONTEXT | context)


def state_of(**fields: Any) -> dict[str, Any]:
    return synced({}, {"current_state": fields})


def numbered(count: int) -> dict[str, Any]:
    return {f"key{number}": {"n": number} for number in range(count)}


def join(results: Iterable[dict[str, Any]], strategy: Any = None, before: Any = ()) -> Work:
    """Return the join of branches that end with these results."""
    context = {"merge_strategy": {"found": strategy}} if strategy else {}
    bag = state_of(found=before)
    ends = []
    for number, result in enumerate(results):
        branch = fork_branch(bag, {"branch_id": f"b{number}"}, CONTEXT)
        ends.append(complete_branch(synced(branch, result, **context), CONTEXT))
    return lambda: join_branches(bag, ends, CONTEXT | context)


def join_lists(strategy: Any) -> Callable[[int], Work]:
    """Return the join of branches that add four items each to one list."""

    def added(branch: int) -> list[Any]:
        return [{"id": f"{branch}-{item}"} for item in range(4)]

    return lambda count: join(
        ({"current_state": {"found": added(n)}} for n in range(count)), strategy
    )


def join_histories(count: int) -> Work:
    return join(
        {"state_history": [{"branch": n, "entry": m} for m in range(4)]} for n in range(count)
    )


def merge_lists(strategy: Any) -> Callable[[int], Work]:
    """Return the merge of items into a stored list that has half of them."""

    def work(count: int) -> Work:
        items = [{"id": number, "text": "x" * 100} for number in range(30 * count)]
        bag = state_of(found=items[: 20 * count])
        result = {"current_state": {"found": items[10 * count :]}}
        return lambda: synced(bag, result, merge_strategy={"found": strategy})

    return work


def needed(count: int) -> Work:
    bag = state_of(**numbered(10 * count))
    paths = [f"current_state.key{number}.n" for number in range(10 * count)]

    def work() -> None:
        @state_task(needs=paths)
        def worker(_state: State[Any]) -> dict[str, Any]:
            return {}

        worker({"state_data": bag})

    return work


def change_all(count: int) -> Work:
    bag = state_of(**numbered(count))
    return lambda: synced(bag, {"current_state": {key: {"n": -1} for key in numbered(count)}})


def maps_of_maps(count: int, value: Any) -> Any:
    """Return a map all of whose keys lead to one map, whose keys lead to one."""
    for _ in range(3):
        value = store_to_s3({f"key{number:04}": value for number in range(count)}, CONTEXT)
    return value


def merge_maps_of_maps(count: int) -> Work:
    before, after = (maps_of_maps(count, text * 2_000) for text in "ab")
    bag = state_of(found=before)
    return lambda: synced(bag, {"current_state": {"found": after}})


def merge_maps_with_copies(count: int) -> Work:
    """Return the merge of two such maps, where each pointer has a copy beside it."""

    def copied(value: Any) -> Any:
        for _ in range(3):
            stored = store_to_s3({f"key{number:04}": value for number in range(count)}, CONTEXT)
            value = stored | {"copy": 1}
        return value

    before, after = (copied(text * 2_000) for text in "ab")
    bag = state_of(found=before)
    return lambda: synced(bag, {"current_state": {"found": after}})


def merge_each_with_each(count: int) -> Work:
    """Return the merge of each of some maps with each of some others."""
    names = [f"key{number:04}" for number in range(count)]

    def maps(letter: str) -> list[Any]:
        maps = (dict.fromkeys(names, f"{letter}{at}" * 300) for at in range(count))
        return [store_to_s3(each, CONTEXT) for each in maps]

    before = [store_to_s3(dict.fromkeys(names, each), CONTEXT) for each in maps("a")]
    after = store_to_s3(dict(zip(names, maps("b"), strict=True)), CONTEXT)
    bag = state_of(found=dict(zip(names, before, strict=True)))
    return lambda: synced(bag, {"current_state": {"found": dict.fromkeys(names, after)}})


def join_maps_of_maps(before: Any, *after: Any) -> Callable[[int], Work]:
    """Return the join of branches that put maps of maps, with an object at the end, or a text."""

    def found(count: int, value: Any) -> Any:
        return maps_of_maps(count, value) if type(value) is dict else value

    def work(count: int) -> Work:
        results = ({"current_state": {"found": found(count, each)}} for each in after)
        return join(results, before=found(count, before))

    return work


def remove_all(count: int) -> Work:
    bag = state_of(**numbered(count))
    return lambda: synced(bag, {"removed_paths": [f"{key}.n" for key in numbered(count)]})


def keep_inline(count: int) -> Work:
    result = {"current_state": numbered(count) | {"large": "x" * 200_000}}
    return lambda: synced({}, result, keep_inline=[f"{key}.n" for key in numbered(count)])


def hydrate_paths(count: int) -> Work:
    bag = state_of(**numbered(count))
    return lambda: hydrate_state(bag, [f"current_state.{key}.n" for key in numbered(count)])


WORK: Final[dict[str, Callable[[int], Work]]] = {
    "branches that append": join_lists("append"),
    "branches that append what is new": join_lists("dedupe_append"),
    "branches that unite sets": join_lists("set_union"),
    "branches that merge by key": join_lists(BY_ID),
    "branches that change one list": join_lists(None),
    "branches with a history": join_histories,
    "list that gets what is new": merge_lists("dedupe_append"),
    "list that is a set": merge_lists("set_union"),
    "list that is merged by key": merge_lists(BY_ID),
    "needs of a worker": needed,
    "keys that change": change_all,
    "maps of maps": merge_maps_of_maps,
    "maps of maps that one branch changes": join_maps_of_maps({"a": 0}, {"a": 1}),
    "maps of maps that branches change alike": join_maps_of_maps({"a": 0}, {"a": 1}, {"a": 1}),
    "maps of maps that branches change": join_maps_of_maps({"a": 0}, {"a": 1}, {"b": 1}),
    "maps of maps that branches add": join_maps_of_maps("", {"a": 1}, {"b": 1}),
    "maps of maps that one branch replaces": join_maps_of_maps({"a": 0}, {"a": 1}, ""),
    "keys that are removed": remove_all,
    "keys that are kept inline": keep_inline,
    "paths to hydrate": hydrate_paths,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_ten_times_as_much_takes_ten_times_as_many_calls(work: Callable[[int], Work]) -> None:
    few, many = (calls_of(work(count)) for count in (FEW, 10 * FEW))
    assert many < 12 * few


@pytest.mark.parametrize("work", [merge_maps_with_copies, merge_each_with_each])
def test_a_map_that_is_gone_through_again_is_paid_for(work: Callable[[int], Work]) -> None:
    with fresh(CountingStore(), budget_nodes=100_000):
        again = work(3 * FEW)

        def refused() -> None:
            with pytest.raises(StateTooLargeError):
                again()

        assert calls_of(refused) < 750_000


def test_the_history_of_a_join_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[int] = []
    present = Lists.present

    def counted(lists: Lists, base: Any, wanted: Iterable[bytes]) -> set[bytes]:
        searches.append(len(base))
        return present(lists, base, wanted)

    work = join_histories(FEW)
    monkeypatch.setattr(Lists, "present", counted)
    work()

    assert len(searches) == 1
