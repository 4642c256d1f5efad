"""The examples of docs/formats.md are what the product reads and writes."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from universal_sync_core import (
    calculate_payload_size,
    complete_branch,
    create_snapshot,
    decompress,
    flatten_result,
    fork_branch,
    generate_s3_key,
    hydrate_state,
    record_failure,
    restore_snapshot,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.packs import outbox
from universal_sync_core.pipe import load
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import content_key, execution_prefix
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import encode

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
BLOCK = re.compile(r"^```jsonl? (\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXECUTION = "catalog-2025-01"
CONTEXT = {"execution_id": EXECUTION, "keep_inline": ["approved"]}
SETTINGS = Settings(
    bucket="state-bucket",
    page_bytes=128,
    field_offload_bytes=200,
    state_offload_bytes=80,
    history_max_entries=4,
)
TEXT = DOCUMENT.read_text(encoding="utf-8")
BLOCKS = [(name, text) for name, text in BLOCK.findall(TEXT)]
EXAMPLES = {name: json.loads(text) for name, text in BLOCKS if name != "pack"}
PACKS = [text.encode() for name, text in BLOCKS if name == "pack"]
OBJECTS = [line for pack in PACKS for line in pack.splitlines()]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be compressed, as in the document; what is read may be either."""
    for module in (outbox, load):
        monkeypatch.setattr(module, "to_frame", lambda body: body + b"\n")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    """A store with the objects of the document and nothing else."""
    memory = MemoryStore()
    for body in PACKS:
        key = content_key(SETTINGS, EXECUTION, body)
        memory.put(Location("state-bucket", key), body)
    with runtime.use(settings=SETTINGS, store=memory):
        yield memory


@pytest.fixture
def empty() -> Iterator[MemoryStore]:
    memory = MemoryStore()
    with runtime.use(settings=SETTINGS, store=memory):
        yield memory


def put(store: MemoryStore, value: Any) -> str:
    """Return the path under which another language would have stored a value."""
    body = encode(value)
    at = Location("state-bucket", content_key(SETTINGS, EXECUTION, body))
    store.put(at, body)
    return str(at)


def without(bag: Any, *names: str) -> Any:
    return {name: value for name, value in bag.items() if name not in names}


def bookkeeping_apart(bag: Any) -> Any:
    return without(bag, "payload_size_kb", "last_update_time", "state_revision", "next_action")


def test_all_json_of_the_document_is_read() -> None:
    assert TEXT.count("```json") == len(BLOCKS)
    assert len(OBJECTS) == 8
    assert [encode(json.loads(line)) for line in OBJECTS] == OBJECTS


def test_keys_are_laid_out_as_written(empty: MemoryStore) -> None:
    example = EXAMPLES["key"]
    assert generate_s3_key(example["value"], example["execution_id"]) == example["key"]
    assert not empty.objects


@pytest.mark.usefixtures("store")
def test_documented_bag_is_read_from_the_documented_objects() -> None:
    assert hydrate_state(EXAMPLES["bag"]) == EXAMPLES["hydrated"]


def test_the_documented_bag_and_its_objects_are_what_is_written(empty: MemoryStore) -> None:
    written = universal_sync_core(None, EXAMPLES["hydrated"], CONTEXT)
    assert bookkeeping_apart(written) == EXAMPLES["bag"]
    assert {stored.body for stored in empty.objects.values()} == {PACKS[0]}


def test_pointer_to_a_value_is_what_is_written(empty: MemoryStore) -> None:
    assert store_to_s3("a text of any length", CONTEXT) == EXAMPLES["pointer"]
    assert [stored.body for stored in empty.objects.values()] == [PACKS[1]]


def test_a_preview_is_what_is_written_and_read_by_nobody(empty: MemoryStore) -> None:
    small = replace(SETTINGS, field_offload_bytes=20, state_offload_bytes=1_000)
    with runtime.use(settings=small, store=empty):
        asked = {"preview_paths": ["note"], "current_state": {"note": "a text of any length"}}
        bag = universal_sync_core({}, asked, CONTEXT)
    assert bag["current_state"]["note"]["__preview"] == EXAMPLES["preview"]["__preview"]
    store_to_s3("a text of any length", CONTEXT)
    found = hydrate_state({"execution_id": CONTEXT["execution_id"], "note": EXAMPLES["preview"]})
    assert found["note"] == "a text of any length"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("field", ["current_state", "chunk_results_s3_path"])
