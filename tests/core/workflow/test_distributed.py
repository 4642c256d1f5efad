"""The result of each child of a Distributed Map: a small pointer, and how the child ended."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, hydrated, synced
from universal_sync_core import calculate_payload_size, hydrate_state, store_result, store_to_s3
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError


@pytest.mark.parametrize(
    "value", [None, 5, "text", [1, 2], {"a": 1}, {}, {"big": ["x" * 900] * 900}]
)
@pytest.mark.usefixtures("store")
def test_the_result_of_a_child_is_a_small_pointer(value: Any) -> None:
    pointer = store_result(value, CONTEXT)
    assert calculate_payload_size(pointer) < 500
    assert hydrate_state({"": pointer}, context=CONTEXT) == {"": value}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"status": "FAILED", "error": "E", "cause": "C", "more": 1}, {"status", "error", "cause"}),
        ({"status": "COMPLETE"}, {"status"}),
        ({"status": "x" * 1_000, "error": {"a": 1}}, {"error"}),
        ({"more": 1}, set()),
        ([{"status": "FAILED"}], set()),
    ],
)
@pytest.mark.usefixtures("store")
def test_how_a_child_ended_is_readable_beside_it(value: Any, shown: set[str]) -> None:
    pointer = store_result(value, CONTEXT)
    beside = {name: item for name, item in pointer.items() if not name.startswith("__")}
    assert beside == {name: value[name] for name in shown}


@pytest.mark.usefixtures("store")
def test_a_child_that_failed_shows_when_the_results_are_joined() -> None:
    pointers = [store_result({"status": status}, CONTEXT) for status in ("COMPLETE", "FAILED")]
    bag = synced({}, pointers)
    assert [report["index"] for report in bag["failed_segments"]] == [1]
    assert hydrated(bag)["distributed_outputs"] == [{"status": "COMPLETE"}, {"status": "FAILED"}]


@pytest.mark.usefixtures("store")
def test_a_result_that_is_a_pointer_already_is_stored_no_second_time() -> None:
    pointer = store_to_s3({"a": 1, "status": "COMPLETE"}, CONTEXT)
    assert store_result(pointer, CONTEXT) == pointer
    foreign = store_to_s3({"a": 1}, {"execution_id": "another"})
    with pytest.raises(PointerNotAllowedError):
        store_result(foreign, CONTEXT)


@pytest.mark.usefixtures("store")
def test_a_result_needs_its_execution() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        store_result({"a": 1}, {})
    assert caught.value.field == "execution_id"
