"""Values come back as they went in, and what JSON cannot carry is refused by name.

Hazards held here: characters counted instead of bytes, a value whose type differs after the
journey.
"""

import json
import math
from collections import OrderedDict
from enum import StrEnum
from struct import unpack
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from universal_sync_core import calculate_payload_size
from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.values.codec import (
    canonical,
    decode,
    encode,
    encode_small,
    measure,
    plain_encoding,
)

NAN, INFINITY = float("nan"), float("inf")


def double(of_bytes: str) -> float:
    number: float = unpack(">d", bytes.fromhex(of_bytes))[0]
    return number


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for level in range(depth):
        value = [value] if level % 2 else {"in": value}
    return value


AWKWARD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    2**64,
    -(2**64) - 1,
    10**400,
    0.1 + 0.2,
    5e-324,
    1.7976931348623157e308,
    1e16,
    1.0,
    "",
    'tab\t newline\n quote" backslash\\ nul\x00 delete\x7f',
    "\u2028 \u2029 </script>",
    "ä 漢 😀 \U0010ffff",
    "\ud800",
    "before \udfff after",
    "12345678901234567890",
    [],
    {},
    [[], {}, [{}]],
    {"": "", ".": 1, "a.b": 2, "[0]": 3, "\ud83d": 4},
    {"a" * 5_000: 1},
    {"number": 10**19, "text": "é", "float": 1.5},
    [1, 1.0, True, "1"],
]


@pytest.mark.parametrize("value", AWKWARD, ids=lambda value: repr(value)[:30])
def test_value_comes_back_with_every_type_as_it_was(value: Any) -> None:
    assert repr(decode(encode(value))) == repr(value)


def test_negative_zero_keeps_its_sign() -> None:
    assert math.copysign(1, decode(encode(-0.0))) == -1


@pytest.mark.parametrize("depth", [254, 255, 1_000, 1_024])
def test_deep_documents_come_back(depth: int) -> None:
    value = nested(depth)
    assert decode(encode(value)) == value
    assert decode(canonical(value)) == value


@pytest.mark.parametrize("depth", [1_025, 5_000, 100_000])
def test_a_value_of_too_many_levels_is_refused_by_its_path(depth: int) -> None:
    for encoding in (encode, canonical):
        with pytest.raises(InvalidRequestError, match="nested over 1,024 levels deep") as caught:
            encoding(nested(depth))
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("number", ["1", "1" * 40, '"\\ud800"'], ids=["fast", "long", "surrogate"])
@pytest.mark.parametrize("opening", ["[", '{"a":', '["]",', '{"}}}":1,"[":'])
@pytest.mark.parametrize("levels", [1_024, 1_000, 512])
def test_a_document_of_too_many_levels_is_unreadable(
    opening: str, number: str, levels: int
) -> None:
    closing = "]" if opening.startswith("[") else "}"
    document = f"{opening * levels}{number}{closing * levels}"
    assert decode(document.encode(), max_depth=levels) == json.loads(document)
    with pytest.raises(UnreadableObjectError, match="levels"):
        decode(f"{opening}{document}{closing}".encode(), max_depth=levels)


@pytest.mark.parametrize("body", [b"1],[2", b"1,2", b"]]],[[[", b"", b" ", b"[1]]],[[[2]"])
def test_a_document_is_one_value(body: bytes) -> None:
    with pytest.raises(UnreadableObjectError):
        decode(body, max_depth=1_000)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).filter(lambda value: "inf" not in repr(value))
)
def test_any_json_value_comes_back(value: Any) -> None:
    assert repr(decode(encode(value))) == repr(value)
    assert json.loads(encode(value)) == value


@pytest.mark.parametrize("odd", [2**64 + 1, "\ud800", ["\udfff", -(2**70)]])
def test_a_part_is_as_large_in_the_whole_as_by_itself(odd: Any) -> None:
    """Also where only the standard library can encode the whole."""
    parts = {"odd": odd, "text": "ü🙂" * 100, "schlüssel": [1.5, "é"]}
    own = sum(measure(key)[0] + measure(value)[0] for key, value in parts.items())
    assert measure(parts)[0] == len(encode(parts)) == own + 2 * len(parts) + 1
    assert decode(encode(parts)) == parts


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_floats_keep_every_bit(numbers: list[float]) -> None:
    assert [number.hex() for number in decode(encode(numbers))] == [n.hex() for n in numbers]