def test_size_of_a_pointer_is_that_of_the_json_it_stands_for(field: str) -> None:
    pointer = EXAMPLES["bag"][field]
    whole = EXAMPLES["hydrated"][field.removesuffix("_s3_path")]
    assert pointer["__size_bytes"] == calculate_payload_size(whole)


def test_compressed_value_unpacks() -> None:
    assert decompress(EXAMPLES["packed"]) == EXAMPLES["unpacked"]
    assert EXAMPLES["packed"]["__size_bytes"] == calculate_payload_size(EXAMPLES["unpacked"])


@pytest.mark.usefixtures("empty")
def test_escaped_data_comes_back() -> None:
    assert flatten_result(EXAMPLES["plain"]) == EXAMPLES["escaped"]
    assert hydrate_state(EXAMPLES["escaped"]) == EXAMPLES["plain"]


def test_snapshot_is_what_is_written(empty: MemoryStore) -> None:
    snapshot = EXAMPLES["snapshot"]
    bag = create_snapshot(snapshot["state_data"], "pre")
    written = [json.loads(stored.body) for stored in empty.objects.values()]
    assert written == [snapshot]
    assert restore_snapshot(bag["pre_snapshot_s3_path"]) == snapshot["state_data"]


def test_failure_record_is_what_is_written(empty: MemoryStore) -> None:
    record = EXAMPLES["record"]
    counters = ("next_action", "segment_to_run", "loop_counter", "state_revision")
    bag = {name: record[name] for name in ("execution_id", *counters, "state_history")}
    record_failure(
        bag | {"current_state": {"approved": True}},
        {"Error": record["error"], "Cause": json.dumps(record["cause"])},
        circumstances={name: record[name] for name in ("stage", "failed_at", "execution_arn")},
    )
    written = {str(at): json.loads(stored.body) for at, stored in empty.objects.items()}
    assert record in written.values()
    assert written[record["snapshot_s3_path"]]["snapshot_type"] == "failure"


def test_record_of_an_ended_execution_is_what_is_written(empty: MemoryStore) -> None:
    record = EXAMPLES["ended"]
    end = EndedExecution(
        arn=record["execution_arn"],
        status=record["status"],
        started=datetime.fromisoformat(record["started_at"]),
        stopped=datetime.fromisoformat(record["ended_at"]),
        error=record["error"],
        input_bytes=record["input_bytes"],
        output_bytes=record["output_bytes"],
    )
    bag = {
        "next_action": record["next_action"],
        "loop_counter": record["segments_run"],
        "total_segments": record["total_segments"],
        "state_revision": record["state_revision"],
        "current_state": EXAMPLES["bag"]["current_state"] | {"__size_bytes": 10_042},
    }
    state = LastState(
        owner=record["execution_id"],
        bag=bag,
        chain=record["execution_chain"],
        stage=record["stage"],
        record_s3_path=record["record_s3_path"],
    )
    path = write_record(runtime.current(), end, state)
    (stored,) = empty.objects.values()
    assert json.loads(stored.body) == record | {"bag_bytes": calculate_payload_size(bag)}
    assert path.startswith("s3://state-bucket/ended/2025-11-23/034213-")


@pytest.mark.usefixtures("empty")
def test_branch_has_the_documented_fields() -> None:
    bag = fork_branch({"execution_id": EXECUTION}, {"branch_id": "left"})
    assert {"branch", "branch_id", "forked_from"} <= bag.keys()
    assert complete_branch(bag).keys() == EXAMPLES["branch"].keys()


def test_folder_of_an_execution_is_encoded_as_written() -> None:
    example = EXAMPLES["folder"]
    folder = execution_prefix(SETTINGS, example["execution_id"]) + "packs/"
    assert folder == example["folder"]


def test_result_through_a_pointer_merges_as_the_result_itself(store: MemoryStore) -> None:
    result, answer = EXAMPLES["result"], EXAMPLES["answer"]
    assert put(store, result) == answer["__s3_path"]
    assert answer["__size_bytes"] == calculate_payload_size(result)
    bag = {"execution_id": EXECUTION, "current_state": {"report": {"title": "API catalog"}}}
    merged = universal_sync_core(bag, answer)
    assert bookkeeping_apart(merged) == bookkeeping_apart(universal_sync_core(bag, result))
    assert hydrate_state(merged)["current_state"] == {
        "report": {"title": "API catalog", "pages": 12}
    }


@pytest.mark.usefixtures("store")
def test_list_as_one_page_is_joined_to_what_is_there() -> None:
    merged = universal_sync_core({"chunk_results": [0]}, EXAMPLES["part"], CONTEXT)
    assert hydrate_state(merged, context=CONTEXT)["chunk_results"] == list(range(12))
