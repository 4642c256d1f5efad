"""Values kept in the bag as gzip+base64.

Hazards held here: expansion without a cap; data that only looks packed.
"""

import base64
import gzip
from typing import Any

import pytest

from universal_sync_core import decompress
from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.compression import (
    MAX_EXPANDED_BYTES,
    compress,
    expand,
    gunzip,
    is_compressed,
)
from universal_sync_core.values.pointer import escape

VALUE = {"report": ["ä 😀 \ud800", 2**70, -0.0, None] * 50}


def test_a_compressed_value_comes_back_as_it_was() -> None:
    assert repr(expand(compress(VALUE), Budget(1_000_000, 10_000)).value) == repr(VALUE)
    assert is_compressed(compress(VALUE))


def test_the_same_value_always_has_the_same_packed_form() -> None:
    assert compress(VALUE) == compress(VALUE)


def test_a_packed_form_says_the_size_of_its_value() -> None:
    assert compress("x" * 1_000)["__size_bytes"] == 1_002


def test_text_alone_is_decompressed_too() -> None:
    assert decompress(compress(VALUE)["__gzip_base64"]) == VALUE
    assert decompress(compress(VALUE)) == VALUE


@pytest.mark.parametrize("value", [None, 5, [], {}, {"__gzip_base64": "x"}, {"a": 1}])
def test_anything_else_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        decompress(value)
    assert caught.value.field == "compressed_data"


def text(body: bytes) -> str:
    return base64.b64encode(body).decode()


@pytest.mark.parametrize(
    "compressed",
    [
        "no base64!",
        "ä",
        "YQ",
        text(b"no gzip"),
        text(gzip.compress(b"{}", mtime=0)[:-4]),
        text(gzip.compress(b"no json", mtime=0)),
        text(b""),
        {"__gzip_base64": text(gzip.compress(b"[1,2]", mtime=0)), "__size_bytes": 4},
        {"__gzip_base64": text(gzip.compress(b"[1,2]", mtime=0)), "__size_bytes": 6},
        {"__gzip_base64": "no base64!", "__size_bytes": 6},
    ],
)
def test_damaged_data_is_unreadable(compressed: Any) -> None:
    with pytest.raises(UnreadableObjectError):
        decompress(compressed)


def test_expansion_ends_at_sixteen_mib() -> None:
    bomb = gzip.compress(b'"' + b"0" * MAX_EXPANDED_BYTES + b'"', mtime=0)
    with pytest.raises(UnreadableObjectError, match="expands past"):
        decompress(text(bomb))


def test_gunzip_gives_as_many_bytes_as_allowed_and_not_one_more() -> None:
    packed = gzip.compress(b"x" * 1_000, mtime=0)
    assert gunzip(packed, 1_000) == b"x" * 1_000
    with pytest.raises(UnreadableObjectError):
        gunzip(packed, 999)


@pytest.mark.parametrize(
    "value",
    [
        {"__gzip_base64": "x", "__size_bytes": 1, "more": 1},
        {"__gzip_base64": 1, "__size_bytes": 1},
        {"__gzip_base64": "x", "__size_bytes": True},
        {"__gzip_base64": "x", "__size_bytes": 0},
        {"__gzip_base64": "x", "__size_bytes": MAX_EXPANDED_BYTES + 1},
        {"__gzip_base64": "x"},
        "x",
        None,
    ],
)
def test_only_the_exact_form_is_packed(value: Any) -> None:
    assert not is_compressed(value)


@pytest.mark.parametrize(
    "value", [{"__s3_offloaded": 1}, {"in": [{"__escaped:__gzip_base64": "x"}]}, ["plain"]]
)
def test_a_decompressed_value_has_the_keys_that_went_into_the_bag(value: Any) -> None:
    packed = compress(escape(value, lambda _: False))
    assert decompress(packed) == value
    assert decompress(packed["__gzip_base64"]) == value
