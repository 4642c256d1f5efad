"""`{"state_data": bag}` is taken where it is the next bag of this execution, and else refused."""

from typing import Any

import pytest

from local.state_bag import StateBag
from tests.core.bags import CONTEXT, EXECUTION, OTHER_EXECUTION, fresh
from tests.core.fakes import CountingStore
from tests.core.places import alone
from tests.door.ways import WAYS, Bag, Way, first, synced_by
from universal_sync_core import (
    first_bag,
    fork_branch,
    hydrate_state,
    merge_answer,
    open_bag,
    state_task,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
    StateTooLargeError,
)
from universal_sync_core.values.pointer import Pointer

pytestmark = pytest.mark.usefixtures("store")

TAKING: dict[str, Way] = {
    "sync": synced_by("sync"),
    "merge_answer": merge_answer,
    "a worker that syncs": WAYS["a worker that syncs"][0],
    "universal_sync_core": universal_sync_core,
}


def synced_bag(bag: Bag, result: Any) -> Bag:
    """Return what a worker answers that merges a result itself."""
    answer: Bag = state_task(sync=True)(lambda *_: result)({"state_data": bag}, None)
    return answer


@pytest.mark.parametrize("way", TAKING)
@pytest.mark.parametrize(
    "result",
    [
        {"current_state": {"a": 1}},
        {"current_state": {"text": "x" * 90_000}},
        {"status": "COMPLETE"},
        {"status": "PARALLEL_GROUP", "pending_branches": ["a"]},
        {"status": "DISTRIBUTED_MAP", "distributed_items": [1]},
        {"next_segment_to_run": 4},
        {"status": "WAIT", "wait_until": "2026-01-31T09:00:00+01:00"},
        {f"key-{number:04}": "x" * 100 for number in range(2_000)},
        {"state_history": [{"n": number} for number in range(200)]},
        {"chunk_results": [{"n": number} for number in range(30)]},
        {"scheduling_metadata": {"batch_details": list(range(9))}},
        {"data": {"__s3_offloaded": "mine", "__escaped:__gzip_base64": 1}},
    ],
    ids=lambda result: next(iter(result)),
)
def test_the_next_bag_is_taken(store: CountingStore, way: str, result: Bag) -> None:
    with fresh(store):
        bag = first()
        answer = synced_bag(bag, result)
        taken = TAKING[way](bag, answer)
        expected = answer["state_data"]
        beside = {"payload_size_kb", "last_update_time", "loop_counter", "execution_segments"}
        assert {**taken, **dict.fromkeys(beside, 0)} == {
            **expected,
            **dict.fromkeys(beside, 0),
        }
        assert hydrate_state(taken)["next_action"] == expected["next_action"]


def test_so_is_that_of_a_sealed_bag_and_of_a_branch() -> None:
    for bag in (first(), fork_branch(first(), {"branch_id": "b"})):
        opened = open_bag(bag)
        opened.merge({"current_state": {"a": 1}})
        taken = merge_answer(bag, {"state_data": opened.commit()})
        assert taken["current_state"] == {"a": 1}
        assert taken["loop_counter"] == 1


NO_BAGS: dict[str, Any] = {
    "an object": lambda _: {"a": 1},
    "nothing": lambda _: {},
    "null": lambda _: None,
    "a list": lambda _: [1],
    "a text": lambda _: "bag",
    "the bag itself": lambda bag: bag,
    "an older bag": lambda bag: bag | {"state_revision": 0},
    "a later bag": lambda bag: bag | {"state_revision": bag["state_revision"] + 2},
    "a revision that is none": lambda bag: bag | {"state_revision": True},
    "no revision": lambda bag: {name: bag[name] for name in bag if name != "state_revision"},
    "another execution's": lambda bag: next_of(bag) | {"execution_id": OTHER_EXECUTION},
    "nobody's": lambda bag: next_of(bag) | {"execution_id": None},
    "without a next action": lambda bag: without(next_of(bag), "next_action"),
    "a branch's": lambda bag: next_of(bag) | {"forked_from": {"state_revision": 1}},
}


def next_of(bag: Bag) -> Bag:
    return bag | {"state_revision": bag["state_revision"] + 1}


