"""Every shape of a result, and the one delta it stands for.

Hazard held here: a missing or empty answer read as "no results".
"""

from collections import OrderedDict
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest

from tests.core.bags import CONTEXT, Unchanged, fresh
from tests.core.fakes import CountingStore
from universal_sync_core import flatten_result, store_to_s3
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.compression import compress

VALUE = {"a": 1, "status": "CONTINUE"}


@pytest.mark.parametrize(
    ("result", "delta"),
    [
        (None, {}),
        ({}, {}),
        (VALUE, VALUE),
        ({"callback_result": VALUE}, VALUE),
        ({"callback_result": VALUE, "other": 1}, VALUE | {"other": 1}),
        (
            {"async_result": {"job": 7}, "current_state": {"done": True}},
            {"job": 7, "current_state": {"done": True}},
        ),
        ({"callback_result": {"a": 1}, "async_result": {"b": 2}, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        (
            {"callback_result": {"a": 1}, "execution_result": {"b": 2}},
            {"a": 1, "execution_result": {"b": 2}},
        ),
        ({"callback_result": {"async_result": {"a": 1}, "b": 2}, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"callback_result": None, "other": 1}, {"other": 1}),
        ({"callback_result": "yes", "other": 1}, {"raw_result": "yes", "other": 1}),
        ({"async_result": VALUE}, VALUE),
        ({"execution_result": VALUE}, VALUE),
        ({"execution_result": VALUE, "other": 1}, {"execution_result": VALUE, "other": 1}),
        ({"execution_result": {"execution_result": {"callback_result": VALUE}}}, VALUE),
        ({"callback_result": None}, {}),
        ({"callback_result": "yes"}, {"raw_result": "yes"}),
        ({"execution_result": None}, {}),
        ("text", {"raw_result": "text"}),
        ("", {"raw_result": ""}),
        (0, {"raw_result": 0}),
        (False, {"raw_result": False}),
        (1.5, {"raw_result": 1.5}),
        ({"MapRunArn": "arn"}, {"MapRunArn": "arn"}),
        ({"ResultWriterDetails": {}}, {"ResultWriterDetails": {}}),
    ],
)
def test_a_result_stands_for_its_delta(result: Any, delta: dict[str, Any]) -> None:
    with Unchanged(result):
        assert flatten_result(result) == delta


def test_another_object_is_itself_not_a_copy() -> None:
    result = {"a": {"deep": [1]}}
    assert flatten_result(result) is result


def without_time(delta: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in delta.items() if name != "aggregation_timestamp"}


@pytest.mark.parametrize(
    ("result", "field"),
    [
        ({"callback_result": {"a": 1}, "a": 2}, "callback_result.a"),
        ({"async_result": {"a": 1}, "a": 1}, "async_result.a"),
        ({"async_result": {"a": 1}, "callback_result": {"a": 2}}, "callback_result.a"),
        ({"callback_result": "text", "raw_result": "text"}, "callback_result.raw_result"),
        ({"callback_result": [1], "chunk_count": 5}, "callback_result.chunk_count"),
        ({"callback_result": {"async_result": {"a": 1}, "a": 2}}, "async_result.a"),
    ],
)
def test_one_field_on_both_sides_of_a_wrapper_is_refused(result: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError, match="in one place only") as caught:
        flatten_result(result)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "elements", [[], [1], [None], [[1], []], [{"a": 1}, "x", None], [{"status": "SUCCEEDED"}]]
)
@pytest.mark.parametrize("wrapper", [None, "callback_result", "async_result", "execution_result"])
def test_a_list_is_distributed_outputs_and_their_count(
    elements: list[Any], wrapper: str | None
) -> None:
    delta = flatten_result({wrapper: elements} if wrapper else elements)
    assert without_time(delta) == {
        "distributed_outputs": elements,
        "chunk_count": len(elements),
    }


def test_a_list_says_in_utc_when_it_was_joined() -> None:
    stamp = flatten_result([])["aggregation_timestamp"]
    offset = datetime.fromisoformat(stamp).utcoffset()
    assert offset is not None
    assert not offset


@pytest.mark.parametrize(
    ("element", "report"),
    [
        ({"status": "FAILED"}, {"status": "FAILED", "error": None, "cause": None}),
        ({"status": "timed_out"}, {"status": "timed_out", "error": None, "cause": None}),
        ({"status": "ABORTED"}, {"status": "ABORTED", "error": None, "cause": None}),
        ({"status": "FAILED", "error": "E"}, {"status": "FAILED", "error": "E", "cause": None}),
        ({"Error": "E", "Cause": "C"}, {"status": "FAILED", "error": "E", "cause": "C"}),
        ({"status": "SUCCEEDED", "error": "E"}, None),
        ({"lr": 0.1, "error": 0.02}, None),
        ({"error": "E", "cause": "C"}, None),
        ({"Error": "E"}, None),
        ({"Error": "E", "Cause": "C", "more": 1}, None),
        ({"Error": 0.02, "Cause": "rounding"}, None),
        ({"error": None, "status": "COMPLETE"}, None),
        ({"error": ""}, None),
        ({"status": 5}, None),
        ("FAILED", None),
    ],
)
def test_elements_that_report_failure_are_failed_segments(
    element: Any, report: dict[str, Any] | None
) -> None:
    delta = flatten_result(["fine", element])
    expected = [] if report is None else [{"index": 1, **report}]
    assert delta.get("failed_segments", []) == expected
    assert delta["distributed_outputs"] == ["fine", element]
    assert ("failed_segments" in delta) == bool(expected)


@pytest.mark.parametrize(
    ("value", "delta"),
    [
        (VALUE, VALUE),
        ([1, 2], {"distributed_outputs": [1, 2], "chunk_count": 2}),
        ("text", {"raw_result": "text"}),
        ({"callback_result": VALUE}, VALUE),
    ],
)
@pytest.mark.parametrize("form", [lambda value: store_to_s3(value, CONTEXT), compress])
def test_a_result_stands_for_one_delta_in_whatever_form_it_is(
    form: Any, value: Any, delta: dict[str, Any]
) -> None:
    with fresh(CountingStore()):
        assert without_time(flatten_result(form(value), CONTEXT)) == delta
        packed_pointer = {"execution_result": compress(store_to_s3(value, CONTEXT))}
        assert without_time(flatten_result(packed_pointer, CONTEXT)) == delta


@pytest.mark.parametrize(
    ("result", "delta"),
    [
        ({"a": (1, (2,))}, {"a": [1, [2]]}),
        ({"a": OrderedDict(b=1)}, {"a": {"b": 1}}),
        ({"a": iter([1, iter("xy")])}, {"a": [1, ["x", "y"]]}),
        (iter([1, 2]), {"distributed_outputs": [1, 2], "chunk_count": 2}),
        (HTTPStatus.OK, {"raw_result": 200}),
    ],
)
def test_what_stands_for_json_is_that_json(result: Any, delta: dict[str, Any]) -> None:
    assert without_time(flatten_result(result)) == delta


@pytest.mark.parametrize("result", [float("nan"), {"a": {1}}, [b"x"], {"a": {1: 2}}])
def test_what_json_cannot_carry_is_refused(result: Any) -> None:
    with pytest.raises(InvalidRequestError, match="result"):
        flatten_result(result)


def test_flattening_needs_neither_bucket_nor_execution() -> None:
    with fresh(CountingStore(), bucket=None):
        assert flatten_result(["x" * 300_000])["chunk_count"] == 1
