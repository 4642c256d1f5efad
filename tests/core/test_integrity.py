"""Stored data that is not as it was left: each kind its own error, and nothing half-merged.

Hazards held here: a missing payload read as an older state or None, a reference published before
the payload is stored, a key overwritten by a retry.
"""

import hashlib
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
import zstandard

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, TRIES, Unchanged, fresh, hydrated
from tests.core.fakes import (
    CorruptingStore,
    CountingStore,
    FlakyStore,
    TruncatingStore,
)
from tests.core.places import place, row
from universal_sync_core import (
    StateHydrator,
    first_bag,
    hydrate_state,
    load_from_s3,
    read_list,
    restore_snapshot,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import (
    ChecksumMismatchError,
    MalformedPointerError,
    MissingObjectError,
    StateSyncError,
    StoreUnavailableError,
    UnreadableObjectError,
)
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, ObjectStore

RESULT = {
    "current_state": {f"part-{number}": "x" * 20_000 for number in range(12)},
    "state_history": [{"n": number} for number in range(80)],
    "found": ["y" * 500] * 100,
}


def stored_bag() -> tuple[MemoryStore, dict[str, Any]]:
    store = MemoryStore()
    with fresh(store):
        return store, universal_sync_core({}, RESULT, CONTEXT)


READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "hydrate": lambda bag: hydrate_state(bag, context=CONTEXT),
    "hydrate a path": lambda bag: hydrate_state(bag, ["found"], CONTEXT),
    "read_list": lambda bag: read_list(bag["found"], 0, 5),
    "load": lambda bag: load_from_s3(bag["found"]["__s3_path"]),
    "restore": lambda bag: restore_snapshot(bag["found"]["__s3_path"], CONTEXT),
    "merge": lambda bag: universal_sync_core(
        bag, {"found": [1]}, CONTEXT | {"merge_strategy": {"found": "append"}}
    ),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (CorruptingStore, ChecksumMismatchError),
        (TruncatingStore, ChecksumMismatchError),
        (lambda _: MemoryStore(), MissingObjectError),
        (lambda inner: FlakyStore(inner, fail=math.inf), StoreUnavailableError),
    ],
    ids=["corrupt", "truncated", "missing", "down"],
)
def test_spoilt_objects_are_typed_errors_and_the_bag_stays_as_it_was(
    spoil: Callable[[ObjectStore], ObjectStore],
    expected: type[StateSyncError],
    read: Callable[[dict[str, Any]], Any],
) -> None:
    inner, bag = stored_bag()
    before = dict(inner.objects)
    with fresh(spoil(inner)), Unchanged(bag), pytest.raises(expected):
        read(bag)
    assert inner.objects == before


def test_a_mismatch_is_read_again_before_it_counts() -> None:
    inner, bag = stored_bag()
    counting = CountingStore(inner)
    with fresh(CorruptingStore(counting)), pytest.raises(ChecksumMismatchError):
        read_list(bag["found"], 0, 5)
    assert len(counting.gets) == TRIES


def test_a_missing_object_is_asked_for_once() -> None:
    _, bag = stored_bag()
    counting = CountingStore()
    with fresh(counting), pytest.raises(MissingObjectError) as caught:
        read_list(bag["found"], 0, 5)
    assert len(counting.gets) == 1
    assert caught.value.path == bag["found"]["__s3_path"]


def put(body: bytes, content_encoding: str | None = None) -> tuple[MemoryStore, dict[str, Any]]:
    """Return a store with one object of any body, and a pointer with the right digest to it."""
    digest = hashlib.sha256(body).hexdigest()
    with fresh(MemoryStore()):
        path = store_to_s3(1, CONTEXT)["__s3_path"][:-64] + digest
    store = MemoryStore()
    store.put(Location.parse(path), body, content_encoding=content_encoding)
    return store, {
        "__s3_offloaded": True,
        "__v": 1,
        "__kind": "list",
        **place(path, len(body)),
        "__size_bytes": 5,
        "__count": 2,
    }


def test_an_object_without_bytes_is_no_record() -> None:
    store, pointer = put(b"")
    path = pointer["__s3_path"]
    with fresh(store):
        with pytest.raises(UnreadableObjectError, match="empty"):
            restore_snapshot(path, CONTEXT)
        with pytest.raises(UnreadableObjectError, match="empty"):
            first_bag({"resume_from": path}, CONTEXT)


def page(**fields: Any) -> bytes:
    return json.dumps({"__page": 1, "kind": "list", "height": 0, "items": [1, 2]} | fields).encode()


def index(children: list[Any]) -> bytes:
    return json.dumps({"__page": 1, "kind": "list", "height": 1, "children": children}).encode()


