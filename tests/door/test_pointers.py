"""Pointers and compressed values that come in are looked at before they are believed."""

from typing import Any

import pytest

from tests.core.bags import CONTEXT, EXECUTION, OTHER_EXECUTION, fresh, hydrated
from tests.core.fakes import CountingStore
from tests.core.places import alone
from tests.door.ways import WAYS, Bag, first, synced_by
from universal_sync_core import first_bag, hydrate_state, store_result, store_to_s3
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
)
from universal_sync_core.values.compression import compress
from universal_sync_core.values.pointer import Pointer, recognise

OTHERS = store_to_s3
SECRET = {"text": "S" * 400}
ABSENT = f"s3://state-bucket/v1/{EXECUTION.replace(':', '%3A')}/packs/" + "0" * 64


def foreign() -> Bag:
    return store_to_s3(SECRET, {"execution_id": OTHER_EXECUTION})


def own() -> Bag:
    return store_to_s3(SECRET, CONTEXT)


def missing(kind: Any = "value", count: int | None = None) -> Bag:
    return Pointer(kind=kind, at=alone(ABSENT, 9), size=9, count=count).render()


# Form in which a value hides in a result -> how it is put there.
HIDDEN: dict[str, Any] = {
    "alone": lambda value: value,
    "deep": lambda value: {"a": [{"b": [value]}]},
    "packed": lambda value: compress({"y": value}),
    "packed deep": lambda value: {"a": [compress([{"b": [value]}])]},
    "in a list in S3": lambda value: [value] * 3,
}
FIELDS: dict[str, Any] = {
    "a field": lambda value: {"x": value},
    "current_state": lambda value: {"current_state": {"x": value}},
    "the history": lambda value: {"state_history": [value]},
    "a list that grows": lambda value: {"chunk_results": [value]},
    "pending_branches": lambda value: {"pending_branches": [value]},
    "a overflowed field": lambda value: {
        "state_s3_path": store_to_s3({"x": value, "k": "p" * 1_000}, {"execution_id": EXECUTION})
        | {"of_field": "state_s3_path"}
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hidden", ["alone", "deep", "packed", "packed deep"])
def test_a_foreign_pointer_is_refused_however_it_hides(
    store: CountingStore, way: str, hidden: str
) -> None:
    send, _ = WAYS[way]
    with fresh(store):
        bag, value = first(), HIDDEN[hidden](foreign())
    with fresh(store), pytest.raises(PointerNotAllowedError):
        send(bag, {"current_state": {"x": value}})


@pytest.mark.parametrize("field", sorted(FIELDS.keys() - {"a overflowed field"}))
@pytest.mark.parametrize("hidden", ["alone", "deep", "packed"])
@pytest.mark.usefixtures("store")
def test_in_whatever_field(field: str, hidden: str) -> None:
    with pytest.raises(PointerNotAllowedError):
        synced_by("sync")(first(), FIELDS[field](HIDDEN[hidden](foreign())))


@pytest.mark.parametrize("hidden", ["alone", "deep", "packed"])
@pytest.mark.usefixtures("store")
def test_an_input_and_the_result_of_an_item_are_looked_at(hidden: str) -> None:
    value = HIDDEN[hidden](foreign())
    with pytest.raises(PointerNotAllowedError):
        first_bag({"x": value}, CONTEXT)
    with pytest.raises(PointerNotAllowedError):
        store_result({"x": value}, CONTEXT)


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"a result in S3"}))
@pytest.mark.parametrize("hidden", ["alone", "deep", "packed"])
def test_a_pointer_that_leads_nowhere_is_refused(
    store: CountingStore, way: str, hidden: str
) -> None:
    send, _ = WAYS[way]
    with fresh(store), pytest.raises(MissingObjectError):
        send(first(), {"current_state": {"x": HIDDEN[hidden](missing())}})


@pytest.mark.parametrize("kind", ["list", "map"])
def test_a_pointer_that_leads_to_another_kind_is_refused(store: CountingStore, kind: Any) -> None:
    with fresh(store):
        at = recognise(own())
    assert at
    forged = Pointer(kind=kind, at=at.at, size=9, count=5).render()
    with fresh(store), pytest.raises(MalformedPointerError):
        synced_by("sync")(first(), {"x": forged})


def test_so_is_one_of_the_bags_own_with_another_size(store: CountingStore) -> None:
    with fresh(store):
        bag = synced_by("sync")(first(), {"x": list(range(20_000))})
    with fresh(store), pytest.raises(MalformedPointerError):
        synced_by("sync")(bag, {"y": bag["x"] | {"__size_bytes": 5}})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hidden", ["alone", "deep", "packed", "packed deep"])
def test_a_pointer_of_the_executions_own_is_taken(
    store: CountingStore, way: str, hidden: str
) -> None:
    send, _ = WAYS[way]
    with fresh(store):
        bag = send(first(), {"current_state": {"x": HIDDEN[hidden](own())}})
        found = hydrated(bag)["current_state"]["x"]
    assert found == hydrated({"x": HIDDEN[hidden](SECRET)})["x"]


def test_what_the_bag_has_is_not_looked_up_again(store: CountingStore) -> None:
    with fresh(store):
        bag = synced_by("sync")(first(), {"current_state": {"x": "x" * 40_000}})
    store.reset()
    with fresh(store):
        synced_by("sync")(bag, {"copies": [bag["current_state"]["x"]] * 5})
    assert (store.gets, store.puts) == ([], [])


def test_a_forged_pointer_does_not_swallow_a_later_value(store: CountingStore) -> None:
    report = "known beforehand " * 3_000
    with fresh(store):
        pointer = store_to_s3(report, CONTEXT)
    with fresh(CountingStore()), pytest.raises(MissingObjectError):
        first_bag({"seen": pointer}, CONTEXT)


@pytest.mark.parametrize("count", [1, 300], ids=["inline", "sampled"])
def test_nor_does_one_among_the_results_of_a_map(store: CountingStore, count: int) -> None:
    """Those are too many to be looked up; so they say nothing of what is stored."""
    report = "known beforehand " * 3_000
    with fresh(CountingStore()):
        pointer = store_to_s3(report, CONTEXT)
    with fresh(store):
        bag = synced_by("aggregate_distributed")(first(), [pointer] * count)
        bag = synced_by("sync")(bag, {"current_state": {"report": report}})
        assert hydrate_state(bag, ["current_state.report"])["current_state"]["report"] == report


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("store")
def test_a_compressed_value_in_a_compressed_value_is_refused(way: str) -> None:
    send, _ = WAYS[way]
    with pytest.raises(InvalidRequestError, match="compressed value"):
        send(first(), {"current_state": {"x": compress([compress({"a": 1})])}})


@pytest.mark.usefixtures("store")
def test_what_only_resembles_a_compressed_value_is_data() -> None:
    damaged = compress({"a": 1}) | {"__size_bytes": 9}
    for value in (damaged, {"__gzip_base64": "x"}, {"a": [damaged]}):
        bag = synced_by("sync")(first(), {"x": value})
        assert hydrate_state(bag)["x"] == value
