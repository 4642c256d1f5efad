"""Writes what this version stores and the machine that it runs: python -m tests.golden FOLDER.

Those of v1/ were written once, when version 1 was settled. They are never written again: a later
version has to read what is there. A new version gets a folder of its own.
"""

import base64
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "layers" / "universal_sync_core")]
sys.path[:0] = [str(_ROOT / "functions" / "state_data_manager")]

from tests.golden import waits  # noqa: E402 - needs the path
from universal_sync_core import (  # noqa: E402
    complete_branch,
    create_snapshot,
    fork_branch,
    hydrate_state,
    record_failure,
    store_to_s3,
    universal_sync_core,
)
from universal_sync_core.settings import Settings  # noqa: E402
from universal_sync_core.storage import runtime  # noqa: E402
from universal_sync_core.storage.memory_store import MemoryStore  # noqa: E402

BUCKET: Final = "golden"
EXECUTION: Final = "arn:aws:states:eu-west-1:123456789012:execution:golden:it's (one)"
CONTEXT: Final = {"execution_id": EXECUTION}
# What the stack keeps beside state, and the definition that running executions go on with.
WAITS: Final = "stack/waits.json"
MACHINE: Final = "stack/state_machine.asl.json"
# So that little data makes trees of several levels, and every form that a bag can have.
SMALL: Final = Settings(
    bucket=BUCKET,
    page_bytes=300,
    index_bytes=500,
    field_offload_bytes=600,
    state_offload_bytes=1_200,
    max_payload_bytes=9_000,
    history_max_entries=6,
)
_ROWS: Final = [{"n": number, "text": f"row {number} é " * 3} for number in range(60)]
_KEYS: Final = {f"key {number * 7 % 60}": {"n": number} for number in range(60)}


def _sync(bag: dict[str, Any], *results: Any, **context: Any) -> dict[str, Any]:
    for result in results:
        bag = universal_sync_core(bag, result, {**CONTEXT, **context})
    return bag


def _list() -> dict[str, Any]:
    return _sync({}, {"rows": _ROWS})


def _map() -> dict[str, Any]:
    return _sync({}, {"current_state": _KEYS, "other": 1})


def _value() -> dict[str, Any]:
    return _sync({}, {"text": "a long text, é " * 90, "number": 10**30})


def _nested() -> dict[str, Any]:
    inner = {"rows": _ROWS, "deep": [{"text": "t" * 900}, ["x" * 200] * 5]}
    return _sync({}, {"current_state": {"a": inner, "b": [inner]}})


def _changed_many_times() -> dict[str, Any]:
    changes = [{"current_state": {"keys": {f"key {n}": {"n": -n}}}} for n in range(0, 60, 5)]
    appended = [{"chunk_results": [{"chunk": n, "text": "c" * 90}]} for n in range(12)]
    return _sync({}, {"current_state": {"keys": _KEYS}}, *changes, *appended)


def _history() -> dict[str, Any]:
    entries = [{"timestamp": n, "did": f"step {n}"} for n in range(40)]
    return _sync({}, {"state_history": entries[:25]}, {"state_history": entries[20:]})


def _samples() -> dict[str, Any]:
    failed = [{"index": n, "status": "FAILED", "error": "E", "cause": "c" * 80} for n in range(20)]
    batches = [{"batch": n, "items": [n] * 20} for n in range(12)]
    metadata = {"batch_details": batches, "priority": "high"}
    return _sync({}, [*_ROWS, *failed], {"scheduling_metadata": metadata})


def _overflow() -> dict[str, Any]:
    return _sync({}, {f"field {number}": "f" * 150 for number in range(90)})


def _escapes() -> dict[str, Any]:
    odd = {"__s3_offloaded": True, "__escaped:__gzip_base64": [{"__gzip_base64": 1}]}
    return _sync({}, {"odd": odd, "many": [odd] * 40})


def _compressed() -> dict[str, Any]:
    fields = {"text": "again and again " * 300, "rows": _ROWS}
    return _sync({}, {"current_state": fields}, action="update_and_compress")


def _snapshot() -> dict[str, Any]:
    return create_snapshot(_nested(), "post", CONTEXT)


def _failure() -> dict[str, Any]:
    bag = _history()
    told = record_failure(bag, {"Error": "E", "Cause": "c" * 2_000}, CONTEXT)
    return {**bag, "record": told["record_s3_path"]}


def _branch() -> dict[str, Any]:
    bag = fork_branch(_list(), {"branch_id": "left"}, CONTEXT)
    return {"execution_id": EXECUTION, "ended": complete_branch(bag, CONTEXT)["s3_path"]}


def _result() -> dict[str, Any]:
    return {"execution_id": EXECUTION, "result": store_to_s3(_KEYS, CONTEXT)}


MAKERS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    made.__name__.removeprefix("_"): made
    for made in (
        *(_list, _map, _value, _nested, _changed_many_times, _history, _samples, _overflow),
        *(_escapes, _compressed, _snapshot, _failure, _branch, _result),
    )
}


def golden(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a bag, the packs it refers to, and what it stands for."""
    store = MemoryStore()
    with runtime.use(settings=SMALL, store=store):
        bag = make()
        stands_for = hydrate_state(bag, context=CONTEXT)
    return {
        "bag": bag,
        "stands_for": stands_for,
        "packs": {
            str(at): base64.b64encode(stored.body).decode() for at, stored in store.objects.items()
        },
    }


def main() -> None:
    """Write a file for each form, one for what the stack keeps, and the state machine."""
    folder = Path(sys.argv[1])
    (folder / "stack").mkdir(parents=True)
    shutil.copy(_ROOT / "statemachine" / "state_data_v3.asl.json", folder / MACHINE)
    _write(folder / WAITS, waits.made())
    for name, make in MAKERS.items():
        _write(folder / f"{name}.json", golden(make))


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
