"""Processor time of a call that asks nothing of S3, and the memory of one that changes a leaf."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from benchmarks.baseline import FirstDesign
from benchmarks.growth import CONTEXT, SETTINGS
from benchmarks.memory import peak_bytes
from benchmarks.payloads import Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from universal_sync_core import universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, Part, StoredObject
from universal_sync_core.values.codec import JsonObject

CALLS: Final = 40
BAG_BYTES: Final = 100 * KIB
LARGE_STATE_BYTES: Final = 50 * KIB * KIB
SECTIONS: Final = 20
MAX_MEMORY_BYTES: Final = 40 * KIB * KIB
RESULT: Final[JsonObject] = {
    "status": "CONTINUE",
    "current_state": {"section3": {"leaf2": {"score": 0.5}}},
    "state_history": [{"timestamp": 1_700_000_999, "event": "segment done"}],
}


def bag_of(size: int) -> JsonObject:
    """Return a bag of about `size` bytes of which nothing has to be offloaded.

    It is made of records such as workers answer with. Long texts alone would flatter the first
    design: the standard library's JSON is slow by the value, not by the byte.
    """
    payloads = Payloads()
    part = size // SECTIONS
    state = {
        f"section{number}": {
            f"leaf{leaf}": record for leaf, record in enumerate(payloads.records(part))
        }
        for number in range(SECTIONS)
    }
    history = [{"timestamp": 1_700_000_000 + step, "event": "segment"} for step in range(25)]
    return {"execution_id": "growth", "current_state": state, "state_history": history}


def rows(pairs: int = PAIRS) -> list[Row]:
    """Return the rows of the table of all benchmarks."""
    bag = bag_of(BAG_BYTES - 5 * KIB)
    with runtime.use(settings=SETTINGS, store=MemoryStore()) as space:
        bag = universal_sync_core(bag, {}, CONTEXT)
        first_design = FirstDesign(MemoryStore(), "state-bucket")

        def ours() -> float:
            return seconds(
                lambda: [universal_sync_core(bag, RESULT, CONTEXT) for _ in range(CALLS)]
            )

        def baseline() -> float:
            return seconds(lambda: [first_design.sync(bag, RESULT) for _ in range(CALLS)])

        def dumps() -> float:
            return seconds(lambda: [orjson.dumps(bag) for _ in range(CALLS)])

        against_first_design = median_of_pairs(ours, baseline, pairs)
        against_dumps = median_of_pairs(ours, dumps, pairs)
        requests = space.usage.snapshot().requests
    return [
        Row(
            scenario="sync on a 100 KB bag, nothing to offload",
            baseline="the pipeline as first designed",
            ratio=1 / against_first_design,
            target=20.0,
            at_least=True,
            note=f"{requests} requests",
        ),
        Row(
            scenario="sync on a 100 KB bag, nothing to offload",
            baseline="one orjson.dumps of that bag",
            ratio=against_dumps,
            target=6.0,
        ),
        Row(
            scenario="memory over idle of a leaf in 50 MB",
            baseline="40 MB",
            ratio=memory_of_a_leaf() / MAX_MEMORY_BYTES,
            target=1.0,
        ),
    ]


class FolderStore:
    """Keeps objects as files, so that a process that reads some holds none of the others."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that is there."""
        self._folder = folder

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Write the file; only small objects come here, and none is encoded."""
        del content_encoding
        (self._folder / location.key.rsplit("/", 1)[1]).write_bytes(body)
        return True

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Read the file, or a part of it."""
        start, length = part or (0, -1)
        with (self._folder / location.key.rsplit("/", 1)[1]).open("rb") as opened:
            opened.seek(start)
            return StoredObject(opened.read(length))

    def exists(self, location: Location) -> bool:
        """Tell whether there is a file."""
        return (self._folder / location.key.rsplit("/", 1)[1]).exists()

    def stream(self, location: Location) -> Iterator[bytes]:
        """Read the file at once."""
        yield self.get(location).body


def memory_of_a_leaf() -> int:
    """Return the bytes over idle that a fresh process takes to change a leaf of a large state."""
    payloads, leaves = Payloads(), LARGE_STATE_BYTES // KIB // SECTIONS
    with TemporaryDirectory() as folder:
        with runtime.use(settings=SETTINGS, store=FolderStore(Path(folder))):
            bag: JsonObject = {}
            for number in range(SECTIONS):
                part = {f"leaf{leaf}": payloads.records(KIB) for leaf in range(leaves)}
                state = {"current_state": {f"section{number}": part}}
                bag = universal_sync_core(bag, state, CONTEXT)
        command = [sys.executable, "-m", "benchmarks.cpu", folder]
        done = subprocess.run(  # noqa: S603 - itself
            command, input=orjson.dumps(bag), capture_output=True, check=True
        )
    return int(done.stdout)


def _print_memory(folder: Path) -> None:
    bag = orjson.loads(sys.stdin.buffer.read())
    idle = peak_bytes()
    with runtime.use(settings=SETTINGS, store=FolderStore(folder)):
        change = {"current_state": {"section7": {"leaf500": "changed"}}}
        universal_sync_core(bag, change, CONTEXT)
    sys.stdout.write(str(peak_bytes() - idle))


if __name__ == "__main__":
    _print_memory(Path(sys.argv[1]))
