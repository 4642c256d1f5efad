"""Whether an item failed: the same verdict whatever form and size its result has.

Hazard held here: a failure that nobody hears of, because its text is long.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import CONTEXT, EXECUTION, call, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.map_runs import array, record, write
from universal_sync_core import (
    calculate_payload_size,
    flatten_result,
    offload_result,
    store_result,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.values.codec import encode
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import Pointer

BAG = {"execution_id": EXECUTION, "tolerated_failed_items": "100%"}
AGGREGATE = {"action": "aggregate_distributed"}
LONG = "Traceback (most recent call last): ä😀 " * 40


def inline(_: CountingStore, results: list[Any]) -> Any:
    return results


def packed(_: CountingStore, results: list[Any]) -> Any:
    return [compress(result) for result in results]


def stored(_: CountingStore, results: list[Any]) -> Any:
    return [store_result(result, CONTEXT) for result in results]


def stored_by_another_language(_: CountingStore, results: list[Any]) -> Any:
    """Return results that a worker stored each as one object, and StoreItemResult then took."""
    pointers = [store_as_one_object(result) for result in results]
    return [store_result(pointer, CONTEXT) for pointer in pointers]


def store_as_one_object(result: Any) -> Any:
    with call() as opened:
        encoded = encode(result)
        at = opened.objects.add(encoded)
        return Pointer(kind="value", at=at, size=len(encoded)).render()


def as_one_list(_: CountingStore, results: list[Any]) -> Any:
    return offload_result(results, CONTEXT, limit=1)


def as_an_iterator(_: CountingStore, results: list[Any]) -> Any:
    return iter(results)


def in_a_manifest(store: CountingStore, results: list[Any]) -> Any:
    records = [record(index, result) for index, result in enumerate(results)]
    return write(store, {"SUCCEEDED": array(*records)})


def stored_and_in_a_manifest(store: CountingStore, results: list[Any]) -> Any:
    return in_a_manifest(store, stored(store, results))


FORMS = [
    inline,
    packed,
    stored,
    stored_by_another_language,
    as_one_list,
    as_an_iterator,
    in_a_manifest,
    stored_and_in_a_manifest,
]

# Each result with whether it reports failure.
RESULTS: list[tuple[Any, bool]] = [
    ({"status": "FAILED"}, True),
    ({"status": "timed_out", "error": LONG, "cause": LONG}, True),
    ({"status": "FAILED", "error": {"code": 5, "trace": LONG}}, True),
    ({"status": "ABORTED", "more": ["x" * 900] * 90}, True),
    ({"status": "FAILED", "cause": "x" * 70_000}, True),
    ({"Error": "States.TaskFailed", "Cause": LONG}, True),
    ({"Error": "E" * 20_000, "Cause": ""}, True),
    ({"Error": "E", "Cause": "C", "input": 1}, False),
    ({"Error": 0.5, "Cause": "C"}, False),
    ({"Error": "E"}, False),
    ({"error": LONG}, False),
    ({"error": 0.02, "lr": 0.1}, False),
    ({"error": "E", "cause": "x" * 70_000}, False),
    ({"status": "COMPLETE", "error": LONG}, False),
    ({"status": "x" * 20_000}, False),
    ({"status": 5, "large": "x" * 70_000}, False),
    ({"large": {"status": "FAILED"}}, False),
    ([{"status": "FAILED"}], False),
    ("FAILED", False),
    ({}, False),
    (None, False),
]


def is_cut(shown: Any, whole: Any) -> bool:
    text = whole if type(whole) is str else encode(whole).decode()
    return len(shown) > 50 and shown.endswith("...") and text.startswith(shown[:-3])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_an_item_failed_or_did_not_in_whatever_form_its_result_is(form: Any) -> None:
    store = CountingStore()
    results = [result for result, _ in RESULTS]
    with fresh(store):
        answer = form(store, results)
    with fresh(store):
        bag = universal_sync_core(BAG, answer, AGGREGATE)
        whole = hydrated(bag)
    assert whole["distributed_outputs"] == results
    reports = whole["failed_segments"]
    assert [report["index"] for report in reports] == [
        index for index, (_, failed) in enumerate(RESULTS) if failed
    ]
    for report in reports:
        result = results[report["index"]]
        assert report["status"] == result.get("status", "FAILED")
        for name in ("error", "cause"):
            expected = result.get(name) or result.get(name.title())
            assert (report[name] or None) == (expected or None) or is_cut(report[name], expected)


@pytest.mark.parametrize("form", [stored, stored_by_another_language])
def test_a_map_of_nothing_but_failures_fails_however_long_their_texts(form: Any) -> None:
    store = CountingStore()
    with fresh(store):
        answers = form(store, [{"status": "FAILED", "error": LONG}] * 3)
        assert max(map(calculate_payload_size, answers)) < 1_500
        bag = universal_sync_core({"execution_id": EXECUTION}, answers, AGGREGATE)
    assert (bag["next_action"], len(bag["failed_segments"])) == ("FAILED", 3)


def test_a_success_in_s3_is_not_read_to_see_that_it_is_one() -> None:
    store = CountingStore()
    with fresh(store):
        answers = [store_result({"n": n, "text": "x" * 70_000}, CONTEXT) for n in range(20)]
    store.reset()
    with fresh(store):
        flatten_result(answers, CONTEXT | AGGREGATE)
    assert store.gets == []


def test_a_value_stored_by_hand_shows_its_failure_too() -> None:
    with fresh(CountingStore()):
        pointer = store_to_s3({"status": "FAILED", "cause": LONG}, CONTEXT)
        assert flatten_result([pointer], CONTEXT)["failed_segments"][0]["status"] == "FAILED"


texts = st.text(max_size=5) | st.builds(lambda text: text * 200, st.text(min_size=1, max_size=3))
values = texts | st.none() | st.integers() | st.dictionaries(st.text(max_size=3), texts)
statuses = st.sampled_from(["FAILED", "failed", "ABORTED", "COMPLETE", "", " FAILED"]) | values


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "status": statuses,
                "error": values,
                "cause": values,
                "Error": values,
                "Cause": values,
                "more": values,
            },
        ),
        max_size=4,
    ),
    st.sampled_from(FORMS),
)
def test_the_verdict_is_that_of_the_plain_result(results: list[Any], form: Any) -> None:
    store = CountingStore()
    with fresh(store, page_bytes=400, index_bytes=400):
        plain = flatten_result(results, CONTEXT).get("failed_segments", [])
        seen = flatten_result(form(store, results), CONTEXT).get("failed_segments", [])
    assert [report["index"] for report in seen] == [report["index"] for report in plain]
    for ours, theirs in zip(seen, plain, strict=True):
        assert ours["status"] == theirs["status"]
        assert bool(ours["error"]) == bool(theirs["error"])
        assert bool(ours["cause"]) == bool(theirs["cause"])
