"""A process that is small does what a large one does: values of many small parts, and what is left.

Hazard held here: memory for each element of a list or key of a map, of which a worker of 512 MB
dies, and dies again on each retry. `benchmarks/memory_budget.py` measures it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MIB = 2**20
PROLOGUE = """
import resource, sys, threading
from benchmarks.memory import peak_bytes
from universal_sync_core.storage import runtime
from universal_sync_core import hydrate_state, merge_answer, state_task, universal_sync_core
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.settings import Settings

threading.stack_size(256 * 1024)  # of a thread's stack all counts as address space
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:state-data:run-1"
BAG = {"execution_id": EXECUTION, "state_revision": 1}
idle = peak_bytes()

def left():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
WORKER = """
@state_task(sync=SYNC)
def handler(state, context):
    return {"current_state": {"scores": [n / 7 for n in range(250_000)]}}

resource.setrlimit(resource.RLIMIT_AS, (512 * 2**20, 512 * 2**20))
with runtime.use(settings=Settings(bucket="bucket"), store=MemoryStore()):
    answer = handler({"state_data": BAG}, None)
    bag = merge_answer(BAG, answer, {"action": "sync"}) if not SYNC else answer["state_data"]
    assert hydrate_state(bag)["current_state"]["scores"][-1] == 249_999 / 7
"""
FUNCTION = """
values = {
    "keys": lambda: {f"key {n:07}": n for n in range(1_000_000)},
    "rows": lambda: [[n, "a short row", 2 * n, None] for n in range(500_000)],
    "numbers": lambda: [n / 7 for n in range(1_000_000)],
}
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
with runtime.use(settings=Settings(bucket="bucket"), store=MemoryStore()):
    bag = universal_sync_core(BAG, {"current_state": {"v": values["SHAPE"]()}}, {"action": "sync"})
    bag = universal_sync_core(bag, {"current_state": {"n": 1}}, {"action": "sync"})
    assert bag["current_state"]["v"]["__size_bytes"] > 10_000_000
"""
GIVES_BACK = """
from universal_sync_core.storage.store import Location
class Forgetting(MemoryStore):
    def put(self, location, body, *, content_encoding=None):
        return True

with runtime.use(settings=Settings(bucket="bucket", cache_bytes=1), store=Forgetting()):
    for _ in range(3):
        bag = universal_sync_core(
            BAG, {"current_state": {"v": {f"key {n:07}": n for n in range(1_000_000)}}}, {}
        )
print(left() - idle)
"""


def run(*script: str) -> str:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "layers/universal_sync_core")])
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", "".join([PROLOGUE, *script])],
        env=os.environ | {"PYTHONPATH": paths, "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.mark.parametrize("sync", [False, True])
def test_a_worker_of_512_mb_answers_a_list_of_250_000_numbers(*, sync: bool) -> None:
    run(WORKER.replace("SYNC", str(sync)))


# Not of one long text: for that orjson reserves eight times its length, and touches what it needs.
@pytest.mark.parametrize("shape", ["keys", "rows", "numbers"])
def test_a_function_of_1_gb_merges_and_keeps_values_of_every_shape(shape: str) -> None:
    run(FUNCTION.replace("SHAPE", shape))


# Where the allocator can give a large piece back depends on where small ones lie: 30 to 130 MB are
# left, by the length of paths alone.
@pytest.mark.long
def test_memory_is_given_back_when_a_call_has_ended() -> None:
    assert int(run(GIVES_BACK)) < 100 * MIB
