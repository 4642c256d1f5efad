"""Items of a map that are in S3 already: their types, how they are compressed, their manifests."""

import gzip
import json
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from tests.core.bags import EXECUTION, fresh, synced
from tests.core.fakes import CountingStore
from universal_sync_core import stage_items
from universal_sync_core.errors import (
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
    StateTooLargeError,
    UnreadableObjectError,
)
from universal_sync_core.maps.compressed_files import uncompressed
from universal_sync_core.storage.store import Location

ALLOWED = {"allowed_prefixes": ("s3://state-bucket/inputs/",)}
Bag = dict[str, Any]
MIB = 1024 * 1024


def bag_of(items: Any, **fields: Any) -> Bag:
    return synced({"execution_id": EXECUTION}, {"distributed_items": items, **fields})


def staged(store: CountingStore, bag: Bag) -> Any:
    place = stage_items(bag)
    return json.loads(store.get(Location(place["bucket"], place["key"])).body)


TABLES: dict[str, tuple[bytes, list[Any]]] = {
    "JSON": (b'[{"n": 1}, 2.5, "x"]', [{"n": 1}, 2.5, "x"]),
    "JSONL": (b'{"n": 1}\n[2.5]\n\n"x"\n', [{"n": 1}, [2.5], "x"]),
    "CSV": (
        '\ufeffname,note\r\nada,"two\nlines, a ""quote"""\r\n\r\nbob\r\neve,x,more\r\n'.encode(),
        [
            {"name": "ada", "note": 'two\nlines, a "quote"'},
            {"name": "bob", "note": ""},
            {"name": "eve", "note": "x"},
        ],
    ),
}


# Files that readers of other products have read in part, or not at all.
ODD: dict[str, tuple[str, bytes, list[Any]]] = {
    "an array after a byte order mark": ("JSON", BOM_UTF8 + b"[1, 2]", [1, 2]),
    "lines after a byte order mark": ("JSONL", BOM_UTF8 + b'{"n": 1}\n2\n', [{"n": 1}, 2]),
    "lines that begin with an array": ("JSONL", b"[1, 2]\n[]\n5\n", [[1, 2], [], 5]),
    "a long cell": ("CSV", b'a,b\n"' + b"x" * 140_000 + b'",1\n', [{"a": "x" * 140_000, "b": "1"}]),
    "empty columns without a name": (
        "CSV",
        b",a,\n,1,3\n,2\n4\n",
        [{"": "3", "a": "1"}, {"": "", "a": "2"}, {"": "4", "a": ""}],
    ),
}


@pytest.mark.parametrize("kind", [*TABLES, *ODD])
@pytest.mark.parametrize("size", [1, 2])
def test_items_in_s3_are_read_by_their_type(store: CountingStore, kind: str, size: int) -> None:
    kind, body, items = ODD.get(kind) or (kind, *TABLES[kind])
    store.put(Location("state-bucket", "inputs/items"), body)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, **ALLOWED):
        batches = [items[n : n + size] for n in range(0, len(items), size)]
        found = staged(store, bag_of(place, items_per_batch=size))
    assert found == (items if size == 1 else batches)


# As pzstd writes it before each frame: a magic number, a size, and that many bytes.
_TO_SKIP = b"\x50\x2a\x4d\x18" + b"\x04\x00\x00\x00" + b"size"
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "gzip of two members": lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:]),
    "zstd after a frame to skip": lambda body: _TO_SKIP + zstandard.compress(body),
    "zstd of two frames": lambda body: zstandard.compress(body[:5]) + zstandard.compress(body[5:]),
}


@pytest.mark.parametrize("how", COMPRESSED)
@pytest.mark.parametrize("kind", TABLES)
def test_a_compressed_file_is_told_by_its_first_bytes(
    store: CountingStore, kind: str, how: str
) -> None:
    body, items = TABLES[kind]
    store.put(Location("state-bucket", "inputs/items"), COMPRESSED[how](body))
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, **ALLOWED):
        (batch,) = staged(store, bag_of(place, items_per_batch=100))
    assert batch == items


@pytest.mark.parametrize("how", COMPRESSED)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_compressed_file_may_come_in_any_pieces(how: str, size: int) -> None:
    stored = COMPRESSED[how](b"a line\n" * 1_000)
    pieces = [stored[at : at + size] for at in range(0, len(stored), size)]
    assert b"".join(uncompressed(pieces, "p")) == b"a line\n" * 1_000
    with pytest.raises(UnreadableObjectError, match="breaks off"):
        list(uncompressed([stored[:-1]], "p"))


