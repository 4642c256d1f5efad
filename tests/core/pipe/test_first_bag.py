"""The first bag of a workflow, made of its input: inline, or by a path to S3."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, OTHER_EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import first_bag, store_to_s3
from universal_sync_core.errors import (
    ChecksumMismatchError,
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
)
from universal_sync_core.storage.store import Location


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {"loop_counter": 0, "segment_to_run": 0, "loop_limit": 1000}),
        ({}, {"loop_counter": 0}),
        ({"segments": [1, 2, 3]}, {"total_segments": 3, "segments": [1, 2, 3]}),
        ({"segments": [1, 2, 3], "total_segments": 2}, {"total_segments": 2}),
        ({"loop_limit": 5, "topic": "t"}, {"loop_limit": 5, "topic": "t"}),
        ({"execution_id": "forged"}, {"execution_id": EXECUTION}),
        ({"current_state": {"a": 1}}, {"current_state": {"a": 1}}),
    ],
)
@pytest.mark.usefixtures("store")
def test_the_first_bag_is_made_of_the_input(
    given: dict[str, Any] | None, expected: dict[str, Any]
) -> None:
    bag = first_bag(given, CONTEXT)
    assert {name: bag[name] for name in expected} == expected
    assert (bag["execution_id"], bag["next_action"]) == (EXECUTION, "CONTINUE")
    assert (bag["state_revision"], bag["segment_to_run"]) == (1, 0)


@pytest.mark.parametrize(("segments", "total"), [([1, 2, 3], 3), ({"a": 1}, None)])
@pytest.mark.usefixtures("store")
def test_segments_are_counted_where_they_are_in_s3(segments: Any, total: int | None) -> None:
    bag = first_bag({"segments": store_to_s3(segments, CONTEXT)}, CONTEXT)
    assert bag.get("total_segments") == total


def inputs(store: CountingStore, body: bytes) -> str:
    place = Location("state-bucket", "inputs/one.json")
    store.put(place, body)
    return str(place)


INPUTS = {"allowed_prefixes": ("s3://state-bucket/inputs/",)}


def test_an_input_may_be_in_s3_and_what_stands_beside_it_wins(store: CountingStore) -> None:
    path = inputs(store, b'{"topic":"from S3","segments":[1,2],"found":[5]}')
    with fresh(store, **INPUTS):
        bag = first_bag({"input_s3_path": path, "topic": "given"}, CONTEXT)
    assert (bag["topic"], bag["found"], bag["total_segments"]) == ("given", [5], 2)


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"null"])
def test_it_must_be_a_json_object(store: CountingStore, body: bytes) -> None:
    path = inputs(store, body)
    with fresh(store, **INPUTS), pytest.raises(InvalidRequestError) as caught:
        first_bag({"input_s3_path": path}, CONTEXT)
    assert caught.value.field == "input.input_s3_path"


def test_it_may_say_which_bytes_it_means(store: CountingStore) -> None:
    path = inputs(store, b"{}")
    with fresh(store, **INPUTS), pytest.raises(ChecksumMismatchError):
        first_bag({"input_s3_path": path, "input_sha256": "0" * 64}, CONTEXT)


def test_it_is_followed_only_into_allowed_places(store: CountingStore) -> None:
    path = inputs(store, b"{}")
    with (
        fresh(store),
        pytest.raises(PointerNotAllowedError, match=r"input\.input_s3_path") as caught,
    ):
        first_bag({"input_s3_path": path}, CONTEXT)
    assert caught.value.field == "input.input_s3_path"
    with fresh(store, **INPUTS), pytest.raises(MissingObjectError):
        first_bag({"input_s3_path": path + "x"}, CONTEXT)


@pytest.mark.parametrize("path", [5, ["s3://b/k"], {}])
@pytest.mark.usefixtures("store")
def test_a_path_that_is_no_text_is_refused(path: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        first_bag({"input_s3_path": path}, CONTEXT)
    assert caught.value.field == "input.input_s3_path"


def test_a_large_input_is_bounded_from_the_start(store: CountingStore) -> None:
    bag = synced({}, {"found": ["x" * 900] * 900})
    first = first_bag({"found": ["x" * 900] * 900}, CONTEXT)
    assert first["found"] == bag["found"]
    assert store.puts
    assert first_bag({"a": 1}, {"execution_id": OTHER_EXECUTION})["a"] == 1
