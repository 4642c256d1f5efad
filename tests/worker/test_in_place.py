"""A value of the state that a worker changes in place, and does not return, is found and named."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from local.state_bag import StateBag
from tests.core.bags import EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import InPlaceChangeWarning, State, open_bag, plain, state_task

ROWS = [{"id": number, "text": "x" * 100, "tags": ["a"]} for number in range(5_000)]
SIZES = {"inline": ROWS[:3], "in S3": ROWS[:1_000], "large": ROWS}
NEEDS = ["current_state.rows", "state_history[-2:]"]

Change = Callable[[Any], object]

CHANGES: dict[str, Change] = {
    "append": lambda rows: rows.append({"id": -1}),
    "pop": lambda rows: rows.pop(),
    "sort": lambda rows: rows.sort(key=lambda row: -row["id"]),
    "replace": lambda rows: rows.__setitem__(0, None),
    "clear": lambda rows: rows.clear(),
    "deep": lambda rows: rows[1]["tags"].append("b"),
    "one number by another": lambda rows: rows[2].update(id=7),
    "a key away": lambda rows: rows[0].pop("text"),
    "no JSON": lambda rows: rows[0].update(seen={1, 2}),
}


def event(rows: Any, **fields: Any) -> dict[str, Any]:
    history = [{"n": number} for number in range(5)]
    fields = {"current_state": {"rows": rows}, "state_history": history} | fields
    return {"state_data": synced({"execution_id": EXECUTION}, fields)}


def handler(work: Change, **options: Any) -> Any:
    @state_task(**{"needs": NEEDS} | options)
    def worker(state: State[Any]) -> Any:
        return work(state)

    return worker


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("sync", [True, False])
def test_a_change_in_place_is_named(change: Change, size: str, *, sync: bool) -> None:
    with fresh(CountingStore()):
        given = event(SIZES[size])

        def work(state: Any) -> Any:
            change(state["current_state"]["rows"])
            return {"current_state": {"done": True}}

        with pytest.warns(InPlaceChangeWarning, match=r"^current_state\.rows was changed in place"):
            handler(work, sync=sync, eager=True)(given)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_only_read_is_not_named(size: str) -> None:
    with fresh(CountingStore()):
        given = event(SIZES[size])

        def work(state: Any) -> Any:
            rows = state["current_state"]["rows"]
            copy = [dict(row) for row in rows]
            copy.append({})
            return {"current_state": {"rows": len(rows), "sorted": sorted(copy, key=len)[:2]}}

        handler(work)(given)


RETURNED: dict[str, Change] = {
    "itself": lambda rows: {"current_state": {"rows": rows}},
    "in a list": lambda rows: {"found": [rows]},
    "in a tuple": lambda rows: {"found": (rows,)},
    "alone": lambda rows: rows,
    "a part": lambda rows: {"found": rows[-1]},
}


@pytest.mark.parametrize("returned", RETURNED.values(), ids=RETURNED)
@pytest.mark.parametrize("sync", [True, False])
def test_what_is_returned_is_not_named(returned: Change, *, sync: bool) -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"])

        def work(state: Any) -> Any:
            rows = state["current_state"]["rows"]
            rows.append({"id": -1})
            return returned(rows)

        handler(work, sync=sync)(given)


def test_a_generator_is_watched_to_its_end() -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"])

        @state_task(needs=NEEDS)
        def worker(state: State[Any]) -> Any:
            yield 1
            state["current_state"]["rows"].clear()

        with pytest.warns(InPlaceChangeWarning, match=r"current_state\.rows"):
            worker(given)


@pytest.mark.parametrize(
    ("needs", "step", "name"),
    [
        (NEEDS, lambda state: state["state_history"], r"state_history"),
        (["current_state.rows[1]"], lambda s: s["current_state"]["rows"][1], r"rows\[1\]"),
        (['["a.b"]'], lambda state: state["a.b"], r'\["a\.b"\]'),
    ],
)
def test_the_path_is_that_of_the_value(needs: list[str], step: Change, name: str) -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"], **{"a.b": [1]})

        def work(state: Any) -> None:
            value: Any = step(state)
            value.clear()

        with pytest.warns(InPlaceChangeWarning, match=f"{name} was changed in place"):
            handler(work, needs=needs)(given)


def test_an_item_is_watched_too() -> None:
    def work(state: Any) -> None:
        state["item"]["n"] = 2

    with pytest.warns(InPlaceChangeWarning, match="^item was changed"):
        handler(work, needs=None)({"item": {"n": 1}, "index": 0, "execution_id": EXECUTION})


def test_a_branch_is_watched_too() -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"], branch={"id": [1]}, forked_from={})

        def work(state: Any) -> None:
            state["branch"]["id"] = 2

        with pytest.warns(InPlaceChangeWarning, match="^branch was changed"):
            handler(work)(given)


def test_what_read_gives_is_a_copy() -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"])
        handler(lambda state: state.read("current_state.rows").clear())(given)


def test_without_needs_there_is_nothing_to_change() -> None:
    with fresh(CountingStore()):
        given = event(SIZES["inline"])

        def work(state: Any) -> Any:
            with pytest.raises(AttributeError):
                state["current_state"]["rows"].append(1)
            plain(state["current_state"]["rows"]).append(1)

        handler(work, needs=None)(given)


def test_in_the_fixture_it_is_named_as_well(state_bag: StateBag) -> None:
    given = state_bag.event(state_bag({"current_state": {"rows": ROWS[:3]}}))
    with pytest.warns(InPlaceChangeWarning, match=r"current_state\.rows"):
        handler(lambda state: state["current_state"]["rows"].clear())(given)


def test_an_open_bag_names_it_when_it_is_sealed_unless_it_was_merged() -> None:
    with fresh(CountingStore()):
        bag = event(SIZES["inline"])["state_data"]
        state = open_bag(bag, needs=NEEDS)
        rows = state["current_state"]["rows"]
        rows.append(1)
        state.merge({"current_state": {"rows": rows}})
        assert state.commit()["current_state"]["rows"][-1] == 1
        rows = state["current_state"]["rows"]
        rows.append(2)
        state.merge({"current_state": {"rows": rows}})
        rows.append(3)
        with pytest.warns(InPlaceChangeWarning, match=r"current_state\.rows"):
            assert state.commit()["current_state"]["rows"][-1] == 2
        state["current_state"]["rows"].clear()
        state.merge({"x": 1})
        with pytest.warns(InPlaceChangeWarning, match=r"current_state\.rows"):
            state.commit()


def test_large_values_are_compared_in_the_first_invocations_alone() -> None:
    with fresh(CountingStore()):
        given = event(SIZES["large"])
        worker = handler(lambda state: state["current_state"]["rows"].clear())
        for _ in range(3):
            with pytest.warns(InPlaceChangeWarning):
                worker(given)
        worker(given)
        small = event(SIZES["inline"])
        with warnings.catch_warnings(), pytest.warns(InPlaceChangeWarning):
            worker(small)
