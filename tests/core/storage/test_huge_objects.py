"""Objects that somebody else has stored: of terabytes, or with no content at all for as many."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
import zstandard

from tests.core.bags import BUCKET, CONTEXT, EXECUTION, fresh, synced
from tests.core.fakes import PassingStore
from tests.core.map_runs import AGGREGATE, array, record, write
from universal_sync_core import (
    first_bag,
    load_from_s3,
    restore_snapshot,
    stage_items,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.errors import (
    MalformedManifestError,
    StateSyncError,
    StateTooLargeError,
    UnreadableObjectError,
)
from universal_sync_core.packs.frames import MOST_DOCUMENTS
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import MOST_RECORD_BYTES, Location, Part, StoredObject

MIB = 1024 * 1024
BUDGET = 2 * MIB
ALLOWED = {"allowed_prefixes": (f"s3://{BUCKET}/inputs/",)}
INPUT = f"s3://{BUCKET}/inputs/huge.json"


class HugeStore(PassingStore):
    """Has an object without an end.

    Attributes:
        read: how many bytes of it were read.
    """

    def __init__(self, path: str, piece: bytes) -> None:
        super().__init__()
        self._huge = Location.parse(path)
        self._piece = piece
        self.read = 0

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        if location != self._huge:
            return super().get(location, part)
        assert part is not None, "an object of any size was asked for as a whole"
        self.read += part.length
        body = self._piece * (part.length // len(self._piece) + 1)
        return StoredObject(body[: part.length])

    def stream(self, location: Location) -> Iterator[bytes]:
        if location != self._huge:
            yield from super().stream(location)
            return
        piece = self._piece * (128 * 1024 // len(self._piece))
        for each in repeat(piece):
            self.read += len(each)
            assert self.read < 64 * MIB, "nothing ends the reading"
            yield each


def own_path() -> str:
    """Return the path of a pack of the execution that nobody has stored."""
    with fresh(MemoryStore()):
        path: str = store_to_s3(1, CONTEXT)["__s3_path"]
    return path[:-64] + "0" * 64


READS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "input": (INPUT, lambda path: first_bag({"input_s3_path": path}, CONTEXT)),
    "any object": (INPUT, load_from_s3),
    "snapshot": (own_path(), lambda path: restore_snapshot(path, CONTEXT)),
    "state to resume from": (own_path(), lambda path: first_bag({"resume_from": path}, CONTEXT)),
}


@pytest.mark.parametrize("name", READS)
def test_no_more_of_an_object_is_read_than_a_call_may_read(name: str) -> None:
    path, read = READS[name]
    store = HugeStore(path, b" ")
    with fresh(store, budget_bytes=BUDGET, **ALLOWED), pytest.raises(StateTooLargeError):
        read(path)
    assert store.read == BUDGET + 1


def test_an_input_as_large_as_a_call_may_read_is_read() -> None:
    store = MemoryStore()
    body = b'{"text": "%s"}' % (b"x" * (BUDGET - 12))
    store.put(Location.parse(INPUT), body)
    with fresh(store, budget_bytes=BUDGET, **ALLOWED):
        assert len(body) == BUDGET
        assert load_from_s3(INPUT)["text"].strip("x") == ""


def test_no_more_of_a_record_is_read_than_any_record_has() -> None:
    store = HugeStore(INPUT, b" ")
    with fresh(store) as used, pytest.raises(UnreadableObjectError):
        used.read(Location.parse(INPUT))
    assert store.read == MOST_RECORD_BYTES + 1


@pytest.mark.parametrize(
    ("name", "piece", "expected"),
    [
        ("manifest.json", b" ", StateTooLargeError),
        ("manifest.json", b"[],", StateTooLargeError),
        ("SUCCEEDED_0.json", b"[", MalformedManifestError),
        ("SUCCEEDED_0.json", b'["', MalformedManifestError),
        ("SUCCEEDED_0.json", b'[{"a":["', MalformedManifestError),
    ],
)
def test_results_of_a_map_without_an_end_are_refused(
    name: str, piece: bytes, expected: type[StateSyncError]
) -> None:
    written = MemoryStore()
    answer = write(written, {"SUCCEEDED": array(record(0))})
    path = next(str(each) for each in written.objects if each.key.endswith(".json"))
    store = HugeStore(f"{path.rpartition('/')[0]}/{name}", piece)
    for location, stored in written.objects.items():
        store.put(location, stored.body)
    with fresh(store, budget_bytes=BUDGET), pytest.raises(expected):
        universal_sync_core({}, answer, AGGREGATE)


@pytest.mark.parametrize(
    "piece",
    [gzip.compress(b"", mtime=0), zstandard.compress(b""), b"\x50\x2a\x4d\x18" + bytes(4)],
    ids=["gzip", "zstd", "to skip"],
)
@pytest.mark.parametrize("kind", ["JSONL", "CSV"])
def test_a_compressed_file_without_content_costs_its_own_bytes(piece: bytes, kind: str) -> None:
    store = HugeStore(INPUT, piece)
    items = {"bucket": BUCKET, "key": Location.parse(INPUT).key, "input_type": kind}
    with fresh(store, budget_bytes=BUDGET, **ALLOWED):
        bag = synced({"execution_id": EXECUTION}, {"distributed_items": items})
        with pytest.raises(StateTooLargeError):
            stage_items(bag)


@pytest.mark.parametrize("how", [gzip.compress, zstandard.compress])
def test_a_compressed_file_may_have_as_much_content_as_any_other(
    how: Callable[[bytes], bytes],
) -> None:
    rows = b'"%s"\n' % (b"x" * 100) * (BUDGET // 103)
    store = MemoryStore()
    store.put(Location.parse(INPUT), how(rows))
    items = {"bucket": BUCKET, "key": Location.parse(INPUT).key, "input_type": "JSONL"}
    with fresh(store, budget_bytes=BUDGET, **ALLOWED):
        bag = synced({"execution_id": EXECUTION}, {"distributed_items": items})
        assert stage_items(bag)["bucket"] == BUCKET


def test_a_pack_of_very_many_documents_is_unreadable() -> None:
    body = b"\n" * (MOST_DOCUMENTS + 1)
    path = own_path()[:-64] + hashlib.sha256(body).hexdigest()
    store = MemoryStore()
    store.put(Location.parse(path), body)
    with fresh(store), pytest.raises(UnreadableObjectError, match="documents"):
        restore_snapshot(path, CONTEXT)
