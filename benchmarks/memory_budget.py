"""How much memory each action takes for values of every shape, over an idle process.

python -m benchmarks.memory_budget               every action with every shape, some minutes
python -m benchmarks.memory_budget sync keys     one of them

Each runs in a process of its own. Stored objects are files, as in S3 they would not be in memory;
the value itself counts, for a function holds its event.
"""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.disk_store import DiskStore
from benchmarks.memory import peak_bytes
from universal_sync_core import (
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    offload_result,
    store_result,
    universal_sync_core,
)
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import JsonObject

CONTEXT: Final = {"execution_id": "memory", "action": "sync"}
MIB: Final = KIB * KIB
TARGET_BYTES: Final = 300 * MIB
UP_TO_BYTES: Final = 25_000_000
# Of a single text over that: itself, its encoding, and what is sent of it.
TEXT_TIMES: Final = 5
# Items of a map, so that the output of each is within what Step Functions allows.
ITEMS: Final = 128
_BUCKET: Final = "bucket"
_BAG: Final = {"execution_id": "memory"}
_SELF: Final = [sys.executable, "-m", "benchmarks.memory_budget"]


def _numbers(count: int) -> list[float]:
    draw = random.Random(1)  # noqa: S311 - the same numbers each time
    return [round(draw.random(), 6) for _ in range(count)]


SHAPES: Final[dict[str, Callable[[], Any]]] = {
    "numbers": lambda: _numbers(250_000),
    "more numbers": lambda: _numbers(2_200_000),
    "keys": lambda: {f"key {number:07}": number for number in range(1_000_000)},
    "rows": lambda: [[number, "a short row", number * 2, None] for number in range(500_000)],
    "records": lambda: [{"id": n, "name": f"name {n}", "ok": True} for n in range(400_000)],
    "texts": lambda: [f"{number} " + "x" * 1_000 for number in range(20_000)],
    "one text": lambda: "text " * 4_000_000,
    "100 MB of text": lambda: "text " * 20_000_000,
}


TEXTS: Final = {"one text", "100 MB of text"}
LISTS_ONLY: Final = {"append", "dedupe_append", "set_union", "merge_by_key"}
# These halve the value.
SPLITTING: Final = {*LISTS_ONLY, "deep merge", "join", "aggregate_distributed"}


def _sync(value: Any) -> Any:
    return universal_sync_core(_BAG, {"current_state": {"value": value}}, CONTEXT)


def _sync_state(value: Any) -> Any:
    state = value if isinstance(value, dict) else {"value": value}
    return universal_sync_core(_BAG, {"current_state": state}, CONTEXT)


def _sync_fields(value: Any) -> Any:
    return universal_sync_core(_BAG, value, CONTEXT)


def _merged(strategy: Any) -> Callable[[Any], Any]:
    """Return the action that merges the later half of a list into the earlier one."""

    def merge(value: Any) -> Any:
        context = CONTEXT | {"merge_strategy": {"value": strategy}}
        bag: Any = _BAG
        for half in _parts(value, 2):
            bag = universal_sync_core(bag, {"current_state": {"value": half}}, context)
        return bag

    return merge