def without(bag: Bag, field: str) -> Bag:
    return {name: value for name, value in bag.items() if name != field}


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"a result in S3", "branches"}))
@pytest.mark.parametrize("kind", NO_BAGS)
def test_what_is_no_next_bag_is_refused_by_name(way: str, kind: str) -> None:
    send, place = WAYS[way]
    bag = first()
    with pytest.raises(InvalidRequestError, match="at its next revision") as caught:
        send(bag, {"state_data": NO_BAGS[kind](bag)})
    assert caught.value.field == f"{place}.state_data"


@pytest.mark.parametrize("kind", NO_BAGS)
def test_the_fixture_has_the_same_rule(kind: str) -> None:
    with StateBag.opened() as state_bag:
        bag = state_bag({"order": 7})
        with pytest.raises(InvalidRequestError, match="at its next revision"):
            state_bag.sync(bag, {"state_data": NO_BAGS[kind](bag)})
        answer = state_task(sync=True)(lambda *_: {"a": 1})(state_bag.event(bag, sync=True), None)
        assert state_bag.sync(bag, answer)["a"] == 1


def test_beside_other_fields_it_is_data() -> None:
    bag = synced_by("sync")(first(), {"state_data": {"a": 1}, "more": 1})
    assert bag["state_data"] == {"a": 1}


@pytest.mark.parametrize("wrapped", ["callback_result", "async_result", "execution_result"])
def test_wrapped_it_is_no_bag(wrapped: str) -> None:
    bag = first()
    with pytest.raises(InvalidRequestError, match="at its next revision"):
        synced_by("sync")(bag, {wrapped: {"state_data": next_of(bag)}})


def test_an_offloaded_one_is_no_bag() -> None:
    bag = first()
    with pytest.raises(InvalidRequestError, match="at its next revision"):
        synced_by("sync")(bag, store_to_s3({"state_data": next_of(bag)}, CONTEXT))


def test_what_the_machine_counts_is_counted_by_it() -> None:
    bag = synced_by("sync")(first(), {})
    forged = {
        "loop_counter": 0,
        "execution_segments": 0,
        "segments_per_execution": 800,
        "payload_size_kb": 0.0,
    }
    taken = merge_answer(bag, {"state_data": next_of(bag) | forged})
    assert (taken["loop_counter"], taken["execution_segments"]) == (2, 2)
    assert taken["segments_per_execution"] == bag["segments_per_execution"]
    assert taken["payload_size_kb"] > 0.1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loop_counter", -5),
        ("loop_limit", 6),
        ("loop_limit", "x"),
        ("status", "DONE"),
        ("next_action", "\x1b]0;x"),
        ("next_action", None),
        ("segment_to_run", "0].x[0"),
        ("total_segments", 2.5),
        ("execution_segments", None),
    ],
)
def test_its_control_fields_are_of_their_kinds(field: str, value: Any) -> None:
    bag = first()
    with pytest.raises(InvalidRequestError) as caught:
        merge_answer(bag, {"state_data": next_of(bag) | {field: value}})
    assert caught.value.field == f"execution_result.state_data.{field}"


def test_it_is_bounded() -> None:
    bag = first()
    with pytest.raises(StateTooLargeError):
        merge_answer(bag, {"state_data": next_of(bag) | {"x": "x" * 250_000}})


def test_its_new_pointers_are_looked_up() -> None:
    bag = first()
    foreign = store_to_s3({"s": "S" * 99}, {"execution_id": OTHER_EXECUTION})
    nowhere = f"s3://state-bucket/v1/{EXECUTION.replace(':', '%3A')}/packs/" + "0" * 64
    for pointer, error in (
        (foreign, PointerNotAllowedError),
        (Pointer(kind="value", at=alone(nowhere, 9), size=9).render(), MissingObjectError),
    ):
        with pytest.raises(error):
            merge_answer(bag, {"state_data": next_of(bag) | {"x": pointer}})


