"""Distributed Maps: the keys that the ItemReader is given, no items, and one of 300 KB."""

from collections.abc import Iterator
from typing import Any

from account.findings import Finding

from .checked import Checked, succeeded

PART = "maps"
_ITEMS = 20
_LARGE = 300_000

MAPS: dict[str, list[Any]] = {
    f"{_ITEMS} items": [{"item": n} for n in range(_ITEMS)],
    "no items": [],
    "an item of 300 KB": [{"text": "x" * _LARGE}],
}


def check(run: Checked) -> Iterator[Finding]:
    """Run each map and compare what comes out of it."""
    for subject, items in MAPS.items():
        mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
        execution = run.run(mapped)
        yield from succeeded(PART, subject, execution) or _lost(run, subject, execution, items)


def _lost(run: Checked, subject: str, execution: Any, items: list[Any]) -> Iterator[Finding]:
    state = run.cloud.hydrate(execution.output["state_data"])
    outputs = state.get("distributed_outputs")
    if outputs != items:
        seen = f"{len(outputs)} results" if isinstance(outputs, list) else repr(outputs)
        yield Finding(part=PART, subject=subject, expected=f"{len(items)} in order", seen=seen)