def _parts(value: Any, count: int) -> list[Any]:
    if isinstance(value, dict):
        return [dict(part) for part in _parts(list(value.items()), count)]
    size = -(-len(value) // count)
    return [value[start : start + size] for start in range(0, len(value), size)]


def _joined(value: Any) -> Any:
    bag = _sync({})
    ends = []
    for number, half in enumerate(_parts(value, 2)):
        branch = fork_branch(bag, f"branch {number}")
        result = {"current_state": {f"part {number}": half}}
        ends.append(complete_branch(universal_sync_core(branch, result, CONTEXT)))
    return join_branches(bag, ends)


def _write_map_run(value: Any) -> JsonObject:
    """Leave what a Distributed Map leaves whose items each answered a part of the value."""
    store = runtime.current().store
    records = [
        {"Name": str(number), "Output": json.dumps(part), "Status": "SUCCEEDED"}
        for number, part in enumerate(_parts(value, ITEMS))
    ]
    body = json.dumps(records).encode()
    store.put(Location(_BUCKET, "distributed/memory/SUCCEEDED_0.json"), body)
    files = {"SUCCEEDED": [{"Key": "distributed/memory/SUCCEEDED_0.json", "Size": len(body)}]}
    manifest = {"DestinationBucket": _BUCKET, "MapRunArn": "arn", "ResultFiles": files}
    store.put(Location(_BUCKET, "distributed/memory/manifest.json"), json.dumps(manifest).encode())
    details = {"Bucket": _BUCKET, "Key": "distributed/memory/manifest.json"}
    return {"MapRunArn": "arn", "ResultWriterDetails": details}


def _aggregated(result: JsonObject) -> JsonObject:
    return universal_sync_core(_BAG, result, CONTEXT | {"action": "aggregate_distributed"})


# Actions on a value, and those on what another process has made of it.
ACTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "sync": _sync,
    "sync of the whole state": _sync_state,
    "append": _merged("append"),
    "dedupe_append": _merged("dedupe_append"),
    "set_union": _merged("set_union"),
    "merge_by_key": _merged({"strategy": "merge_by_key", "key": "id"}),
    "deep merge": _merged("replace"),
    "sync of the fields": _sync_fields,
    "store_result": lambda value: store_result(value, CONTEXT),
    "offload_result": lambda value: offload_result(value, CONTEXT),
    "join": _joined,
    "hydrate": hydrate_state,
    "aggregate_distributed": _aggregated,
}
PREPARED: Final[dict[str, Callable[[Any], Any]]] = {
    "hydrate": _sync,
    "aggregate_distributed": _write_map_run,
}


def run(action: str, shape: str, folder: Path) -> None:
    """Do it in this process, on what `prepare` left, and print the most memory over idle."""
    with _process(folder):
        _sync({"warm": [1, {"a": "x" * 200_000}]})
        idle = peak_bytes()
        ACTIONS[action](_prepared(folder) if action in PREPARED else SHAPES[shape]())
        print(peak_bytes() - idle)


def prepare(action: str, shape: str, folder: Path) -> None:
    """Leave what the action starts from, and print the bytes of the value's JSON."""
    value = SHAPES[shape]()
    with _process(folder):
        if action in PREPARED:
            (folder / "prepared").write_text(json.dumps(PREPARED[action](value)), encoding="utf-8")
    print(len(json.dumps(value, separators=(",", ":"))))


def _prepared(folder: Path) -> JsonObject:
    left: JsonObject = json.loads((folder / "prepared").read_text(encoding="utf-8"))
    return left


def _process(folder: Path) -> AbstractContextManager[runtime.Runtime]:
    return runtime.use(settings=Settings(bucket=_BUCKET), store=DiskStore(folder))


def measure(action: str, shape: str) -> tuple[int, int]:
    """Return the bytes of the value's JSON, and the most memory over idle the action took."""
    with TemporaryDirectory() as folder:
        size, peak = (
            int(subprocess.check_output([*_SELF, step, action, shape, folder]))  # noqa: S603
            for step in ("--prepare", "--run")
        )
    return size, peak


def rows(actions: Sequence[str], shapes: Sequence[str]) -> Iterator[tuple[str, str, int, int]]:
    """Yield action, shape, bytes of JSON and bytes of memory, as they are measured."""
    for action, shape in product(actions, shapes):
        is_text = shape in TEXTS
        if not ((is_text and action in SPLITTING) or (shape == "keys" and action in LISTS_ONLY)):
            yield action, shape, *measure(action, shape)


def main() -> None:
    """Print what each took; exit 1 where one is past its target."""
    match sys.argv[1:]:
        case ["--run", action, shape, folder]:
            return run(action, shape, Path(folder))
        case ["--prepare", action, shape, folder]:
            return prepare(action, shape, Path(folder))
    asked = sys.argv[1:]
    actions = [name for name in ACTIONS if name in asked] or list(ACTIONS)
    shapes = [name for name in SHAPES if name in asked] or list(SHAPES)
    past = 0
    for action, shape, size, peak in rows(actions, shapes):
        target = TARGET_BYTES if size < UP_TO_BYTES else TEXT_TIMES * size
        past += peak > target
        print(
            f"{action:24} {shape:16} {size / MIB:6.1f} MB of JSON {peak / MIB:7.0f} MB over idle"
            f" {peak / size:6.1f} times {'PAST' if peak > target else 'within'}"
            f" {target / MIB:.0f} MB",
            flush=True,
        )
    sys.exit(past > 0)


if __name__ == "__main__":
    main()
