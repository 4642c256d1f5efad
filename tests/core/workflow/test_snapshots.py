"""Snapshots: the bag at one moment, exactly, and once.

Hazard held here: a key of the second's resolution that a retry overwrites.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, KIB, fresh, hydrated, synced, text_of
from tests.core.fakes import CountingStore
from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    create_snapshot,
    first_bag,
    hand_over,
    hydrate_state,
    record_failure,
    restore_snapshot,
    store_to_s3,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import content_key
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import encode
from universal_sync_core.workflow.failure import path_in

RESULT = {
    "current_state": {"report": ["x" * 500] * 900, "n": 1, "odd": [2**70, "\ud800"]},
    "state_history": [{"n": number} for number in range(90)],
    "chunk_results": [{"n": number} for number in range(40)],
}


def bag_of(**fields: Any) -> dict[str, Any]:
    return synced({"execution_id": EXECUTION}, RESULT | fields)


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_only_the_path_is_added_to_the_bag(store: CountingStore, kind: str) -> None:
    bag = bag_of(
        total_segments=9, segment_to_run=3, status="DISTRIBUTED_MAP", distributed_items=[1]
    )
    store.reset()
    after = create_snapshot(bag, kind)
    assert len(store.puts) == 1
    path = after.pop(f"{kind}_snapshot_s3_path")
    assert path.startswith(f"s3://{BUCKET}/v1/")
    kept = {"last_update_time", "state_revision", "payload_size_kb"}
    assert {name: value for name, value in after.items() if name not in kept} == {
        name: value for name, value in bag.items() if name not in kept
    }


def test_it_holds_pointers_never_another_copy(store: CountingStore) -> None:
    bag = bag_of()
    store.reset()
    path = create_snapshot(bag, "pre")["pre_snapshot_s3_path"]
    assert store.bytes_put < calculate_payload_size(bag) + KIB
    document = json.loads(store.get(Location.parse(path)).body)
    assert document.keys() == {
        "snapshot_id",
        "snapshot_type",
        "execution_id",
        "created_at",
        "state_data",
    }
    assert document["snapshot_type"] == "pre"
    assert document["execution_id"] == EXECUTION
    assert document["created_at"] == bag["last_update_time"]
    assert document["state_data"] == bag


def test_a_call_made_again_leaves_no_second_one() -> None:
    store = CountingStore()
    with fresh(store):
        bag = bag_of()
        first = create_snapshot(bag, "pre")
    store.reset()
    with fresh(store):
        again = create_snapshot(copy.deepcopy(bag), "pre")
    assert again["pre_snapshot_s3_path"] == first["pre_snapshot_s3_path"]
    assert len(set(store.puts)) == 1


def test_snapshots_of_different_states_are_different(store: CountingStore) -> None:
    bag = bag_of()
    paths = {
        create_snapshot(synced(bag, {"n": number}), kind)[f"{kind}_snapshot_s3_path"]
        for number in range(2)
        for kind in ("pre", "post")
    }
    assert len(paths) == 4
    assert store.puts


@pytest.mark.parametrize(
    "bag",
    [
        {"execution_id": EXECUTION},
        {"execution_id": EXECUTION, "current_state": {"a": -0.0, "b": []}, "state_history": [1]},
        {"execution_id": EXECUTION, "__s3_offloaded": True},
    ],
)
@pytest.mark.usefixtures("store")
def test_restored_is_exactly_what_was(bag: dict[str, Any]) -> None:
    path = create_snapshot(bag, "post")["post_snapshot_s3_path"]
    assert repr(restore_snapshot(path)) == repr(bag)


@pytest.mark.parametrize("prefix", ["", "teams/orders/", "our team/", "[a]/"])
@pytest.mark.parametrize("cause", ["too late", "refused [record: s3://bucket/v1/other]", "a\nb"])
def test_a_cause_names_the_path_of_its_record(
    store: CountingStore, prefix: str, cause: str
) -> None:
    with fresh(store, prefix=prefix):
        told = record_failure(bag_of(), {"Error": "Late", "Cause": cause})
    assert path_in(told["cause"]) == told["record_s3_path"]


WRITERS: list[Callable[[dict[str, Any]], Any]] = [
    lambda bag: create_snapshot(bag, "pre"),
    complete_branch,
    hand_over,
    lambda bag: record_failure(bag, {"Error": "Late", "Cause": "too late"}),
]


@pytest.mark.parametrize("write", WRITERS, ids=["snapshot", "branch", "continuation", "failure"])
@pytest.mark.usefixtures("store")
def test_no_bag_is_kept_with_null_for_a_number_that_json_does_not_have(
    write: Callable[[dict[str, Any]], Any],
) -> None:
    bag = bag_of(loop_counter=1)
    bag["current_state"] = {"a": float("nan")}
    with pytest.raises(InvalidRequestError, match="JSON has no nan") as caught:
        write(bag)
    assert caught.value.field == "state_data.current_state.a"


def test_a_large_bag_is_restored_exactly(store: CountingStore) -> None:
    bag = bag_of(**{f"field-{number}": text_of(25 * KIB) for number in range(9)})
    path = create_snapshot(bag, "pre")["pre_snapshot_s3_path"]
    with fresh(store):
        restored = restore_snapshot(path)
        assert restored == bag
        assert hydrate_state(restored) == hydrate_state(bag)


@pytest.mark.usefixtures("store")
def test_a_bag_that_was_never_bounded_is_restored_with_all_it_had() -> None:
    bag = {"execution_id": EXECUTION, "found": "x" * 400_000}
    path = create_snapshot(bag, "pre")["pre_snapshot_s3_path"]
    assert hydrated(restore_snapshot(path)) == bag


def test_what_comes_later_leaves_the_snapshot_as_it_was(store: CountingStore) -> None:
    bag = create_snapshot(bag_of(), "pre")
    before = hydrate_state(restore_snapshot(bag["pre_snapshot_s3_path"]))
    for number in range(5):
        change = {"report": ["y"] * 20_000, "n": number}
        bag = synced(bag, {"current_state": change, "state_history": [{"later": number}] * 60})
    with fresh(store):
        restored = restore_snapshot(bag["pre_snapshot_s3_path"])
        assert hydrate_state(restored) == before
        assert {name: before[name] for name in RESULT} == RESULT
        again = synced(restored, {"current_state": {"n": "restored"}})
        assert hydrated(again)["current_state"]["n"] == "restored"
        assert hydrated(bag)["current_state"]["n"] == 4


@pytest.mark.parametrize("kind", ["", "PRE", "before", "pre_snapshot", "failure"])
@pytest.mark.usefixtures("store")
def test_another_type_is_refused_by_name(kind: str) -> None:
    with pytest.raises(InvalidRequestError, match="pre or post") as caught:
        create_snapshot({"execution_id": EXECUTION}, kind)
    assert caught.value.field == "snapshot_type"


@pytest.mark.usefixtures("store")
def test_a_path_that_leads_to_something_else_is_refused() -> None:
    path = store_to_s3({"snapshot_type": "other"}, CONTEXT)["__s3_path"]
    with pytest.raises(MalformedPointerError):
        restore_snapshot(path)
    with pytest.raises(MissingObjectError):
        restore_snapshot(path[:-64] + "0" * 64)
    with pytest.raises(PointerNotAllowedError):
        restore_snapshot(path, {"execution_id": "another"})
    with pytest.raises(PointerNotAllowedError):
        restore_snapshot("s3://another/v1/run/packs/" + "0" * 64, CONTEXT)


def test_without_a_place_to_write_to_it_is_refused() -> None:
    with fresh(CountingStore(), bucket=None), pytest.raises(InvalidRequestError, match="BUCKET"):
        create_snapshot({"execution_id": EXECUTION}, "pre")


def stored(document: Any) -> str:
    """Return the path of an object that holds a document as it is."""
    body = encode(document)
    location = Location(BUCKET, content_key(Settings(bucket=BUCKET), EXECUTION, body))
    runtime.current().store.put(location, body)
    return str(location)


SNAPSHOT = {"snapshot_id": "pre-1", "snapshot_type": "pre", "execution_id": EXECUTION}
RECORD = {"failure_record": 1, "error": "E", "cause": "C"}
ODD = {
    "a type alone": {"snapshot_type": "pre"},
    "a bag that is a list": SNAPSHOT | {"state_data": [1]},
    "a bag that is null": SNAPSHOT | {"state_data": None},
    "another type": SNAPSHOT | {"snapshot_type": "of mine", "state_data": {}},
    "a type that is a list": SNAPSHOT | {"snapshot_type": ["pre"], "state_data": {}},
    "a list": [SNAPSHOT],
    "null": None,
    "a text": "pre",
}
ODD_RECORDS = {
    "a record alone": {"failure_record": 1},
    "a snapshot that is a number": RECORD | {"snapshot_s3_path": 5},
    "a snapshot that is a list": RECORD | {"snapshot_s3_path": ["s3://a/b"]},
    "a record of another version": RECORD | {"failure_record": 2, "snapshot_s3_path": None},
    "a bag of nobody": SNAPSHOT | {"state_data": {"a": 1}},
    "a bag of another": SNAPSHOT | {"state_data": {"execution_id": "another"}},
}


@pytest.mark.parametrize("document", ODD.values(), ids=ODD)
@pytest.mark.usefixtures("store")
def test_what_is_no_snapshot_is_not_restored(document: Any) -> None:
    with pytest.raises(MalformedPointerError):
        restore_snapshot(stored(document))


@pytest.mark.parametrize("document", [*ODD.values(), *ODD_RECORDS.values()], ids=ODD | ODD_RECORDS)
@pytest.mark.usefixtures("store")
def test_what_is_no_record_or_snapshot_is_not_resumed_from(document: Any) -> None:
    with pytest.raises(MalformedPointerError):
        first_bag({"resume_from": stored(document)}, {"execution_id": "e2", "action": "init"})


@pytest.mark.usefixtures("store")
def test_a_record_that_leads_to_an_odd_snapshot_is_refused_as_well() -> None:
    path = stored(RECORD | {"snapshot_s3_path": stored({"snapshot_type": "pre"})})
    with pytest.raises(MalformedPointerError):
        first_bag({"resume_from": path}, {"execution_id": "e2", "action": "init"})


@pytest.mark.parametrize("named", ["another", None, ["e"], ""])
def test_a_bag_of_another_execution_is_not_restored(store: CountingStore, named: Any) -> None:
    """A worker can store such an object, and the id says what the restored bag may read."""
    document = SNAPSHOT | {"state_data": {"execution_id": named}}
    with pytest.raises(MalformedPointerError, match="another execution"):
        restore_snapshot(stored(document))
    with fresh(store, allowed_prefixes=(inputs := f"s3://{BUCKET}/inputs/",)):
        store.put(Location.parse(f"{inputs}mine.json"), encode(document))
        with pytest.raises(MalformedPointerError, match="another execution"):
            restore_snapshot(f"{inputs}mine.json", {"execution_id": "mine"})


@pytest.mark.parametrize("field", ["loop_limit", "loop_counter", "total_segments"])
@pytest.mark.usefixtures("store")
def test_a_snapshot_with_a_counter_of_another_kind_is_not_resumed_from(field: str) -> None:
    """The state machine compares counters, and an error there passes every Catch."""
    bag = {"execution_id": CONTEXT["execution_id"], field: "x"}
    with pytest.raises(InvalidRequestError, match=f"snapshot.{field} must be a whole number"):
        first_bag(
            {"resume_from": stored(SNAPSHOT | {"state_data": bag})},
            {"execution_id": "e2", "action": "init"},
        )


@pytest.mark.parametrize("path", [None, 5, ["s3://a/b"]])
@pytest.mark.usefixtures("store")
def test_a_path_that_is_no_text_is_refused(path: Any) -> None:
    with pytest.raises(InvalidRequestError):
        restore_snapshot(path)
    with pytest.raises(InvalidRequestError):
        first_bag({"resume_from": path}, {"execution_id": "e2", "action": "init"})


def test_what_lies_among_the_inputs_is_no_snapshot(store: CountingStore) -> None:
    inputs = f"s3://{BUCKET}/inputs/"
    with fresh(store, allowed_prefixes=(inputs,)):
        location = Location.parse(f"{inputs}mine.json")
        store.put(location, encode(SNAPSHOT | {"state_data": {"a": 1}}))
        with pytest.raises(MalformedPointerError):
            first_bag({"resume_from": str(location)}, {"execution_id": "e2", "action": "init"})