class Text(str):
    __slots__ = ()


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [
        Text("text"),
        OrderedDict(a=1),
        {Text("key"): 1},
        {"a": OrderedDict()},
        Colour.RED,
        {"a": Colour.RED},
        {Colour.RED: 1},
        (1,),
        [(1,)],
        {1: 2},
        b"bytes",
        [UUID(int=1)],
        NAN,
        [-INFINITY],
        {"a": None, "b": [double("fff0000000000001")]},
        [127, -1, double("7ff8ff7fff7fff7f")],
        [None, -1, double("ffffffffffffffff"), -1],
        2**64,
        "\ud800",
        nested(255),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_only_what_is_plain_all_through_is_encoded_as_it_is(value: Any) -> None:
    assert plain_encoding(value) is None


@pytest.mark.parametrize(
    "value", [None, 1.5, {"a": [1, "x", True, {}]}, nested(254), [None, double("3ff0cb7ff0000000")]]
)
def test_what_is_plain_is_encoded_as_ever(value: Any) -> None:
    assert plain_encoding(value) == encode(value)


@given(st.lists(st.none() | st.integers(-128, 127) | st.floats()))
def test_a_number_that_is_not_finite_is_found_among_others(numbers: list[Any]) -> None:
    is_plain = all(number is None or math.isfinite(number) for number in numbers)
    assert (plain_encoding(numbers) is not None) == is_plain


@pytest.mark.parametrize(
    ("values", "count"),
    [([], 0), (["a", {"b": 1}], 2), ([1, "x" * 9, 2], 1), ([1, 2**64, 2], 1), (["\ud800"], 0)],
    ids=["none", "all", "a large one", "a long number", "half of a pair"],
)
def test_small_values_are_encoded_up_to_the_first_that_needs_more(
    values: list[Any], count: int
) -> None:
    assert encode_small(values, 10) == [encode(value) for value in values[:count]]


def test_a_container_in_several_places_is_plain() -> None:
    shared: Any = {"unit": "m", "steps": [1, 2]}
    value = [{"number": number, "meta": shared} for number in range(3)] + [shared["steps"]]
    assert plain_encoding(value) == encode(value)


def test_what_is_not_plain_is_found_beside_a_container_in_several_places() -> None:
    shared: Any = [{}]
    assert plain_encoding([shared, shared, [(1,)]]) is None


def test_a_value_that_contains_itself_is_not_encoded_as_it_is() -> None:
    looped: Any = {"parts": []}
    looped["parts"] += [looped, looped, [looped]]
    assert plain_encoding({"value": looped}) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,]", b'{"a":NaN}', b"Infinity", b"1e999", b'"\xff"', b"[" * 100_000],
    ids=["empty", "open", "comma", "NaN", "Infinity", "overflow", "no UTF-8", "depth"],
)
def test_bytes_that_are_no_json_are_an_error_that_names_their_path(body: bytes) -> None:
    with pytest.raises(UnreadableObjectError) as caught:
        decode(body, path="s3://bucket/key")
    assert caught.value.path == "s3://bucket/key"


@pytest.mark.parametrize("left", [1, 1.0, True, "1", [1], {"1": 1}, None])
@pytest.mark.parametrize("right", [1, 1.0, True, "1", [1], {"1": 1}, None])
def test_equal_is_equal_in_canonical_encoding(left: Any, right: Any) -> None:
    assert (canonical(left) == canonical(right)) == (repr(left) == repr(right))


@pytest.mark.parametrize("extra", [0, 2**70, "\ud800", -0.0])
def test_canonical_encoding_knows_no_order_of_keys(extra: Any) -> None:
    left = {"b": 1, "a": {"y": extra, "x": 2}}
    right = {"a": {"x": 2, "y": extra}, "b": 1}
    assert canonical(left) == canonical(right)
    assert encode(left) != encode(right)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 2),
        ("ä", 4),
        ("漢", 5),
        ("😀", 6),
        ({"é": "é"}, 11),
        ([1, 2, 3], 7),
        ({"a": None, "b": [True]}, 21),
    ],
)
def test_size_is_in_bytes_of_utf8_not_in_characters(value: Any, size: int) -> None:
    assert calculate_payload_size(value) == size


@pytest.mark.parametrize(
    "document",
    ["{}", "[{}]", "[1,{}]", '{{"a":{}}}', '{{"a": {}}}', "[1,\n{}]", "\t{}", '[{{"b":[{}]}}]'],
)
@pytest.mark.parametrize("number", [10**18, 10**19, 2**64, -(2**64), 10**40, -(10**18)])
def test_long_integers_are_read_exactly_wherever_they_stand(document: str, number: int) -> None:
    body = document.format(number).encode()
    assert repr(decode(body)) == repr(json.loads(body))


def test_only_integers_take_the_slower_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("universal_sync_core.values.codec.json.loads", None)
    value = {"hash": "1" * 64, "fraction": 0.1234567890123456, "tiny": 1.2345678901234567e-7}
    assert decode(encode(value) + b" " * 20) == value
    assert decode(b"[0.12345678901234567890123]") == [0.12345678901234567890123]
