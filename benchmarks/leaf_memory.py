"""A process of its own that changes a leaf of a large state, and prints the memory it took.

python -m benchmarks.leaf_memory FOLDER < BAG
"""

import sys
from pathlib import Path

import orjson

from benchmarks.disk_store import DiskStore
from benchmarks.memory import peak_bytes
from benchmarks.scenarios.growth import CONTEXT, SETTINGS
from universal_sync_core import universal_sync_core
from universal_sync_core.storage import runtime


def _main(folder: Path) -> None:
    bag = orjson.loads(sys.stdin.buffer.read())
    idle = peak_bytes()
    with runtime.use(settings=SETTINGS, store=DiskStore(folder)):
        change = {"current_state": {"section7": {"leaf500": "changed"}}}
        universal_sync_core(bag, change, CONTEXT)
    sys.stdout.write(str(peak_bytes() - idle))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
