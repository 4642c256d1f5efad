"""Processor time of a call that asks nothing of S3, and the memory of one that changes a leaf."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from benchmarks.baseline import FirstDesign
from benchmarks.disk_store import DiskStore
from benchmarks.payloads import Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from benchmarks.scenarios.growth import CONTEXT, SETTINGS, text
from universal_sync_core import universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import JsonObject

CALLS: Final = 200
BAG_BYTES: Final = 95 * KIB
TEXT_LETTERS: Final = 430
LARGE_STATE_BYTES: Final = 50 * KIB * KIB
SECTIONS: Final = 20
MAX_MEMORY_BYTES: Final = 40 * KIB * KIB
RESULT: Final[JsonObject] = {
    "status": "CONTINUE",
    "current_state": {"section3": {"leaf2": {"score": 0.5}}},
    "state_history": [{"timestamp": 1_700_000_999, "event": "segment done"}],
}


def bag_of(sections: list[JsonObject]) -> JsonObject:
    """Return a bag of which nothing has to be offloaded."""
    state = {f"section{number}": section for number, section in enumerate(sections)}
    history = [{"timestamp": 1_700_000_000 + step, "event": "segment"} for step in range(25)]
    return {"execution_id": "growth", "current_state": state, "state_history": history}


def bag_of_records(size: int) -> JsonObject:
    """Return a bag of about `size` bytes of records, such as workers answer with."""
    payloads = Payloads()
    return bag_of([_leaves(payloads.records(size // SECTIONS)) for _ in range(SECTIONS)])


def bag_of_texts(size: int) -> JsonObject:
    """Return a bag of as many bytes in long texts.

    They cost the standard library's JSON least: it is slow by the value, not by the byte.
    """
    source = random.Random(1)  # noqa: S311 - the same run every time
    count = size // SECTIONS // TEXT_LETTERS
    return bag_of(
        [
            _leaves([{"text": text(source, TEXT_LETTERS)} for _ in range(count)])
            for _ in range(SECTIONS)
        ]
    )


def _leaves(records: list[JsonObject]) -> JsonObject:
    return {f"leaf{number}": record for number, record in enumerate(records)}


def rows(pairs: int = PAIRS) -> Iterator[Row]:
    """Yield the rows of this section."""
    yield from _synced("records", bag_of_records(BAG_BYTES), pairs)
    yield from _synced("long texts", bag_of_texts(BAG_BYTES), pairs)
    yield Row(
        scenario="memory over idle of a leaf in 50 MB",
        measured=memory_of_a_leaf(),
        target=MAX_MEMORY_BYTES,
        unit="bytes",
    )


def _repeated(work: Callable[[], object]) -> Callable[[], float]:
    """Return what measures many calls, of which no answer is kept.

    If the encodings of a bag were kept, most of their time would go into new memory for each.
    """

    def repeat() -> None:
        for _ in range(CALLS):
            work()

    return lambda: seconds(repeat)


def _synced(name: str, bag: JsonObject, pairs: int) -> Iterator[Row]:
    """Yield the rows of syncing a small result into a bag."""
    first_design = FirstDesign(MemoryStore(), "state-bucket")

    with runtime.use(settings=SETTINGS, store=MemoryStore()) as space:
        synced = universal_sync_core(bag, {}, CONTEXT)
        ours = _repeated(lambda: universal_sync_core(synced, RESULT, CONTEXT))
        scenario = f"sync on a 100 KB bag of {name}, nothing to offload"
        yield Row(
            scenario=scenario,
            baseline="the pipeline as first designed",
            measured=1
            / median_of_pairs(ours, _repeated(lambda: first_design.sync(synced, RESULT)), pairs),
            target=20.0,
            at_least=True,
            note=f"{space.usage.snapshot().requests} requests",
        )
        yield Row(
            scenario=scenario,
            baseline="one orjson.dumps of that bag",
            measured=median_of_pairs(ours, _repeated(lambda: orjson.dumps(synced)), pairs),
            target=6.0,
        )


def memory_of_a_leaf() -> int:
    """Return the bytes over idle that a fresh process takes to change a leaf of a large state."""
    payloads, leaves = Payloads(), LARGE_STATE_BYTES // KIB // SECTIONS
    with TemporaryDirectory() as folder:
        with runtime.use(settings=SETTINGS, store=DiskStore(Path(folder))):
            bag: JsonObject = {}
            for number in range(SECTIONS):
                part = {f"leaf{leaf}": payloads.records(KIB) for leaf in range(leaves)}
                state = {"current_state": {f"section{number}": part}}
                bag = universal_sync_core(bag, state, CONTEXT)
        command = [sys.executable, "-m", "benchmarks.leaf_memory", folder]
        done = subprocess.run(  # noqa: S603 - our own program
            command, input=orjson.dumps(bag), capture_output=True, check=True
        )
    return int(done.stdout)
