"""A map of which too many items failed: resumed, it runs these alone, and nothing else is lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import BUCKET, EXECUTION, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.map_runs import array, failed, pending, record, write
from universal_sync_core import (
    first_bag,
    record_failure,
    stage_items,
    store_result,
    universal_sync_core,
)
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.storage.store import Location

Json = Any
AGGREGATE = {"action": "aggregate_distributed"}
INPUTS = f"s3://{BUCKET}/inputs/"
SYNC = {"action": "sync"}
# How an item may fail, by its letter; any other letter is an output.
RAISED, NEVER_RUN, ANSWERED = "R", "N", "A"
FAILURES = (RAISED, NEVER_RUN, ANSWERED)


@pytest.fixture
def store() -> Iterator[CountingStore]:
    counting = CountingStore()
    with fresh(counting, allowed_prefixes=(INPUTS,)):
        yield counting


def started(items: Json, **more: Json) -> Json:
    """Return the bag of a workflow whose segment asked for a map."""
    bag = first_bag({"total_segments": 3, "note": 1, **more}, {"execution_id": EXECUTION})
    return universal_sync_core(bag, {"status": "DISTRIBUTED_MAP", "distributed_items": items}, SYNC)


def staged(store: CountingStore, bag: Json) -> list[Json]:
    place = stage_items(bag)
    found = store.get(Location(place["bucket"], place["key"]))
    items: list[Json] = json.loads(found.body)
    assert place["count"] in (len(items), None)
    return items


def ran(
    store: CountingStore,
    bag: Json,
    outcomes: dict[Json, Json],
    name: str = "run-1",
    times: int = 1,
    **context: Json,
) -> Json:
    """Run the staged items of a bag, and join them.

    Args:
        store: where the items and the results are.
        bag: whose items are run.
        outcomes: by item: a letter for how it fails, or its output.
        name: of the execution that runs them.
        times: how often the join is called.
        context: more of the join's context.
    """
    files: dict[str, list[Json]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    for index, item in enumerate(staged(store, bag)):
        wrapped = {"execution_id": EXECUTION, "item": item, "index": index}
        same = {"Input": json.dumps(wrapped)}
        outcome = outcomes[item]
        if outcome == RAISED:
            files["FAILED"].append(failed(index, **same))
        elif outcome == NEVER_RUN:
            files["PENDING"].append(pending(index) | same)
        else:
            answer = {"status": "FAILED", "of": item} if outcome == ANSWERED else outcome
            pointer = store_result(answer, {"execution_id": EXECUTION})
            files["SUCCEEDED"].append(record(index, pointer, **same))
    folder = f"distributed/{name}/{len(store.puts)}/"
    answer = write(
        store, {kind: array(*reversed(lines)) for kind, lines in files.items()}, folder=folder
    )
    joined = [universal_sync_core(bag, answer, AGGREGATE | context) for _ in range(times)]
    assert all(without_times(each) == without_times(joined[0]) for each in joined)
    return joined[0]


def without_times(bag: Json) -> Json:
    times = ("last_update_time", "aggregation_timestamp")
    return {name: value for name, value in bag.items() if name not in times}


def resumed(bag: Json, name: str = "run-2", **more: Json) -> Json:
    """Return the first bag of an execution that goes on from the failure of another."""
    record_path = record_failure(bag, {"Error": "Workflow.FAILED"})["record_s3_path"]
    again = EXECUTION.replace("run-1", name)
    return first_bag({"resume_from": record_path, **more}, {"execution_id": again})


ITEMS = [f"item {n}" for n in range(40)]
SOME: dict[Json, Json] = {item: f"output of {item}" for item in ITEMS}
FOUR = SOME | {"item 0": RAISED, "item 7": NEVER_RUN, "item 8": ANSWERED, "item 39": RAISED}


def test_only_what_failed_is_run_again(store: CountingStore) -> None:
    bag = ran(store, started(ITEMS), FOUR, times=2)
    assert (bag["next_action"], bag["status"], bag["segment_to_run"]) == ("FAILED", "FAILED", 0)
    assert "unfinished_map" in bag
    assert "unfinished_map" not in hydrated(bag)
    reports = hydrated(bag)["failed_segments"]
    known = [(report["index"], report.get("output_index")) for report in reports]
    assert known == [(8, 6), (0, None), (7, None), (39, None)]  # the first has an output

    bag = resumed(bag)
    assert bag["next_action"] == "DISTRIBUTED_MAP"
    assert "status" not in bag
    assert staged(store, bag) == ["item 0", "item 7", "item 8", "item 39"]

    bag = ran(store, bag, SOME, "run-2", times=2)
    assert (bag["next_action"], bag["segment_to_run"]) == ("CONTINUE", 1)
    whole = hydrated(bag)
    assert whole["distributed_outputs"] == [SOME[item] for item in ITEMS]
    assert whole["chunk_count"] == 40
    assert "failed_segments" not in whole
    assert "unfinished_map" not in bag
    assert whole["note"] == 1


def test_a_field_of_that_name_that_a_caller_composes_is_data(store: CountingStore) -> None:
    mine = {"execution_id": EXECUTION, "unfinished_map": {"tiles": [1]}}
    assert hydrated(universal_sync_core(mine, {"a": 1}))["unfinished_map"] == {"tiles": [1]}
    bag = universal_sync_core(mine, {"distributed_items": [1], "status": "DISTRIBUTED_MAP"})
    assert staged(store, bag) == [1]


def test_items_in_s3_are_picked_from_their_array(store: CountingStore) -> None:
    items = [[n, n + 0.5, {"big": 10**20}] for n in range(5)]
    store.put(Location(BUCKET, "inputs/items.json"), json.dumps(items).encode())
    bag = started({"bucket": BUCKET, "key": "inputs/items.json"})
    records = [record(n, n, Input=wrapped(items[n], n)) for n in (0, 2, 4)]
    lost = [failed(n, Input=wrapped(items[n], n)) for n in (1, 3)]
    answer = write(store, {"SUCCEEDED": array(*records), "FAILED": array(*lost)})
    bag = resumed(universal_sync_core(bag, answer, AGGREGATE))
    assert repr(staged(store, bag)) == repr([items[1], items[3]])


def wrapped(item: Json, index: int) -> str:
    return json.dumps({"execution_id": EXECUTION, "item": item, "index": index})


def test_what_fails_again_is_known_by_its_first_position(store: CountingStore) -> None:
    bag = ran(store, started(ITEMS), FOUR)
    again = SOME | {"item 7": RAISED, "item 39": ANSWERED}
    bag = ran(store, resumed(bag), again, "run-2")
    assert bag["next_action"] == "FAILED"
    whole = hydrated(bag)
    assert [report["index"] for report in whole["failed_segments"]] == [39, 7]
    assert [report["input"] for report in whole["failed_segments"] if "input" in report] == [
        "item 7"
    ]
    bag = resumed(bag, "run-3")
    assert staged(store, bag) == ["item 7", "item 39"]
    bag = ran(store, bag, SOME, "run-3")
    assert hydrated(bag)["distributed_outputs"] == [SOME[item] for item in ITEMS]


def test_more_may_be_tolerated_beside_resume_from(store: CountingStore) -> None:
    bag = ran(store, started(ITEMS, tolerated_failed_items=3), FOUR)
    assert bag["next_action"] == "FAILED"
    bag = resumed(bag, tolerated_failed_items="5%")
    bag = ran(store, bag, SOME | {"item 0": RAISED, "item 8": ANSWERED}, "run-2")
    assert bag["next_action"] == "CONTINUE"
    whole = hydrated(bag)
    assert [report["index"] for report in whole["failed_segments"]] == [8, 0]
    assert len(whole["distributed_outputs"]) == 39


def test_other_items_beside_resume_from_are_a_map_of_their_own(store: CountingStore) -> None:
    bag = resumed(ran(store, started(ITEMS), FOUR), distributed_items=["item 7", "item 9"])
    assert (bag["next_action"], staged(store, bag)) == ("DISTRIBUTED_MAP", ["item 7", "item 9"])
    bag = ran(store, bag, SOME, "run-2")
    assert hydrated(bag)["distributed_outputs"] == [SOME["item 7"], SOME["item 9"]]


@pytest.mark.parametrize("strategy", ["append", "dedupe_append"])
def test_reports_of_an_earlier_map_stay(store: CountingStore, strategy: str) -> None:
    bag = ran(store, started(ITEMS, tolerated_failed_items=4), FOUR)
    assert bag["next_action"] == "CONTINUE"
    ask = {"status": "DISTRIBUTED_MAP", "distributed_items": ITEMS, "tolerated_failed_items": 0}
    bag = universal_sync_core(bag, ask, SYNC)
    bag = resumed(ran(store, bag, FOUR, merge_strategy={"failed_segments": strategy}))
    assert len(hydrated(bag)["failed_segments"]) == 4
    bag = ran(store, bag, SOME, "run-2")
    assert len(hydrated(bag)["failed_segments"]) == 4
    assert bag["segment_to_run"] == 2


def test_outputs_that_were_replaced_are_not_joined_with_others(store: CountingStore) -> None:
    bag = resumed(ran(store, started(ITEMS), FOUR), distributed_outputs=["another"])
    with pytest.raises(InvalidRequestError, match="distributed_outputs"):
        ran(store, bag, SOME, "run-2")


@pytest.mark.parametrize("action", ["sync", "sync_branch", "merge_callback", "merge_async", "init"])
@pytest.mark.usefixtures("store")
def test_nobody_else_says_what_is_left_of_a_map(action: str) -> None:
    forged = {"unfinished_map": {"count": 9, "failed": [8], "without_output": []}}
    with pytest.raises(InvalidRequestError, match="unfinished_map"):
        universal_sync_core({"execution_id": EXECUTION}, forged, {"action": action})


def test_a_map_of_somebody_elses_machine_is_run_whole(store: CountingStore) -> None:
    own = [failed(n, Input=json.dumps({"sku": n})) for n in range(3)]
    bag = universal_sync_core(started(ITEMS), write(store, {"FAILED": array(*own)}), AGGREGATE)
    assert bag["next_action"] == "FAILED"
    bag = resumed(bag)
    assert (bag["next_action"], staged(store, bag)) == ("CONTINUE", ITEMS)


def test_a_map_that_does_not_tell_all_its_items_is_run_whole(store: CountingStore) -> None:
    lines = [failed(n, Input=wrapped(f"item {n}", n)) for n in (1, 5)]
    bag = universal_sync_core(started(ITEMS), write(store, {"FAILED": array(*lines)}), AGGREGATE)
    assert (bag["next_action"], "unfinished_map" in bag) == ("FAILED", False)
    assert staged(store, resumed(bag)) == ITEMS


@pytest.mark.parametrize("size", [3, 3_000])
def test_a_bag_of_very_many_fields_and_results_is_resumed_alike(
    store: CountingStore, size: int
) -> None:
    items = [f"item {n}" for n in range(size)]
    outcomes: Json = {item: {"of": item, "text": "x" * 90} for item in items}
    lost: Json = outcomes | {item: FAILURES[n % 3] for n, item in enumerate(items[::2])}
    many = {f"field-{n}": "x" * 200 for n in range(900)}
    bag = resumed(ran(store, started(items, **many), lost))
    assert staged(store, bag) == items[::2]
    bag = ran(store, bag, outcomes, "run-2")
    whole = hydrated(bag)
    assert whole["distributed_outputs"] == list(outcomes.values())
    assert "failed_segments" not in whole


@given(
    st.lists(st.lists(st.sampled_from([*FAILURES, "", ""]), min_size=1, max_size=12), max_size=4)
)
def test_resumed_until_all_succeed_it_is_as_if_none_had_failed(rounds: list[list[str]]) -> None:
    store = CountingStore()
    items = [f"item {n}" for n in range(12)]
    outputs = {item: f"output of {item}" for item in items}
    with fresh(store, page_bytes=300, index_bytes=300):
        bag = started(items)
        for number, letters in enumerate([*rounds, [""]], 1):
            outcomes: Json = {
                item: letters[n % len(letters)] or outputs[item] for n, item in enumerate(items)
            }
            bag = ran(store, bag, outcomes, f"run-{number}")
            if bag["next_action"] != "FAILED":
                break
            bag = resumed(bag, f"run-{number + 1}")
        whole = hydrated(bag)
    assert whole["distributed_outputs"] == list(outputs.values())
    assert "failed_segments" not in whole
