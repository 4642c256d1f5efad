"""JSON that comes piece by piece: what would end the process is refused, however it is cut."""

import json
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.json_stream import streamed, with_floats

HARD = [
    'a"b',
    "\\",
    '\\\\"',
    "[{" * 600,
    "",
    "\u00e9",
    "\U0001f600\U0001d11e",
    "\\ud83d",
    "9" * 5_000,
    1,
    -2.5,
    None,
    [[]],
    {"]": "}"},
]


def cut(body: bytes, draw: Random) -> list[bytes]:
    places = [0, *sorted(draw.sample(range(len(body)), min(len(body), 40))), len(body)]
    return [body[start:stop] for start, stop in pairwise(places)]


@pytest.mark.parametrize("seed", range(20))
def test_a_value_is_the_same_however_it_is_cut(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - a test draws no secrets
    values = [draw.choice(HARD) for _ in range(20)] + [{draw.choice("a]\u00e9"): HARD}]
    pieces = cut(json.dumps(values, ensure_ascii=draw.random() < 0.5).encode(), draw)
    assert [with_floats(value, "p") for value in streamed(pieces, "p")] == values


REFUSED: dict[str, bytes] = {
    "levels of lists": b"[" * 100_000,
    "levels of objects": b'[{"a":' * 2_000,
    "a long integer": b"[" + b"9" * 5_000 + b"]",
    "a longer integer": b"[1, -" + b"7" * 1_000_000,
}


@pytest.mark.parametrize("size", [700, 4_001, 2_000_000], ids=lambda size: f"by {size}")
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_end_the_process_is_refused(name: str, size: int) -> None:
    body = REFUSED[name]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    with pytest.raises(UnreadableObjectError, match=r"over [\d,]+ (levels|digits)"):
        list(streamed(pieces, "p"))


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_a_number_beyond_any_is_no_infinity(number: str) -> None:
    (value,) = streamed([f"[{number}]".encode()], "p")
    assert value == Decimal(number)
    with pytest.raises(UnreadableObjectError):
        with_floats([value], "p")


HALVES = [
    "\\ud83d",
    "\\ud83dx",
    "\\ude00",
    "\\ud83d\\ud83d\\ude00",
    "\\ud83d\\u0041",
    "\\ud83d\\n\\ude00",
]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("text", HALVES)
def test_half_of_a_surrogate_pair_is_refused_and_not_changed(text: str, size: int) -> None:
    body = f'[{{"\\\\{text}": 1}}]'.encode()
    with pytest.raises(UnreadableObjectError, match="half of a surrogate pair"):
        list(streamed([body[at : at + size] for at in range(0, len(body), size)], "p"))


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e-99999999999999999999"])
def test_exponent_beyond_any_decimal_is_refused(number: str) -> None:
    with pytest.raises(UnreadableObjectError):
        list(streamed([f"[{number}]".encode()], "p"))


def test_what_is_just_allowed_is_read() -> None:
    deep: Any = 1
    for _ in range(1_000):
        deep = [deep]
    values = [deep, int("9" * 4_300), "[" * 5_000]
    assert list(streamed([json.dumps(values).encode()], "p")) == values


@pytest.mark.parametrize("size", [1, 3, 100])
def test_arrays_in_json_lines_are_values(size: int) -> None:
    body = b"[1, 2]\n[]\n{}\n[[3]]\n"
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert list(streamed(pieces, "p", lines=True)) == [[1, 2], [], {}, [[3]]]


@pytest.mark.parametrize("rest", ["5", "[5]", '{"a": 5}', "]"])
def test_what_follows_an_array_is_not_lost(rest: str) -> None:
    with pytest.raises(UnreadableObjectError, match=r"after [\d,]+ values") as caught:
        list(streamed([b"[1, 2]\n", rest.encode()], "s3://bucket/key"))
    assert caught.value.path == "s3://bucket/key"
