"""What a worker may return in the place of plain JSON, on every way into the bag.

Hazards held here: a value stored as the text of its class, a result that contains itself.
"""

from collections import OrderedDict, UserDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from fractions import Fraction
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel

from tests.core.bags import CONTEXT, EXECUTION, fresh, hydrated, synced
from tests.core.fakes import CountingStore
from tests.core.values.test_codec import nested
from universal_sync_core import (
    flatten_result,
    offload_result,
    open_bag,
    state_task,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import canonical

LARGE = "x" * 70_000


class Status(str, Enum):  # noqa: UP042 - as most are written
    COMPLETE = "COMPLETE"


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Rights(IntFlag):
    READ = 1
    WRITE = 2


class Box(Enum):
    SMALL = (1, 2)
    NAMED = "named"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not this"


class Whole(int):
    pass


class Number(float):
    pass


class Point(NamedTuple):
    x: int
    y: Any


@dataclass
class Line:
    sku: Any
    more: Any = field(default_factory=list)


class Model(BaseModel):
    at: datetime
    colour: Colour = Colour.RED


class Numbers(RootModel[list[int]]):
    pass


async def counted() -> AsyncIterator[Any]:
    yield 1
    yield Colour.RED


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
# Each value with the JSON that it stands for.
TAKEN: list[tuple[Callable[[], Any], Any]] = [
    (lambda: Status.COMPLETE, "COMPLETE"),
    (lambda: Colour.RED, "red"),
    (lambda: Level.HIGH, 3),
    (lambda: HTTPStatus.OK, 200),
    (lambda: Rights.READ | Rights.WRITE, 3),
    (lambda: Box.SMALL, [1, 2]),
    (lambda: Text("text"), "text"),
    (lambda: Whole(3), 3),
    (lambda: Number(2.5), 2.5),
    (lambda: {Colour.RED: 1, Text("k"): 2, Box.NAMED: 3}, {"red": 1, "k": 2, "named": 3}),
    (lambda: (1, (2, [(3,)])), [1, [2, [[3]]]]),
    (lambda: Point(1, Colour.RED), [1, "red"]),
    (lambda: OrderedDict(b=1, a=(2,)), {"b": 1, "a": [2]}),
    (lambda: UserDict(a=Whole(1)), {"a": 1}),
    (lambda: MappingProxyType({"a": Status.COMPLETE}), {"a": "COMPLETE"}),
    (lambda: iter([1, iter("xy"), Status.COMPLETE]), [1, ["x", "y"], "COMPLETE"]),
    (counted, [1, "red"]),
    (
        lambda: Line("a", (Colour.RED, Line(1))),
        {"sku": "a", "more": ["red", {"sku": 1, "more": []}]},
    ),
    (lambda: make_dataclass("Slotted", ["a"], slots=True)(5), {"a": 5}),
    (lambda: Model(at=NOON), {"at": "2026-11-25T12:00:00Z", "colour": "red"}),
    (lambda: Numbers([1, 2]), [1, 2]),
    (lambda: NOON, "2026-11-25T12:00:00Z"),
    (lambda: NOON.replace(microsecond=120), "2026-11-25T12:00:00.000120Z"),
    (lambda: NOON.astimezone(timezone(timedelta(hours=-5))), "2026-11-25T07:00:00-05:00"),
    (lambda: NOON.astimezone(timezone(timedelta(seconds=1172))), "2026-11-25T12:00:00Z"),
    (lambda: date(2026, 1, 2), "2026-01-02"),
    (lambda: UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (lambda: 2**70, 2**70),
    (lambda: "cut \ud83d", "cut \ud83d"),
    (lambda: nested(900), nested(900)),
]


def looped_list() -> Any:
    loop: list[Any] = [1]
    loop += [loop, loop]
    return loop


def looped_dict() -> Any:
    tree: dict[str, Any] = {"name": "root", "children": [{"name": "leaf"}]}
    tree["children"][0]["parent"] = tree
    return tree


def looped_line() -> Any:
    line = Line("a")
    line.more.append({"of": line})
    return line


def looped_tuple() -> Any:
    inner: list[Any] = []
    inner.append((inner,))
    return inner


def looped_iterator() -> Any:
    def items() -> Iterator[Any]:
        yield 1
        yield looped

    looped = items()
    return looped


class Endless(UserDict[str, Any]):
    def items(self) -> Any:
        return [("left", Endless()), ("right", Endless())]


# Each value with where in it what is refused stands, and what is said of it.
REFUSED: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: float("nan"), "", "JSON has no nan"),
    (lambda: [Number("inf")], "[0]", "JSON has no inf"),
    (lambda: {"a": {"b": (1, float("-inf"))}}, ".a.b[1]", "JSON has no -inf"),
    (lambda: Decimal("9.90"), "", "no Decimal; use str"),
    (lambda: {1, 2}, "", "no set; use sorted"),
    (lambda: frozenset("a"), "", "no frozenset; use sorted"),
    (lambda: {"a": b"bytes"}, ".a", r"no bytes; use value\.decode"),
    (lambda: bytearray(1), "", r"no bytearray; use value\.decode"),
    (lambda: memoryview(b"1"), "", "no memoryview; use base64"),
    (lambda: Path("a"), "", r"Path; use str\(value\)"),
    (lambda: Fraction(1, 3), "", "no Fraction; use str"),
    (lambda: 1j, "", "no complex; use"),
    (lambda: time(1), "", r"no time; use value\.isoformat"),
    (lambda: timedelta(1), "", r"no timedelta; use value\.total_seconds"),
    (lambda: ValueError("boom"), "", r"no ValueError; use str\(value\)"),
    (lambda: NOON.replace(tzinfo=None), "", "a datetime needs its time zone"),
    (lambda: deque([1]), "", r"no deque; use list\(value\)"),
    (lambda: range(3), "", r"no range; use list\(value\)"),
    ({"a": 1}.values, "", r"no dict_values; use list\(value\)"),
    (lambda: SimpleNamespace(tolist=list), "", "no SimpleNamespace; use plain"),
    (type("ndarray", (), {"tolist": list}), "", r"no ndarray; use value\.tolist\(\)"),
    (type("DataFrame", (), {"to_dict": dict}), "", r"DataFrame; use value\.to_dict\(\)"),
    (lambda: len, "", "call it"),
    (lambda: Line, "", "no type; use its name"),
    (object, "", "no object; use plain"),
    (lambda: {1: "one"}, "", "keys must be strings, and one is of type int"),
    (lambda: {"a": [{None: 1}]}, ".a[0]", "keys must be strings, and one is of type NoneType"),
    (lambda: {Level.HIGH: 1}, "", "keys must be strings, and one is of type int"),
    (lambda: {"named": 1, Box.NAMED: 2}, ".named", "two of its keys are the same string"),
    (lambda: RootModel[Any](object()), "", "model_dump"),
    (lambda: RootModel[list[float]]([float("inf")]), "[0]", "JSON has no inf"),
    (lambda: 10**5_000, "", "too long for JSON; use a string"),
    (lambda: {"fine": nested(400), "bad": {1}}, ".bad", "no set"),
    (looped_list, "", "contains itself"),
    (looped_dict, ".children[0].parent", "contains itself: it is the same dict"),
    (lambda: MappingProxyType(looped_dict()), ".children[0].parent.children", "contains itself"),
    (looped_line, ".more[0].of", "contains itself: it is the same Line"),
    (looped_tuple, "[0][0]", "contains itself"),
    (looped_iterator, "[1]", "contains itself: it is the same generator"),
    (lambda: RootModel[Any](looped_dict()), "", "model_dump"),
    (Endless, "", "nested too deeply"),
    (lambda: nested(1_000), "", "nested too deeply"),
    (lambda: nested(100_000), "", "nested too deeply"),
]

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
    raise TypeError


@pytest.mark.parametrize("large", [False, True])
def test_the_callers_own_encode_answers_for_other_types(*, large: bool) -> None:
    result = {"price": Decimal("9.90"), "tags": [{Colour.RED}], "l": LARGE if large else ""}
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
