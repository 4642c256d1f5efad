"""What a step costs when the state is large: it pays for what changed, not for what is there.

`python -m benchmarks.growth` prints, for a loop over a `current_state` of 20 MB in which each step
appends a history entry of 2 KB and changes a leaf of 1 KB, the bytes and requests of a step; then
the requests of reading 51 entries out of the middle of a history of a million.
"""

import random
import statistics
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row
from universal_sync_core import calculate_payload_size, read_list, universal_sync_core
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import ObjectStore
from universal_sync_core.storage.usage import UsageSnapshot
from universal_sync_core.values.codec import JsonObject

CONTEXT: Final = {"execution_id": "growth", "action": "sync"}
SETTINGS: Final = Settings(bucket="state-bucket")
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


def text(source: random.Random, size: int) -> str:
    """Return letters that no compression makes much of."""
    return "".join(source.choices(string.ascii_lowercase + " ", k=size))


def worked(
    scale: Scale, store: ObjectStore, settings: Settings = SETTINGS
) -> tuple[JsonObject, list[UsageSnapshot]]:
    """Return the bag after the loop, and what each step of it asked of the store."""
    source = random.Random(1)  # noqa: S311 - the same run every time
    state = {
        f"section{number}": {
            f"leaf{leaf}": text(source, LEAF_BYTES) for leaf in range(LEAVES_IN_SECTION)
        }
        for number in range(scale.sections)
    }
    used = []
    with runtime.use(settings=settings, store=store) as space:
        bag = universal_sync_core(None, {"current_state": state}, CONTEXT)
        for step in range(scale.steps):
            before = space.usage.snapshot()
            bag = universal_sync_core(bag, _result(source, step, scale.sections), CONTEXT)
            used.append(space.usage.snapshot().since(before))
    return bag, used


def _result(source: random.Random, step: int, sections: int) -> JsonObject:
    section = f"section{source.randrange(sections)}"
    leaf = f"leaf{source.randrange(LEAVES_IN_SECTION)}"
    entry = {"timestamp": 1_700_000_000 + step, "event": text(source, ENTRY_BYTES)}
    change = {section: {leaf: text(source, LEAF_BYTES)}}
    return {"current_state": change, "state_history": [entry]}


def range_of_long_history(entries: int) -> tuple[int, int]:
    """Return the bytes of a bag with so many entries, and the requests of reading 51 of them."""
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
        return calculate_payload_size(bag), space.usage.snapshot().requests


def rows(scale: Scale) -> list[Row]:
    """Return the rows of the table of all benchmarks."""
    _, used = worked(scale, MemoryStore())
    uploaded = [step.bytes_written for step in used]
    first, last = uploaded[:PART], uploaded[-PART:]
    _, requests = range_of_long_history(scale.entries)
    return [
        Row(
            scenario="bytes a step uploads by the median, 20 MB state",
            baseline="20 KB",
            ratio=statistics.median(uploaded) / MEDIAN_STEP_BYTES,
            target=1.0,
            note=f"mean {statistics.mean(uploaded) / KIB:.0f} KB, most {max(uploaded) // KIB} KB",
        ),
        Row(
            scenario="PUTs of a step by the median",
            baseline="one PUT",
            ratio=statistics.median(step.objects_written for step in used),
            target=1.0,
            note=f"{statistics.mean(step.requests for step in used):.2f} requests by the mean",
        ),
        Row(
            scenario="bytes of the last hundred steps",
            baseline="the first hundred",
            ratio=statistics.median(last) / statistics.median(first),
            target=1.1,
        ),
        Row(
            scenario="requests for 51 entries amid a long history",
            baseline="4 requests",
            ratio=requests / MAX_RANGE_REQUESTS,
            target=1.0,
        ),
    ]


def main() -> None:
    """Print what a step costs, over the whole loop and at both its ends."""
    console = Console()
    scale = Scale()
    _, used = worked(scale, MemoryStore())
    table = Table(title=f"{scale.steps:,} steps: an entry of 2 KB and a leaf of 1 KB in 20 MB")
    for name in ("steps", "bytes median", "bytes most", "requests median", "most", "of change"):
        table.add_column(name, justify="right")
    for name, part in (("first 100", used[:PART]), ("last 100", used[-PART:]), ("all", used)):
        table.add_row(name, *_columns(part))
    console.print(table)
    size, requests = range_of_long_history(scale.entries)
    console.print(
        f"{scale.entries:,} history entries: a bag of {size:,} bytes; "
        f"{RANGE} from the middle take {requests} requests"
    )


def _columns(part: Sequence[UsageSnapshot]) -> list[str]:
    uploaded = [step.bytes_written for step in part]
    requests = [step.requests for step in part]
    return [
        f"{statistics.median(uploaded):,.0f}",
        f"{max(uploaded):,}",
        f"{statistics.median(requests):.0f}",
        str(max(requests)),
        f"{statistics.median(uploaded) / (LEAF_BYTES + ENTRY_BYTES):.1f} x",
    ]


if __name__ == "__main__":
    main()
