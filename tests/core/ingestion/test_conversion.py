"""What a worker may return in the place of plain JSON, on every way into the bag.

Hazards held here: a value stored as the text of its class, a result that contains itself.
"""

from collections import OrderedDict, UserDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import RootModel

from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.ingestion.python_values import REFUSED, TAKEN, Colour, Status, Text, Whole
from universal_sync_core import (
    flatten_result,
    merge_logic,
    offload_result,
    open_bag,
    state_task,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import canonical

LARGE = "x" * 70_000
BAG = {"execution_id": EXECUTION, "state_revision": 4}
CALLBACK = {"action": "merge_callback"}
Way = Callable[[Any], dict[str, Any]]


def through_a_task(result: Any) -> dict[str, Any]:
    return synced(BAG, state_task(lambda *_: result)({"state_data": BAG}, None))


def through_a_task_that_syncs(result: Any) -> dict[str, Any]:
    answer = state_task(sync=True)(lambda *_: result)({"state_data": BAG}, None)
    merged: dict[str, Any] = answer["state_data"]
    return merged


def through_an_open_bag(result: Any) -> dict[str, Any]:
    state = open_bag(BAG)
    state.merge(result)
    return state.commit()


def through_elements_of_an_iterator(result: Any) -> dict[str, Any]:
    bag = universal_sync_core(BAG, iter([result]))
    return {"v": hydrated(bag)["distributed_outputs"][0]["v"]}


def through_an_item(result: Any) -> dict[str, Any]:
    return synced(BAG, store_result(result, CONTEXT))


# Each takes `{"v": value}`, or that beside something large.
WAYS: dict[str, Way] = {
    "sync": lambda result: universal_sync_core(BAG, result, {"action": "sync"}),
    "task": through_a_task,
    "task that syncs": through_a_task_that_syncs,
    "open bag": through_an_open_bag,
    "offload_result": lambda result: synced(BAG, offload_result(result, CONTEXT)),
    "item": through_an_item,
    "callback": lambda result: universal_sync_core(BAG, {"callback_result": result}, CALLBACK),
    "elements": through_elements_of_an_iterator,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("beside", [{}, {"box": (1, 2)}, {"large": LARGE}], ids=["", "tuple", "S3"])
def test_what_has_one_meaning_is_taken(way: Way, beside: dict[str, Any]) -> None:
    for make, expected in TAKEN:
        with fresh(CountingStore()):
            assert repr(hydrated(way({"v": make(), **beside}))["v"]) == repr(expected)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_anything_else_is_refused_with_its_place_and_the_cure(way: Way) -> None:
    for make, place, said in REFUSED:
        with fresh(CountingStore()), pytest.raises(InvalidRequestError, match=said) as caught:
            way({"v": make()})
        assert caught.value.field is not None
        assert caught.value.field.startswith("result")
        assert f"v{place}" in caught.value.field or "deep" in said


@pytest.mark.parametrize("leaf", [1, Decimal(1)], ids=["too deep", "no JSON"])
def test_a_refusal_of_a_nested_value_has_a_short_trace(leaf: Any) -> None:
    for _ in range(2_000 if leaf == 1 else 900):
        leaf = [leaf]
    with pytest.raises(InvalidRequestError) as caught:
        flatten_result(leaf)
    assert len(caught.traceback) < 20


def test_a_refusal_in_a_generator_names_the_line_of_the_generator() -> None:
    def totals() -> Iterator[Any]:
        yield offload_result({1, 2}, CONTEXT)

    with pytest.raises(InvalidRequestError) as caught:
        flatten_result({"totals": totals()})
    assert "totals" in [entry.name for entry in caught.traceback]


@pytest.mark.parametrize("way", ["sync", "task that syncs", "open bag", "task"])
def test_a_status_from_an_enumeration_ends_the_workflow(way: str) -> None:
    for result in ({"status": Status.COMPLETE}, {"status": Status.COMPLETE, "box": (1, 2)}):
        with fresh(CountingStore()):
            bag = WAYS[way](result)
        assert bag["next_action"] == "COMPLETE"
        assert type(bag["status"]) is str


def test_a_refusal_says_nothing_of_the_value() -> None:
    for secret in (["a secret", {1}], Decimal(98765), {"k": ValueError("a secret")}):
        with pytest.raises(InvalidRequestError) as caught:
            flatten_result(secret)
        assert "secret" not in str(caught.value)
        assert "98765" not in str(caught.value)


def as_text(value: Any) -> Any:
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, set):
        return tuple(sorted(value))
    if isinstance(value, SimpleNamespace):
        return value.tags
    raise TypeError


@pytest.mark.parametrize("large", [False, True])
def test_the_callers_own_encode_answers_for_other_types(*, large: bool) -> None:
    tags = RootModel[Any](SimpleNamespace(tags=[{Colour.RED}]))
    result = {"price": Decimal("9.90"), "tags": tags, "l": LARGE if large else ""}
    context = {**CONTEXT, "encode": as_text}
    with fresh(CountingStore()):
        state = open_bag(BAG, encode=as_text)
        state.merge(result)
        for bag in (
            state.commit(),
            synced(BAG, offload_result(result, CONTEXT, encode=as_text)),
            universal_sync_core(BAG, result, context),
            synced(BAG, store_result(result, context)),
        ):
            assert hydrated(bag)["price"] == "9.90"
            assert hydrated(bag)["tags"] == [["red"]]


@pytest.mark.parametrize("encode", [as_text, lambda value: [value]], ids=["TypeError", "endless"])
def test_an_encode_without_an_answer_is_a_refusal(encode: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        flatten_result({"a": object()}, {"encode": encode})
    assert str(caught.value.field).startswith("result.a")


def test_an_encode_is_a_function() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        flatten_result({}, {"encode": "str"})
    assert caught.value.field == "encode"


def appended() -> Any:
    """Return two lists that a call of its own has joined."""
    joined = merge_logic({"l": [1]}, {"l": [2]}, {"merge_strategy": {"l": "append"}})
    return joined["l"]


class Joining(UserDict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return appended()


def joining_encode(value: Any) -> Any:
    assert isinstance(value, Decimal)
    return appended()


@pytest.mark.parametrize(
    "make",
    [lambda: (appended() for _ in "x"), lambda: Joining({"0": None}), lambda: [Decimal(1)]],
    ids=["generator", "mapping", "encode"],
)
@pytest.mark.usefixtures("store")
def test_code_of_the_caller_that_calls_the_core_has_calls_of_its_own(
    make: Callable[[], Any],
) -> None:
    context = {**CONTEXT, "action": "sync", "encode": joining_encode}
    bag = universal_sync_core(BAG, {"v": make()}, context)
    assert hydrated(bag)["v"] in ([[1, 2]], {"0": [1, 2]})


def dressed(value: Any) -> st.SearchStrategy[Any]:
    """Return ways to write a JSON value in Python."""
    if isinstance(value, dict):
        inner = st.fixed_dictionaries({key: dressed(item) for key, item in value.items()})
        return st.sampled_from([OrderedDict, MappingProxyType, UserDict]).flatmap(inner.map)
    if isinstance(value, list):
        return st.tuples(*map(dressed, value)).flatmap(
            lambda items: st.sampled_from([items, list(items)])
        )
    if type(value) is str:
        return st.sampled_from([value, Text(value), next(iter(StrEnum("One", {"X": value})))])
    if type(value) is int:
        return st.sampled_from([value, Whole(value)])
    return st.just(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(0, 1),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=10,
    ).flatmap(lambda value: st.tuples(st.just(value), dressed(value)))
)
def test_however_it_is_written_it_is_the_same_json(pair: tuple[Any, Any]) -> None:
    value, written = pair
    assert canonical(flatten_result({"v": written})["v"]) == canonical(value)
