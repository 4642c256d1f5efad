"""The memory of joining a Distributed Map: 10,000 records of 1 GB in all.

`python -m benchmarks.map_memory` prints the peak over idle. The result files are made up while
they are read, and what is written is thrown away, so that the memory is the function's alone.
"""

import json
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks.memory import peak_bytes
from universal_sync_core import universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part, StoredObject

BUCKET: Final = "state-bucket"
CONTEXT: Final = {"execution_id": "map-memory", "action": "aggregate_distributed"}
FILES: Final = 20
RECORDS_IN_FILE: Final = 500
OUTPUT_BYTES: Final = 100 * KIB
MANIFEST: Final = "distributed/run/manifest.json"
TARGET_BYTES: Final = 300 * KIB * KIB


class MadeUpStore(MemoryStore):
    """Has a manifest and its result files, and keeps nothing else but the bytes it was sent."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        super().__init__()
        self.sent = 0

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Count the bytes and forget them."""
        del location, content_encoding
        self.sent += len(body)
        return True

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the manifest."""
        del part
        return StoredObject(b"".join(self.stream(location)))

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the manifest, or a result file record by record."""
        if location.key == MANIFEST:
            yield json.dumps(_manifest()).encode()
            return
        number = int(location.key.removesuffix(".json").rsplit("_", 1)[1])
        first = number * RECORDS_IN_FILE
        for index in range(first, first + RECORDS_IN_FILE):
            yield b"[" if index == first else b","
            yield _record(index)
        yield b"]"


def _record(index: int) -> bytes:
    output = {"index": index, "text": f"{index:>10} " * (OUTPUT_BYTES // 11)}
    record = {
        "ExecutionArn": f"arn:aws:states:eu-west-1:1:execution:map:{index}",
        "Input": json.dumps({"item": index, "index": index}),
        "Name": str(index),
        "Output": json.dumps(output),
        "Status": "SUCCEEDED",
    }
    return json.dumps(record).encode()


def _size_of(number: int) -> int:
    first = number * RECORDS_IN_FILE
    records = range(first, first + RECORDS_IN_FILE)
    return sum(len(_record(index)) for index in records) + len(records) + 1


def _manifest() -> dict[str, object]:
    files = [
        {"Key": f"distributed/run/SUCCEEDED_{number}.json", "Size": _size_of(number)}
        for number in range(FILES)
    ]
    results = {"SUCCEEDED": files, "FAILED": [], "PENDING": []}
    return {"DestinationBucket": BUCKET, "MapRunArn": "arn", "ResultFiles": results}


def main() -> None:
    """Join the map and print what it took; exit 1 where that is past the target."""
    store = MadeUpStore()
    details = {"MapRunArn": "arn", "ResultWriterDetails": {"Bucket": BUCKET, "Key": MANIFEST}}
    idle = peak_bytes()
    with runtime.use(settings=Settings(bucket=BUCKET), store=store) as space:
        bag = universal_sync_core({}, details, CONTEXT)
        read = space.usage.snapshot().bytes_read
    peak = peak_bytes() - idle
    print(
        f"{bag['chunk_count']:,} records of {read / KIB**2:,.0f} MiB joined; "
        f"{store.sent / KIB**2:,.0f} MiB stored; peak over idle {peak / KIB**2:,.0f} MiB "
        f"of {TARGET_BYTES / KIB**2:,.0f} MiB"
    )
    sys.exit(peak > TARGET_BYTES)


if __name__ == "__main__":
    main()