@pytest.mark.parametrize("size", [1, 1_000])
def test_zeros_may_fill_the_end_of_a_compressed_file(size: int) -> None:
    stored = gzip.compress(b"a line") + b"\0" * 3_000
    pieces = [stored[at : at + size] for at in range(0, len(stored), size)]
    assert b"".join(uncompressed(pieces, "p")) == b"a line"


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_file_that_expands_past_the_budget_is_refused_before_it_is_held(
    store: CountingStore, how: str
) -> None:
    bomb = COMPRESSED[how](b"a\n" + b"\n" * 30 * MIB)
    store.put(Location("state-bucket", "inputs/items"), bomb)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": "CSV"}
    with fresh(store, budget_bytes=16 * MIB, **ALLOWED), pytest.raises(StateTooLargeError):
        stage_items(bag_of(place))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("CSV", b"," * 50_000 + b"\n" + b"x\n" * 10_000),
        ("CSV", ",".join(map(str, range(50_000))).encode() + b"\n" + b"x\n" * 10_000),
        ("JSON", b"[" + b"[]," * 2_000_000 + b"1]"),
    ],
    ids=["columns without names", "many columns", "many lists"],
)
def test_a_small_file_of_very_many_values_is_refused_before_they_are_made(
    store: CountingStore, kind: str, body: bytes
) -> None:
    store.put(Location("state-bucket", "inputs/items"), body)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, budget_nodes=1_000_000, **ALLOWED), pytest.raises(StateTooLargeError):
        stage_items(bag_of(place, items_per_batch=2))


@pytest.mark.parametrize("kind", ["ORC", "json", "", None, 5, ["CSV"]])
def test_a_type_that_nobody_reads_is_refused_with_the_known_ones(
    store: CountingStore, kind: Any
) -> None:
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with (
        fresh(store, **ALLOWED),
        pytest.raises(InvalidRequestError, match="JSON, JSONL, CSV") as caught,
    ):
        stage_items(bag_of(place))
    assert caught.value.field == "state_data.distributed_items.input_type"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("CSV", b"a,b\n\xff,2\n"),
        ("CSV", gzip.compress(b"a\n1\n", mtime=0)[:-1]),
        ("JSONL", zstandard.compress(b"1\n2\n")[:-1]),
        ("JSONL", gzip.compress(b"1\n2\n", mtime=0)[:-8] + bytes(8)),
        ("CSV", b'a,b\n"1,2\n'),
        ("CSV", b"a,b,a\n1,2,3\n"),
        ("CSV", b"a,,\n1,2,3\n"),
        ("CSV", b"a,,\n1,,3\n1,2,3\n"),
        ("JSON", b"[1]\n2"),
        ("JSONL", b'{"a": 1}\n{"b"'),
        ("JSON", b"[1"),
    ],
)
def test_what_is_not_of_its_type_is_unreadable(
    store: CountingStore, kind: str, body: bytes
) -> None:
    store.put(Location("state-bucket", "inputs/items"), body)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": kind}
    with fresh(store, **ALLOWED), pytest.raises(UnreadableObjectError) as caught:
        stage_items(bag_of(place, items_per_batch=2))
    assert caught.value.path == "s3://state-bucket/inputs/items"


def test_more_than_a_call_may_read_is_refused_before_it_is_held(store: CountingStore) -> None:
    store.put(Location("state-bucket", "inputs/items"), b"a\n" + b"x" * 30 * 1024 * 1024)
    place = {"bucket": "state-bucket", "key": "inputs/items", "input_type": "CSV"}
    with fresh(store, budget_bytes=16 * 1024 * 1024, **ALLOWED), pytest.raises(StateTooLargeError):
        stage_items(bag_of(place))


def listing(store: CountingStore, *lines: str) -> dict[str, Any]:
    """Store a manifest, and return what names it as the items of a map."""
    store.put(Location("state-bucket", "inputs/manifest.csv"), "\n".join(lines).encode())
    return {"bucket": "state-bucket", "key": "inputs/manifest.csv", "manifest_type": "ATHENA_DATA"}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("size", [1, 4])
def test_the_items_of_many_files_are_one_list(store: CountingStore, kind: str, size: int) -> None:
    body, items = TABLES[kind]
    for name in ("a", "b", "c d "):
        store.put(Location("state-bucket", f"inputs/{name}"), body)
    paths = [f"s3://state-bucket/inputs/{name}" for name in ("b", "a", "c d ")]
    with fresh(store, **ALLOWED):
        place = listing(store, *paths, "") | {"input_type": kind}
        found = staged(store, bag_of(place, items_per_batch=size))
    every = items * 3
    batches = [every[n : n + size] for n in range(0, len(every), size)]
    assert found == (every if size == 1 else batches)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("s3://another-bucket/inputs/a", PointerNotAllowedError),
        ("s3://state-bucket/v1/other/packs/a", PointerNotAllowedError),
        ("s3://state-bucket/inputs/../v1/other/a", UnreadableObjectError),
        ("inputs/a", UnreadableObjectError),
        ("s3://state-bucket/inputs/missing", MissingObjectError),
    ],
)
def test_a_manifest_leads_to_no_other_place(
    store: CountingStore, line: str, error: type[Exception]
) -> None:
    with fresh(store, **ALLOWED), pytest.raises(error):
        stage_items(bag_of(listing(store, line)))


