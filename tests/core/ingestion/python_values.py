"""Python values of many types: what has one meaning in JSON, and what has none."""

import re
from collections import OrderedDict, UserDict, UserString, deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from fractions import Fraction
from http import HTTPStatus
from io import BytesIO, StringIO
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID

from botocore.response import StreamingBody
from pydantic import (
    BaseModel,
    Field,
    RootModel,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    computed_field,
    field_serializer,
    model_serializer,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from tests.core.values.test_codec import nested


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


class NotATime(datetime):
    """As NaT of pandas, which is a datetime by its type."""

    def utcoffset(self) -> timedelta:
        raise ValueError("NaTType does not support utcoffset")


class Model(BaseModel):
    at: datetime
    colour: Colour = Colour.RED


@pydantic_dataclass
class Priced:
    price: Decimal = Field(serialization_alias="unitPrice")
    parts: Any = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def doubled(self) -> Decimal:
        return self.price * 2


class Ambiguous(BaseModel):
    net: int = Field(default=1, serialization_alias="price")
    gross: int = Field(default=2, serialization_alias="price")


class Numbers(RootModel[list[int]]):
    pass


class Dumping(BaseModel):
    inner: Any = None

    def model_dump(self, *, mode: str = "python", by_alias: bool = False) -> Any:  # type: ignore[override]
        return {"inner": self.inner, "mode": mode, "by_alias": by_alias}


class Brief(BaseModel):
    at: Any = Field(default=1, serialization_alias="place")
    note: Any = 2

    @model_serializer(mode="wrap")
    def briefly(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        return {"place": self.at} if info.mode_is_json() else handler(self)


class Placed(BaseModel):
    at: Any

    @field_serializer("at", when_used="json")
    def as_place(self, at: complex) -> dict[str, Any]:
        return {"x": at.real, "y": at.imag or None}


async def counted() -> AsyncIterator[Any]:
    yield 1
    yield Colour.RED


LOCAL_MEAN = timezone(timedelta(minutes=53, seconds=28))
UNCHECKED: Any = "noon"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
# Each value with the JSON that it stands for.
TAKEN: list[tuple[Callable[[], Any], Any]] = [
    (lambda: Status.COMPLETE, "COMPLETE"),
    (lambda: Placed(at=1 + 0j), {"at": {"x": 1.0, "y": None}}),
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
    (
        lambda: Priced(Decimal("1.50"), [Line("a"), MappingProxyType({"b": Colour.RED})]),
        {
            "unitPrice": "1.50",
            "parts": [{"sku": "a", "more": []}, {"b": "red"}],
            "doubled": "3.00",
        },
    ),
    (lambda: Dumping(inner=(1,)), {"inner": [1], "mode": "json", "by_alias": True}),
    (Brief, {"place": 1}),
    (lambda: Model.model_construct(at=UNCHECKED), {"at": "noon", "colour": "red"}),
    (lambda: RootModel[Any]([MappingProxyType({"a": Level.HIGH}), None]), [{"a": 3}, None]),
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
    (lambda: IPv4Address(1), "", r"no IPv4Address; use str\(value\)"),
    (lambda: UserString("a"), "", r"no UserString; use str\(value\)"),
    (lambda: Fraction(1, 3), "", "no Fraction; use str"),
    (lambda: 1j, "", "no complex; use"),
    (lambda: time(1), "", r"no time; use value\.isoformat"),
    (lambda: timedelta(1), "", r"no timedelta; use value\.total_seconds"),
    (lambda: StringIO("two\nlines"), "", r"no StringIO; use what value\.read\(\) returns"),
    (lambda: {"a": StreamingBody(BytesIO(), 0)}, ".a", r"no StreamingBody; use what value\.read"),
    (type("Sent", (), {"__struct_fields__": ()}), "", r"no Sent; use msgspec\.to_builtins"),
    (lambda: ValueError("boom"), "", r"no ValueError; use str\(value\)"),
    (lambda: NOON.replace(tzinfo=None), "", "a datetime needs its time zone"),
    (lambda: NotATime(1, 1, 1), "", "this NotATime has no form in RFC 3339; use None"),
    (lambda: datetime.min.replace(tzinfo=LOCAL_MEAN), "", "this datetime has no form in RFC 3339"),
    (lambda: Line.__new__(Line), ".sku", "this field of Line has no value: set it"),
    (type("bool", (), {"tolist": list, "__module__": "numpy"}), "", r"no numpy\.bool; use value"),
    (type("Sent", (), {"__attrs_attrs__": ()}), "", r"no Sent; use attrs\.asdict\(value\)"),
    (
        type("DataFrame", (), {"to_dict": dict, "__module__": "pandas.core.frame"}),
        "",
        r'no DataFrame; use value\.to_dict\("records"\)',
    ),
    (lambda: deque([1]), "", r"no deque; use list\(value\)"),
    (lambda: range(3), "", r"no range; use list\(value\)"),
    ({"a": 1}.values, "", r"no dict_values; use list\(value\)"),
    (lambda: SimpleNamespace(tolist=list), "", r"no SimpleNamespace; use vars\(value\)"),
    (lambda: re.compile("a"), "", r"no Pattern; use value\.pattern"),
    (type("Table", (), {"to_pylist": list}), "", r"no Table; use value\.to_pylist\(\)"),
    (type("Arrow", (), {"isoformat": str}), "", r"no Arrow; use value\.isoformat\(\)"),
    (type("Scalar", (), {"as_py": list}), "", r"no Scalar; use value\.as_py\(\)"),
    (type("NAType", (), {"__module__": "pandas._libs.missing"}), "", "no NAType; use None"),
    (
        type("LazyFrame", (), {"__module__": "polars.lazyframe.frame"}),
        "",
        r"no LazyFrame; use value\.collect\(\)\.to_dicts\(\)",
    ),
    (MagicMock, "", "no MagicMock; let the code under test get a plain value"),
    (lambda: [AsyncMock()], "[0]", "no AsyncMock; let the code under test get a plain value"),
    (lambda: MagicMock(spec=dict), "", "no MagicMock; let the code under test get a plain"),
    (lambda: MagicMock(spec=list), "", "no MagicMock; let the code under test get a plain"),
    (type("Answer", (), {"iter_content": list}), "", r"use value\.json\(\) or value\.text"),
    (type("ndarray", (), {"tolist": list}), "", r"no ndarray; use value\.tolist\(\)"),
    (type("DataFrame", (), {"to_dict": dict}), "", r"DataFrame; use value\.to_dict\(\)"),
    (lambda: len, "", "call it"),
    (lambda: Line, "", "no type; use its name"),
    (object, "", "no object; use plain"),
    (lambda: {1: "one"}, "", "keys must be strings, and one is of type int"),
    (lambda: {"a": [{None: 1}]}, ".a[0]", "keys must be strings, and one is of type NoneType"),
    (lambda: {Level.HIGH: 1}, "", "keys must be strings, and one is of type int"),
    (lambda: {"named": 1, Box.NAMED: 2}, ".named", "two of its keys are the same string"),
    (lambda: RootModel[Any](object()), "", "no object; use plain"),
    (lambda: RootModel[Any]({"a": range(3)}), "", r"no range; use list\(value\)"),
    (lambda: RootModel[Any](b"\xff"), "", "model_dump"),
    (lambda: RootModel[Any](float("nan")), "", "a number that is not finite"),
    (lambda: Priced(Decimal(1), [float("nan")]), "", "a number that is not finite"),
    (lambda: RootModel[dict[str, Any]]({"a": (None, [float("inf")])}), "", "not finite"),
    (lambda: RootModel[Any]([{1.0, float("nan")}]), "", "a number that is not finite"),
    (lambda: RootModel[list[float]]([float("inf")]), "[0]", "JSON has no inf"),
    (lambda: RootModel[Any](n for n in [1.0, float("nan")]), "", "a generator that yields null"),
    (lambda: RootModel[Any]({"a": iter([{"b": float("inf")}])}), "", "a generator that yields"),
    (lambda: 10**5_000, "", "too long for JSON; use a string"),
    (lambda: {"fine": nested(400), "bad": {1}}, ".bad", "no set"),
    (looped_list, "", "contains itself"),
    (looped_dict, ".children[0].parent", "contains itself: it is the same dict"),
    (lambda: MappingProxyType(looped_dict()), ".children[0].parent.children", "contains itself"),
    (looped_line, ".more[0].of", "contains itself: it is the same Line"),
    (looped_tuple, "[0][0]", "contains itself"),
    (looped_iterator, "[1]", "contains itself: it is the same generator"),
    (
        lambda: RootModel[Any]([{1: "one", "1": "two"}]),
        "",
        "two keys or aliases that are the same string",
    ),
    (lambda: RootModel[Any]([Ambiguous()]), "", "two keys or aliases that are the same string"),
    (lambda: RootModel[Any](looped_dict()), "", "model_dump"),
    (lambda: RootModel[Any](nested(300)), "", "over 250 levels"),
    (Endless, "", "nested too deeply"),
    (lambda: nested(1_000), "", "nested too deeply"),
    (lambda: nested(100_000), "", "nested too deeply"),
]