def test_the_page_these_tests_spoil_is_one() -> None:
    store, pointer = put(page())
    with fresh(store):
        assert hydrate_state({"found": pointer}, context=CONTEXT) == {"found": [1, 2]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[1,2", UnreadableObjectError),
        (b"\n", UnreadableObjectError),
        (b"[1,2]", MalformedPointerError),
        (b'"text"', MalformedPointerError),
        (page(__page=2), MalformedPointerError),
        (page(items=[1, 2, 3]), MalformedPointerError),
        (page(kind="map", items={"a": 1, "b": 2}), MalformedPointerError),
        (page(items=None), MalformedPointerError),
        (page(height=None), MalformedPointerError),
        (page(height=1, children=[["0", 2]]), MalformedPointerError),
        (page(height=1, children=[[1, 2, 3, 4, 5, 6, 7]]), MalformedPointerError),
        (page(height=1, children=[[*row("0" * 64, 1), "2", 3, 4]]), MalformedPointerError),
        (page(height=1, children=None), MalformedPointerError),
        (page(marks="no base64!"), MalformedPointerError),
        (page(marks="AAAA"), MalformedPointerError),
        (page(order=[0]), MalformedPointerError),
        (index([[*row("0" * 64, 1), 2, 30, 40]]), MalformedPointerError),
        (index([[*row("0" * 64, 1), 2, 30, 4]]), MissingObjectError),
    ],
)
@pytest.mark.parametrize(
    "read",
    [lambda pointer: hydrate_state({"": pointer}, context=CONTEXT), lambda p: read_list(p, 0, 2)],
    ids=["hydrate", "read_list"],
)
def test_an_object_that_is_not_the_page_its_pointer_says_is_malformed(
    body: bytes, expected: type[StateSyncError], read: Callable[[dict[str, Any]], Any]
) -> None:
    store, pointer = put(body)
    with fresh(store), pytest.raises(expected):
        read(pointer)


def test_an_index_that_leads_to_another_execution_is_refused() -> None:
    child = f"s3://{BUCKET}/v1/other-run/packs/{'0' * 64}"
    store, pointer = put(index([[child, *row(child, 9)[1:], 2, 30, 4]]))
    with fresh(store), pytest.raises(StateSyncError, match="leads out of the places"):
        hydrate_state({"found": pointer}, context=CONTEXT)


@pytest.mark.parametrize("s3_path", ["", "http://x/y", "s3://b", "s3://B/k", f"s3://{BUCKET}/"])
def test_a_path_that_is_none_is_refused(s3_path: str) -> None:
    with fresh(MemoryStore()), pytest.raises(StateSyncError):
        load_from_s3(s3_path)


def test_expected_checksum_is_held_against_what_was_stored() -> None:
    store = MemoryStore()
    with fresh(store):
        path = store_to_s3("value", CONTEXT)["__s3_path"]
        assert load_from_s3(path, path[-64:]) == "value"
        with pytest.raises(ChecksumMismatchError):
            load_from_s3(path, "0" * 64)


def test_an_object_of_any_name_may_carry_its_checksum_beside_it() -> None:
    store = MemoryStore()
    place = Location(BUCKET, "inputs/catalog.json")
    store.put(place, b'{"a":1}')
    digest = hashlib.sha256(b'{"a":1}').hexdigest()
    with fresh(store, allowed_prefixes=(f"s3://{BUCKET}/inputs/",)):
        loader = StateHydrator()
        assert loader.load_from_s3(str(place)) == {"a": 1}
        assert loader.load_from_s3(str(place), digest) == {"a": 1}
        with pytest.raises(ChecksumMismatchError):
            loader.load_from_s3(str(place), "0" * 64)


def test_payload_is_stored_before_its_pointer_leaves() -> None:
    store = FlakyStore(fail=math.inf)
    base = {"execution_id": EXECUTION, "n": 1}
    with fresh(store), Unchanged(base), pytest.raises(StoreUnavailableError):
        universal_sync_core(base, RESULT)


def test_one_object_of_many_that_is_not_taken_fails_the_whole_action() -> None:
    inner = MemoryStore()
    with fresh(FlakyStore(inner, fail=TRIES * 3)), pytest.raises(StoreUnavailableError):
        universal_sync_core({}, RESULT, CONTEXT)


@pytest.mark.parametrize("times", [2, 3])
def test_a_retried_action_leaves_the_same_objects_and_the_same_bag(times: int) -> None:
    store = MemoryStore()
    bags = []
    for _ in range(times):
        with fresh(store):
            bags.append(universal_sync_core({}, RESULT, CONTEXT))
            left = dict(store.objects)
    again = [bag | {"last_update_time": None} for bag in bags]
    assert all(bag == again[0] for bag in again)
    assert store.objects == left


def test_concurrent_identical_actions_leave_the_same_objects() -> None:
    alone, bag = stored_bag()
    store = MemoryStore()
    with fresh(store), ThreadPoolExecutor(4) as pool:
        tasks = [
            pool.submit(copy_context().run, universal_sync_core, {}, RESULT, CONTEXT)
            for _ in range(4)
        ]
        bags = [task.result() for task in tasks]
    assert store.objects == alone.objects
    assert {repr(each | {"last_update_time": None}) for each in bags} == {
        repr(bag | {"last_update_time": None})
    }


def test_packs_are_zstd_of_json_lines_named_by_the_digest_of_their_bytes() -> None:
    store, _ = stored_bag()
    assert store.objects
    for at, stored in store.objects.items():
        assert at.key.endswith(hashlib.sha256(stored.body).hexdigest())
        assert stored.content_encoding == "zstd"
        with zstandard.ZstdDecompressor().stream_reader(
            stored.body, read_across_frames=True
        ) as lines:
            assert all(json.loads(line) for line in lines.read().splitlines())


def test_a_large_single_value_is_compressed_and_named_by_its_stored_bytes() -> None:
    store = MemoryStore()
    text = "word " * 100_000
    with fresh(store):
        bag = universal_sync_core({}, {"text": text}, CONTEXT)
    (stored,) = store.objects.values()
    assert stored.content_encoding == "zstd"
    assert bag["text"]["__size_bytes"] == len(text) + 2
    with fresh(store):
        assert hydrated(bag) == {"text": text}