@pytest.mark.parametrize("value", ["athena", True, 1, None, []])
def test_a_manifest_of_an_unknown_type_is_refused_with_the_known_ones(
    store: CountingStore, value: Any
) -> None:
    with (
        fresh(store, **ALLOWED),
        pytest.raises(InvalidRequestError, match="ATHENA_DATA, S3_INVENTORY") as caught,
    ):
        stage_items(bag_of(listing(store) | {"manifest_type": value}))
    assert caught.value.field == "state_data.distributed_items.manifest_type"


SCHEMA = "Bucket, Key, Size"
ROWS = '"photos","a%2Fb+c%2B%C3%A9.jpg","12"\n"photos","d.jpg",""\n'


def inventory(store: CountingStore, **told: Any) -> dict[str, Any]:
    """Store an inventory of two files, and return what names it as the items of a map."""
    for name in ("one.csv.gz", "two.csv.gz"):
        store.put(Location("state-bucket", f"inputs/{name}"), gzip.compress(ROWS.encode()))
    files = [{"key": f"inputs/{name}", "size": 1} for name in ("one.csv.gz", "two.csv.gz")]
    manifest = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::state-bucket",
        "fileFormat": "CSV",
        "fileSchema": SCHEMA,
        "files": files,
    }
    body = json.dumps(manifest | told).encode()
    store.put(Location("state-bucket", "inputs/manifest.json"), body)
    place = {"bucket": "state-bucket", "key": "inputs/manifest.json"}
    return place | {"manifest_type": "S3_INVENTORY"}


@pytest.mark.parametrize("size", [1, 3])
def test_an_inventory_is_a_list_of_the_objects_of_its_bucket(
    store: CountingStore, size: int
) -> None:
    with fresh(store, **ALLOWED):
        found = staged(store, bag_of(inventory(store), items_per_batch=size))
    listed = [
        {"Bucket": "photos", "Key": "a/b c+é.jpg", "Size": "12"},
        {"Bucket": "photos", "Key": "d.jpg", "Size": ""},
    ] * 2
    assert found == (listed if size == 1 else [listed[:3], listed[3:]])


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"fileFormat": "Parquet"}, UnreadableObjectError),
        ({"fileFormat": None}, UnreadableObjectError),
        ({"fileSchema": 5}, UnreadableObjectError),
        ({"files": [{"name": "inputs/one.csv.gz"}]}, UnreadableObjectError),
        ({"files": [{"key": "v1/other/packs/a"}]}, PointerNotAllowedError),
        ({"files": [{"key": "inputs/missing"}]}, MissingObjectError),
        ({"destinationBucket": "arn:aws:s3:::another-bucket"}, PointerNotAllowedError),
        ({"destinationBucket": ["state-bucket"]}, UnreadableObjectError),
    ],
)
def test_what_an_inventory_cannot_say_is_refused(
    store: CountingStore, told: dict[str, Any], error: type[Exception]
) -> None:
    with fresh(store, **ALLOWED), pytest.raises(error):
        stage_items(bag_of(inventory(store, **told)))


@pytest.mark.parametrize("body", [b"[]", b"\xff", b"not JSON", b"null", b'"x"'])
def test_what_is_no_inventory_is_unreadable(store: CountingStore, body: bytes) -> None:
    with fresh(store, **ALLOWED):
        bag = bag_of(inventory(store) | {"key": "inputs/other.json"})
        store.put(Location("state-bucket", "inputs/other.json"), body)
        with pytest.raises(UnreadableObjectError):
            stage_items(bag)


def test_the_files_of_an_inventory_have_one_type(store: CountingStore) -> None:
    with fresh(store, **ALLOWED), pytest.raises(InvalidRequestError) as caught:
        stage_items(bag_of(inventory(store) | {"input_type": "CSV"}))
    assert caught.value.field == "state_data.distributed_items.input_type"


def test_a_manifest_that_is_no_text_is_unreadable(store: CountingStore) -> None:
    with fresh(store, **ALLOWED):
        bag = bag_of(listing(store) | {"key": "inputs/other.csv"})
        store.put(Location("state-bucket", "inputs/other.csv"), b"\xff\xfe")
        with pytest.raises(UnreadableObjectError):
            stage_items(bag)
