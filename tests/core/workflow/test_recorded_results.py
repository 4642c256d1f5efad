"""The built-in runner: what it replays, segment by segment."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import hydrate_state, recorded_result, store_to_s3
from universal_sync_core.errors import InvalidRequestError, SegmentFailedError
from universal_sync_core.values.compression import compress

SEGMENTS = [{"n": 0}, {"n": 1}, {"raises": "on purpose"}, None]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_built_in_runner_replays_the_segment_to_run(number: int) -> None:
    bag = {"segments": SEGMENTS, "segment_to_run": number}
    assert recorded_result(bag) == SEGMENTS[number]


def test_and_begins_with_the_first() -> None:
    assert recorded_result({"segments": SEGMENTS}) == {"n": 0}


@pytest.mark.parametrize(
    ("bag", "item", "place"),
    [
        ({"segments": SEGMENTS, "segment_to_run": 2}, None, r"segments\[2\]"),
        ({"branch": {"segments": SEGMENTS}, "segment_to_run": 2}, None, r"branch\.segments\[2\]"),
        (None, {"raises": "on purpose"}, "the item"),
    ],
)
def test_a_recorded_failure_fails_and_says_where_and_not_what(
    bag: dict[str, Any] | None, item: Any, place: str
) -> None:
    with pytest.raises(SegmentFailedError, match=f"^{place} is recorded as a failure$"):
        recorded_result(bag, item=item)


@pytest.mark.parametrize("number", ["0].x[0", "1", None, 1.0, -1, [1], {"a": 1}, True])
def test_a_segment_that_is_no_number_is_not_recorded(number: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        recorded_result({"segments": SEGMENTS, "segment_to_run": number})
    assert caught.value.field == "state_data.segments"


@pytest.mark.parametrize("form", [lambda v: store_to_s3(v, CONTEXT), compress, lambda v: v])
@pytest.mark.parametrize("branch", [["a list"], {"a": 1}, "text", None, {"segments": SEGMENTS}])
def test_a_branch_of_any_form_runs_its_own_segments_or_those_of_the_bag(
    store: CountingStore, form: Any, branch: Any
) -> None:
    with fresh(store):
        bag = {"execution_id": EXECUTION, "segments": ["of the bag"], "branch": form(branch)}
        own = isinstance(branch, dict) and "segments" in branch
        assert recorded_result(bag) == (SEGMENTS[0] if own else "of the bag")


@pytest.mark.parametrize("item", [{"a": 1}, "text", 0, [], False])
def test_an_item_is_its_own_result(item: Any) -> None:
    assert recorded_result({"segments": SEGMENTS}, item=item) == item


@pytest.mark.parametrize(
    "bag",
    [{}, {"segments": []}, {"segments": {"a": 1}}, {"segments": SEGMENTS, "segment_to_run": 4}],
)
def test_where_nothing_is_recorded_it_says_so(bag: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        recorded_result(bag)
    assert caught.value.field == "state_data.segments"


@pytest.mark.parametrize(
    "more",
    [{}, {"large": ["x" * 900] * 900}, {f"key-{number}": number for number in range(30_000)}],
    ids=["inline", "large", "many fields"],
)
@pytest.mark.parametrize("branch", [True, False], ids=["of a branch", "of the bag"])
def test_segments_are_found_wherever_they_are_kept(
    store: CountingStore, more: dict[str, Any], *, branch: bool
) -> None:
    segments = [{"n": number, "text": "x" * 1_000} for number in range(400)]
    mine = {"branch": {"segments": segments}, "segments": [0]} if branch else {"segments": segments}
    with fresh(store):
        bag = synced({"execution_id": EXECUTION}, mine | more)
    store.reset()
    with fresh(store):
        assert recorded_result(bag | {"segment_to_run": 333}) == segments[333]
    assert len(store.gets) <= 6


def test_a_large_result_comes_as_a_pointer_as_from_any_runner(store: CountingStore) -> None:
    large = {"status": "COMPLETE", "found": ["x" * 900] * 300}
    pointer = recorded_result({"execution_id": EXECUTION, "segments": [large]}, CONTEXT)
    assert pointer["status"] == "COMPLETE"
    assert hydrate_state({"": pointer}, context=CONTEXT) == {"": large}
    assert store.puts
