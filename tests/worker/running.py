"""Events of a worker, and a worker that is run with one."""

from collections.abc import Iterator
from typing import Any

from tests.core.bags import EXECUTION
from universal_sync_core import (
    state_task,
)

INLINE = 60 * 1024


Json = Any


def event(bag: Json, **fields: Any) -> Json:
    return {"action": "run_segment", "state_data": bag, **fields}


def item_event(item: Json) -> Json:
    return {"action": "run_segment", "execution_id": EXECUTION, "item": item, "index": 7}


def run(worker: Any, bag: Json, **options: Any) -> Json:
    return state_task(**options)(worker)(event(bag), None)


def numbers(count: int) -> Iterator[Json]:
    return ({"n": n, "text": "x" * 1_000} for n in range(count))
