"""Values in values are read level by level: more of them on a level take no more turns."""

from collections.abc import Callable
from itertools import product
from typing import Any, Final

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.turns import TurnsStore
from universal_sync_core import (
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    open_bag,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.documents import document

LEVELS: Final = 3
BY_ID: Final = {"strategy": "merge_by_key", "key": "id"}

Work = Callable[[], Any]


def synced(bag: dict[str, Any], result: Any, **context: Any) -> dict[str, Any]:
    return universal_sync_core(bag, result, CONTEXT | context)


def stored(count: int, leaf: Any, levels: int = LEVELS, above: str = "") -> Any:
    """Return a pointer to a map of pointers to maps, and so on, each another and stored apart."""
    if not levels:
        return leaf
    below = {f"k{n}": stored(count, leaf, levels - 1, f"{above}.{n}") for n in range(count)}
    return store_to_s3(below | {"above": above}, CONTEXT)


def inline(count: int, leaf: Any, levels: int = LEVELS) -> Any:
    if not levels:
        return leaf
    return {f"k{number}": inline(count, leaf, levels - 1) for number in range(count)}


def state_of(found: Any) -> dict[str, Any]:
    return synced({}, {"current_state": {"found": found}})


def paths(count: int, above: str) -> list[str]:
    names = [f"k{number}" for number in range(count)]
    return [".".join([above, *each, "n"]) for each in product(names, repeat=LEVELS)]


def merge(count: int) -> Work:
    bag, result = state_of(stored(count, {"n": 1})), {"found": inline(count, {"n": 2})}
    return lambda: synced(bag, {"current_state": result})


def merge_stored(count: int) -> Work:
    bag, result = state_of(stored(count, {"n": 1})), {"found": stored(count, {"n": 2})}
    return lambda: synced(bag, {"current_state": result})


def items(count: int, leaf: Any) -> list[Any]:
    """Return items in S3, in which there are values in S3."""
    below = [stored(count, leaf, LEVELS - 1, f"{number}") for number in range(count)]
    return [store_to_s3({"id": n, "below": each}, CONTEXT) for n, each in enumerate(below)]


def merge_items(count: int) -> Work:
    bag = state_of(store_to_s3(items(count, {"n": 1}), CONTEXT))
    result = {"current_state": {"found": items(count, {"n": 2})}}
    return lambda: synced(bag, result, merge_strategy={"found": BY_ID})


def join(before: Any, *after: Any, **context: Any) -> Work:
    """Return the join of branches, each of which puts a value in the state."""
    bag = state_of(before)
    ends = []
    for number, found in enumerate(after):
        branch = fork_branch(bag, {"branch_id": f"b{number}"}, CONTEXT)
        branch = synced(branch, {"current_state": {"found": found}}, **context)
        ends.append(complete_branch(branch, CONTEXT))
    return lambda: join_branches(bag, ends, CONTEXT | context)


def join_changed(count: int) -> Work:
    before = stored(count, {"n": 0})
    return join(before, *(inline(count, {"n": number}) for number in (1, 2)))


def join_added(count: int) -> Work:
    return join("", *(stored(count, {"n": number}) for number in (1, 2)))


def join_items(count: int) -> Work:
    before = store_to_s3(items(count, {"n": 0}), CONTEXT)
    below = [inline(count, {"n": number}, LEVELS - 1) for number in (1, 2)]
    after = ([{"id": number, "below": each} for number in range(count)] for each in below)
    return join(before, *after, merge_strategy={"found": BY_ID})


def join_branches_of(count: int) -> Work:
    return join(stored(2, {"n": 0}), *(inline(2, {"n": n}) for n in range(1, count + 2)))


def join_lists(count: int) -> Work:
    """Return the join of branches, each of which adds to long lists of the state and of the bag."""
    rows = [f"{n}" * 40 for n in range(900)]
    strategy = {"merge_strategy": {"found": "append", "rows": "append"}}
    bag = synced(state_of(rows), {"rows": rows})
    ends = []
    for number in range(count + 1):
        branch = fork_branch(bag, {"branch_id": f"b{number}"}, CONTEXT)
        result = {"current_state": {"found": [number]}, "rows": [number]}
        ends.append(complete_branch(synced(branch, result, **strategy), CONTEXT))
    return lambda: join_branches(bag, ends, CONTEXT | strategy)


def remove(count: int) -> Work:
    bag = state_of(stored(count, {"n": 1, "m": 1}))
    return lambda: synced(bag, {"removed_paths": paths(count, "found")})


def keep_inline(count: int) -> Work:
    bag = state_of(stored(count, {"n": 1}))
    return lambda: synced(bag, {"current_state": {}}, keep_inline=paths(count, "found"))


def hydrate(count: int) -> Work:
    bag = state_of(stored(count, {"n": 1}))
    return lambda: hydrate_state(bag, context=CONTEXT)


def hydrate_paths(count: int) -> Work:
    bag = state_of(stored(count, {"n": 1}))
    return lambda: hydrate_state(bag, paths(count, "current_state.found"), CONTEXT)


def fetch(count: int) -> Work:
    bag = state_of(stored(count, {"n": 1}))
    return lambda: open_bag(bag, needs=paths(count, "current_state.found"), context=CONTEXT).fetch()


def hydrate_document(count: int) -> Work:
    found = {"found": stored(count, {"n": 1})}
    return lambda: document.hydrate(found, paths(count, "found"), CONTEXT)


WORK: Final[dict[str, Callable[[int], Work]]] = {
    "a result": merge,
    "a result in S3": merge_stored,
    "items that are merged by key": merge_items,
    "branches that change values": join_changed,
    "branches that add values": join_added,
    "branches that change items": join_items,
    "more branches": join_branches_of,
    "more branches that append": join_lists,
    "keys that are removed": remove,
    "keys that are kept inline": keep_inline,
    "a state to hydrate": hydrate,
    "paths to hydrate": hydrate_paths,
    "needs of a worker": fetch,
    "paths of a document": hydrate_document,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_four_times_as_many_values_on_each_level_take_no_more_turns(
    work: Callable[[int], Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []
    for count in (1, 4):
        store = TurnsStore(monkeypatch)
        with fresh(store):
            asked = work(count)
        before = store.turns
        with fresh(store):
            asked()
        turns.append(store.turns - before)
    assert turns[1] == turns[0] >= LEVELS
