"""Rows of Parquet: read by Step Functions, joined by the positions that its batches tell."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.map_runs import array, failed, record, write
from universal_sync_core import first_bag, record_failure, stage_items, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedManifestError,
    PointerNotAllowedError,
)
from universal_sync_core.storage.store import Location

Json = Any
JOIN = {"action": "aggregate_distributed"}
ALLOWED = {"allowed_prefixes": (f"s3://{BUCKET}/inputs/",)}
PLACE = {"bucket": BUCKET, "key": "inputs/rows.parquet", "input_type": "PARQUET"}
ROWS = [{"n": n} for n in range(7)]
RAISED, ANSWERED = "R", "A"


@pytest.fixture
def store() -> Iterator[CountingStore]:
    counting = CountingStore()
    with fresh(counting, **ALLOWED):
        yield counting


def started(**more: Json) -> Json:
    bag = first_bag({"total_segments": 3, **more}, {"execution_id": EXECUTION})
    asked = {"status": "DISTRIBUTED_MAP", "distributed_items": PLACE}
    return universal_sync_core(bag, asked, {"action": "sync"})


def body_of(store: CountingStore, place: Json) -> bytes:
    return store.get(Location(place["bucket"], place["key"])).body


def test_a_file_is_staged_as_a_manifest_of_one(store: CountingStore) -> None:
    place = stage_items(started(items_per_batch=3))
    assert (place["input_type"], place["items_per_batch"], place["count"]) == ("PARQUET", 3, None)
    assert body_of(store, place) == f"s3://{BUCKET}/inputs/rows.parquet\n".encode()
    assert place["key"].startswith("items/")


def test_the_files_of_a_manifest_are_checked_and_listed_anew(store: CountingStore) -> None:
    paths = [f"s3://{BUCKET}/inputs/{name}.parquet" for name in "ab"]
    store.put(Location(BUCKET, "inputs/m.csv"), "\r\n".join([*paths, ""]).encode())
    items = PLACE | {"key": "inputs/m.csv", "manifest_type": "ATHENA_DATA"}
    place = stage_items(started() | {"distributed_items": items})
    assert body_of(store, place).decode().splitlines() == paths

    store.put(Location(BUCKET, "inputs/n.csv"), b"s3://another-bucket/rows.parquet")
    with pytest.raises(PointerNotAllowedError):
        stage_items(started() | {"distributed_items": items | {"key": "inputs/n.csv"}})


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"key": "inputs/a\nb.parquet"}, InvalidRequestError),
        ({"key": "v1/other/packs/a"}, PointerNotAllowedError),
        ({"bucket": "another-bucket"}, PointerNotAllowedError),
        ({"manifest_type": "S3_INVENTORY"}, InvalidRequestError),
    ],
)
def test_what_cannot_be_read_is_refused_before_the_map(
    store: CountingStore, changed: Json, error: type[Exception]
) -> None:
    bag = started() | {"distributed_items": PLACE | changed}
    before = len(store.puts)
    with pytest.raises(error):
        stage_items(bag)
    assert len(store.puts) == before


def batch(positions: Sequence[int], size: int, output: Json) -> Json:
    """Return the record of a child that was given the rows at some positions."""
    shared = {"execution_id": EXECUTION, "items_per_batch": size}
    items = [{"item": ROWS[position], "index": position} for position in positions]
    given = {"BatchInput": shared, "Items": items}
    return record(positions[0], output, Input=json.dumps(given))


def told(positions: Sequence[int], size: int, how: Json) -> tuple[str, Json]:
    """Return the file that tells of a child, and its record."""
    answers = [{"status": "FAILED", "of": n} if how[n] == ANSWERED else how[n] for n in positions]
    line = batch(positions, size, answers if size > 1 else answers[0])
    if RAISED not in answers:
        return "SUCCEEDED", line
    return "FAILED", failed(positions[0], Input=line["Input"])


def joined(store: CountingStore, bag: Json, batches: Json, size: int, how: Json) -> Json:
    files: dict[str, list[Json]] = {"SUCCEEDED": [], "FAILED": []}
    for positions in batches:
        kind, line = told(positions, size, how)
        files[kind].append(line)
    bodies = {kind: array(*lines) for kind, lines in files.items()}
    return universal_sync_core(bag, write(store, bodies), JOIN)


@given(data=st.data())
def test_rows_come_back_in_their_order_however_they_were_batched(data: st.DataObject) -> None:
    """A batch has fewer where it would be too large; files may be read side by side."""
    size = data.draw(st.integers(1, 4))
    left, batches = data.draw(st.permutations(range(7))), []
    while left:
        count = data.draw(st.integers(1, size))
        batches.append(left[:count])
        left = left[count:]
    squares = [n * n for n in range(7)]
    store = CountingStore()
    with fresh(store, **ALLOWED):
        bag = joined(store, started(items_per_batch=size), batches, size, squares)
        assert hydrated(bag)["distributed_outputs"] == squares
    assert "failed_segments" not in bag


def resumed(bag: Json) -> Json:
    assert bag["next_action"] == "FAILED"
    path = record_failure(bag, {"Error": "E", "Cause": "c"})["record_s3_path"]
    return first_bag({"resume_from": path}, CONTEXT)


@pytest.mark.parametrize(
    ("size", "batches", "again"),
    [(1, [[n] for n in range(7)], [1, 3]), (2, [[0, 1], [2, 3], [4, 5], [6]], [0, 1, 3])],
)
def test_the_rows_that_failed_run_again_without_their_file(
    store: CountingStore, size: int, batches: Json, again: list[int]
) -> None:
    how = [0, RAISED, 2, ANSWERED, 4, 5, 6]
    bag = resumed(joined(store, started(items_per_batch=size), batches, size, how))
    place = stage_items(bag)
    rows = [ROWS[position] for position in again]
    staged: list[Json] = [rows[:2], rows[2:]] if size == 2 else rows
    assert (place["input_type"], place["count"]) == ("JSON", len(again))
    assert json.loads(body_of(store, place)) == staged

    # The first fails again, and runs a third time.
    inputs = [
        json.dumps({"execution_id": EXECUTION, "item": each, "index": n, "items_per_batch": size})
        for n, each in enumerate(staged)
    ]
    output = [3] if size == 2 else 3
    files = {
        "FAILED": array(failed(0, Input=inputs[0])),
        "SUCCEEDED": array(record(1, output, Input=inputs[1])),
    }
    second = write(store, files, folder="distributed/run-1/second/")
    bag = resumed(universal_sync_core(bag, second, JOIN))
    assert json.loads(body_of(store, stage_items(bag))) == [staged[0]]

    files = {"SUCCEEDED": array(record(0, [0, 1] if size == 2 else 1, Input=inputs[0]))}
    third = write(store, files, folder="distributed/run-1/third/")
    bag = universal_sync_core(bag, third, JOIN)
    assert hydrated(bag)["distributed_outputs"] == list(range(7))
    assert "failed_segments" not in bag


@pytest.mark.parametrize("batches", [[[0, 1], [1, 2]], [[0, 1], [0, 2]], [[0, 0]]])
def test_two_rows_at_one_position_are_an_error_and_none_is_lost(
    store: CountingStore, batches: Json
) -> None:
    with pytest.raises(MalformedManifestError, match="two children"):
        joined(store, started(), batches, 2, [0, 1, 2])


def test_a_record_that_is_told_twice_counts_once(store: CountingStore) -> None:
    bag = joined(store, started(), [[0, 1], [0, 1], [2]], 2, [0, 1, 2])
    assert hydrated(bag)["distributed_outputs"] == [0, 1, 2]


@pytest.mark.parametrize(
    "given",
    [
        {"BatchInput": {"execution_id": "another", "items_per_batch": 2}, "Items": []},
        {"BatchInput": {"execution_id": EXECUTION}, "Items": [{"item": 1, "index": 0}]},
        {"BatchInput": {"execution_id": EXECUTION, "items_per_batch": 1}, "Items": [1]},
        {
            "BatchInput": {"execution_id": EXECUTION, "items_per_batch": 1},
            "Items": [{"item": 1, "index": -1}],
        },
    ],
)
def test_an_input_that_our_machine_did_not_make_tells_no_position(
    store: CountingStore, given: Json
) -> None:
    lines = array(record(0, "x", Input=json.dumps(given)))
    bag = universal_sync_core(started(), write(store, {"SUCCEEDED": lines}), JOIN)
    assert hydrated(bag)["distributed_outputs"] == ["x"]