@pytest.mark.parametrize("way", TAKING)
@pytest.mark.parametrize(
    "waited",
    [
        {"status": "WAIT", "wait_seconds": 9},
        {"status": "ASYNC", "job": "jr_1"},
    ],
)
def test_what_a_step_left_for_the_machine_goes_with_the_next_one(way: str, waited: Bag) -> None:
    waiting = universal_sync_core(first(), waited, CONTEXT | {"action": "sync"})
    left = {*waiting} & {"wait_state", "awaited_job"}
    bag = waiting | {"next_action": "CONTINUE"}  # as the state after a wait has it
    after = TAKING[way](bag, synced_bag(bag, {"current_state": {"a": 1}}))
    assert left
    assert not left & after.keys()
    assert after["next_action"] == "CONTINUE"
    assert hydrate_state(after)["current_state"] == {"a": 1}


@pytest.mark.parametrize("version", [True, 1.0])
def test_its_unchanged_pointers_are_still_pointers(version: Any) -> None:
    bag = universal_sync_core(first(), {"report": "x" * 50_000}, CONTEXT)
    answer = synced_bag(bag, {"current_state": {"a": 1}})
    answer["state_data"]["report"] = answer["state_data"]["report"] | {"__v": version}
    with pytest.raises(MalformedPointerError):
        merge_answer(bag, answer)


def test_it_has_all_fields_of_the_bag() -> None:
    bag = first(order=7)
    with pytest.raises(InvalidRequestError, match="lacks 1 of the fields"):
        merge_answer(bag, {"state_data": without(next_of(bag), "order")})


@pytest.mark.parametrize(
    "field", ["loop_limit", "loop_counter", "segments_per_execution", "total_segments", "order"]
)
def test_fields_that_are_neither_in_it_nor_behind_it_are_missing(field: str) -> None:
    """Without its limit and its counter, nothing ends a loop."""
    bag = first(order=7, total_segments=3)
    many = synced_bag(first(), {f"key-{number:04}": "x" * 100 for number in range(2_000)})
    forged = {"state_s3_path": many["state_data"]["state_s3_path"]}
    with pytest.raises(InvalidRequestError, match="lacks 1 of the fields"):
        merge_answer(bag, {"state_data": without(next_of(bag) | forged, field)})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("execution_chain", [OTHER_EXECUTION]),
        ("execution_chain", None),
        ("unfinished_map", {"a": 1}),
        ("stopped_by", {"error": "E", "cause": "c"}),
        ("stopped_by", None),
    ],
)
def test_what_no_merge_of_a_worker_sets_is_as_it_was(field: str, value: Any) -> None:
    bag = first()
    with pytest.raises(InvalidRequestError) as caught:
        merge_answer(bag, {"state_data": next_of(bag) | {field: value}})
    assert caught.value.field == f"execution_result.state_data.{field}"


@pytest.mark.parametrize("told", [{"error": "E"}, {"error": 5, "cause": "c"}, "E"])
def test_what_stopped_it_is_an_error_and_a_cause(told: Any) -> None:
    bag = first()
    failed = next_of(bag) | {"status": "FAILED", "next_action": "FAILED"}
    told_well = {"error": "E", "cause": "c"}
    assert merge_answer(bag, {"state_data": failed | {"stopped_by": told_well}})["stopped_by"]
    with pytest.raises(InvalidRequestError, match="stopped_by"):
        merge_answer(bag, {"state_data": failed | {"stopped_by": told}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("forked_from", {"state_revision": 1}), ("loop_limit", 900), ("execution_chain", ["x"])],
)
def test_behind_its_spill_nothing_is_that_the_machine_reads(field: str, value: Any) -> None:
    bag = without(first(), "loop_limit")
    overflowed = store_to_s3({field: value, "a": 1}, CONTEXT) | {"of_field": "state_s3_path"}
    with pytest.raises(InvalidRequestError) as caught:
        merge_answer(bag, {"state_data": next_of(bag) | {"state_s3_path": overflowed}})
    assert caught.value.field == f"execution_result.state_data.{field}"


@pytest.mark.parametrize("action", ["PARALLEL_GROUP", "DISTRIBUTED_MAP"])
def test_it_has_what_it_asks_for(action: str) -> None:
    bag = first()
    with pytest.raises(InvalidRequestError, match=f"{action} needs"):
        merge_answer(bag, {"state_data": next_of(bag) | {"next_action": action}})


def test_an_input_may_have_a_field_of_that_name() -> None:
    assert first_bag({"state_data": {"a": 1}}, CONTEXT)["state_data"] == {"a": 1}
