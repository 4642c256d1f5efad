"""What a step costs when the state is large: it pays for what changed, not for what is there.

A loop over a `current_state` of 20 MB, in which each step appends a history entry of 2 KB and
changes a leaf of 1 KB; and 51 entries out of the middle of a history of a million.
"""

import random
import statistics
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.rows import Row
from benchmarks.slow_s3 import BUCKET
from universal_sync_core import read_list, universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.usage import UsageSnapshot
from universal_sync_core.values.codec import JsonObject

CONTEXT: Final = {"execution_id": "growth", "action": "sync"}
SETTINGS: Final = Settings(bucket=BUCKET)
LEAF_BYTES: Final = 1_000
ENTRY_BYTES: Final = 2_000
LEAVES_IN_SECTION: Final = 1_000
PART: Final = 100
MEDIAN_STEP_BYTES: Final = 20 * KIB
RANGE: Final = 51
MAX_RANGE_REQUESTS: Final = 4
ENTRIES_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured; the smoke test takes less.

    Attributes:
        sections: of the state, of 1,000 leaves of 1 KB each.
        steps: of the loop.
        entries: of the history that a range is read from.
    """

    sections: int = 20
    steps: int = 2_000
    entries: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A large state after the loop.

    Attributes:
        bag: that leads to it.
        store: where it is.
        used: what each step asked of the store.
    """

    bag: JsonObject
    store: MemoryStore
    used: list[UsageSnapshot]


def text(source: random.Random, size: int) -> str:
    """Return letters that no compression makes much of."""
    return "".join(source.choices(string.ascii_lowercase + " ", k=size))


def worked(scale: Scale) -> Worked:
    """Return a large state after the loop."""
    source = random.Random(1)  # noqa: S311 - the same run every time
    state = {
        f"section{number}": {
            f"leaf{leaf}": text(source, LEAF_BYTES) for leaf in range(LEAVES_IN_SECTION)
        }
        for number in range(scale.sections)
    }
    used, store = [], MemoryStore()
    with runtime.use(settings=SETTINGS, store=store) as space:
        bag = universal_sync_core(None, {"current_state": state}, CONTEXT)
        for step in range(scale.steps):
            before = space.usage.snapshot()
            bag = universal_sync_core(bag, _result(source, step, scale.sections), CONTEXT)
            used.append(space.usage.snapshot().since(before))
    return Worked(bag=bag, store=store, used=used)


def _result(source: random.Random, step: int, sections: int) -> JsonObject:
    section = f"section{source.randrange(sections)}"
    leaf = f"leaf{source.randrange(LEAVES_IN_SECTION)}"
    entry = {"timestamp": 1_700_000_000 + step, "event": text(source, ENTRY_BYTES)}
    change = {section: {leaf: text(source, LEAF_BYTES)}}
    return {"current_state": change, "state_history": [entry]}


def requests_of_range(entries: int) -> int:
    """Return the requests for reading 51 entries from the middle of a history of that length."""
    store = MemoryStore()
    with runtime.use(settings=SETTINGS, store=store):
        bag: JsonObject = {}
        for start in range(0, entries, ENTRIES_AT_ONCE):
            stop = min(entries, start + ENTRIES_AT_ONCE)
            history = [
                {"timestamp": number, "event": f"step {number}"} for number in range(start, stop)
            ]
            bag = universal_sync_core(bag, {"state_history": history}, CONTEXT)
    middle = entries // 2
    with runtime.use(settings=SETTINGS, store=store) as space:
        read = read_list(bag["state_history_archive"], middle, middle + RANGE, CONTEXT)
        expected = list(range(middle, middle + RANGE))
        if [entry["timestamp"] for entry in read] != expected:
            raise SystemExit("the range that was read is not the one that was written")
        return space.usage.snapshot().requests


def rows(state: Worked, scale: Scale) -> Iterator[Row]:
    """Yield the rows of this section."""
    uploaded = [step.bytes_written for step in state.used]
    first, last = uploaded[:PART], uploaded[-PART:]
    name = f"{scale.steps:,} steps on {scale.sections} MB"
    yield Row(
        scenario=f"sent by the median of {name}",
        measured=statistics.median(uploaded),
        target=MEDIAN_STEP_BYTES,
        unit="bytes",
        note=f"mean {statistics.mean(uploaded):,.0f}, most {max(uploaded):,}",
    )
    yield Row(
        scenario="PUTs of the median step",
        measured=statistics.median(step.objects_written for step in state.used),
        target=1,
        unit="PUTs",
        note=f"{statistics.mean(step.requests for step in state.used):.2f} requests by the mean",
    )
    yield Row(
        scenario="sent by the median of the last hundred steps",
        baseline="of the first hundred",
        measured=statistics.median(last) / statistics.median(first),
        target=1.1,
    )
    yield Row(
        scenario=f"requests for {RANGE} entries amid {scale.entries:,}",
        measured=requests_of_range(scale.entries),
        target=MAX_RANGE_REQUESTS,
        unit="requests",
    )
