"""Single values in S3: what a worker stores and loads itself is as it is in the bag."""

import codecs
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, OTHER_EXECUTION, call, fresh, hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import (
    first_bag,
    load_from_s3,
    read_list,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import encode
from universal_sync_core.values.pointer import Pointer

LOOKALIKES = [
    {"__s3_offloaded": True, "deep": [{"__gzip_base64": "text"}]},
    {"__escaped:__s3_offloaded": 1},
    [{"__escaped:__escaped:__gzip_base64": 1}, "x" * 70_000],
    {"__s3_offloaded": {"__s3_offloaded": {"text": "x" * 70_000}}},
]


@pytest.mark.parametrize("value", LOOKALIKES)
def test_what_resembles_a_pointer_comes_back_as_it_was_stored(value: Any) -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3(value, CONTEXT)
        assert load_from_s3(pointer["__s3_path"]) == value
        bag = universal_sync_core({}, {"current_state": {"it": pointer}}, CONTEXT)
        assert hydrated(bag)["current_state"]["it"] == value
        if type(value) is list:
            assert read_list(pointer, 0, 5) == value


@pytest.mark.parametrize("deep", [False, True])
def test_a_pointer_of_another_execution_is_not_stored(*, deep: bool) -> None:
    with fresh(CountingStore()) as space:
        foreign = store_to_s3({"a": 1}, {"execution_id": OTHER_EXECUTION})
        before = space.usage.snapshot().requests
        with pytest.raises(PointerNotAllowedError):
            store_to_s3({"in": [foreign]} if deep else foreign, CONTEXT)
        assert space.usage.snapshot().requests == before


def test_what_stands_for_json_is_stored_as_in_a_result() -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3({"pair": (1, 2), "made": iter("ab")}, CONTEXT)
        assert load_from_s3(pointer["__s3_path"]) == {"pair": [1, 2], "made": ["a", "b"]}


def test_a_single_value_that_another_language_stored_is_read_with_what_it_points_to() -> None:
    with fresh(CountingStore()), call() as opened:
        inner = opened.pages.store(["x" * 70_000]).render()
        at = opened.objects.add(encode([{"in": inner}, {"__escaped:__s3_offloaded": 1}]))
        opened.objects.flush()
        expected = [{"in": ["x" * 70_000]}, {"__s3_offloaded": 1}]
        pointer = Pointer(kind="value", at=at, size=1).render()
        assert load_from_s3(pointer["__s3_path"]) == expected
        assert read_list(pointer, 0, 1) == expected[:1]
        assert read_list(pointer, 1, 9) == expected[1:]


@pytest.mark.parametrize("value", ["text", 1, {"a": 1}])
def test_a_range_is_read_of_lists_only(value: Any) -> None:
    with (
        fresh(CountingStore()),
        pytest.raises(InvalidRequestError, match="not a pointer to a list"),
    ):
        read_list(store_to_s3(value, CONTEXT), 0, 1)


CHECKSUMS = [lambda digest: digest, str.upper, lambda digest: digest[:32].upper() + digest[32:]]


@pytest.mark.parametrize("written", CHECKSUMS)
def test_a_checksum_may_be_written_in_capitals(written: Callable[[str], str]) -> None:
    body = b'{"order": 1}'
    store = MemoryStore()
    store.put(Location(BUCKET, "inputs/order.json"), body)
    digest = written(hashlib.sha256(body).hexdigest())
    path = f"s3://{BUCKET}/inputs/order.json"
    with fresh(store, allowed_prefixes=(f"s3://{BUCKET}/inputs/",)):
        assert load_from_s3(path, digest) == {"order": 1}
        bag = first_bag({"input_s3_path": path, "input_sha256": digest}, CONTEXT)
        assert bag["order"] == 1


def test_an_input_may_begin_with_a_byte_order_mark() -> None:
    """As PowerShell and some editors write a text."""
    store, body = MemoryStore(), codecs.BOM_UTF8 + b'{"a":"\xc3\xbc"}'
    path = f"s3://{BUCKET}/inputs/order.json"
    store.put(Location.parse(path), body)
    digest = hashlib.sha256(body).hexdigest()
    with fresh(store, allowed_prefixes=(f"s3://{BUCKET}/inputs/",)):
        bag = first_bag({"input_s3_path": path, "input_sha256": digest}, CONTEXT)
    assert bag["a"] == "\u00fc"


@pytest.mark.parametrize(
    "given", ["", "0" * 63, "0" * 65, "g" * 64, "0x" + "0" * 62, "0" * 64 + "\n", 0, [], {}, True]
)
def test_what_is_no_checksum_is_refused_by_its_name(given: Any) -> None:
    path = f"s3://{BUCKET}/inputs/order.json"
    store = CountingStore()
    with fresh(store, allowed_prefixes=(f"s3://{BUCKET}/inputs/",)):
        with pytest.raises(InvalidRequestError, match="SHA-256") as caught:
            load_from_s3(path, given)
        assert caught.value.field == "expected_checksum"
        with pytest.raises(InvalidRequestError, match="SHA-256") as caught:
            first_bag({"input_s3_path": path, "input_sha256": given}, CONTEXT)
        assert caught.value.field == "input.input_sha256"
    assert store.requests == 0
