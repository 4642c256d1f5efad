"""Workers move values about: whatever is in S3, the state is what it is with all of it inline.

A worker is given pointers and answers them in other places, so that two of one pack meet.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import universal_sync_core
from universal_sync_core.values.pointer import parse

SMALL: dict[str, Any] = {
    "field_offload_bytes": 80,
    "state_offload_bytes": 400,
    "page_bytes": 200,
    "index_bytes": 300,
}
KEYS = "pqrs"
SYNC = CONTEXT | {"action": "sync"}


def value(draw: Random, depth: int = 3) -> Any:
    kind = draw.random() if depth else 0
    if kind < 0.4:
        return draw.choice("abcd") * draw.choice((3, 60, 200))
    if kind < 0.7:
        return {draw.choice(KEYS): value(draw, depth - 1) for _ in range(draw.randrange(1, 4))}
    return [value(draw, depth - 1) for _ in range(draw.randrange(4))]


def parts(stored: Any) -> Iterator[Any]:
    """Yield a value and all that stands in it, pointers as they are."""
    yield stored
    if parse(stored) is None and isinstance(stored, dict | list):
        for part in stored.values() if isinstance(stored, dict) else stored:
            yield from parts(part)


def result(draw: Random, moved: Any) -> dict[str, Any]:
    key, other = draw.sample(KEYS, 2)
    return draw.choice(
        (
            {"current_state": {key: moved}},
            {"current_state": {key: {other: moved, "more": value(draw)}}},
            {"current_state": {key: moved, other: value(draw)}, "removed_paths": [other]},
            {f"field_{key}": moved, "state_history": [moved]},
        )
    )


@pytest.mark.parametrize("seed", range(10))
def test_a_moved_pointer_is_the_value_it_leads_to(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - a test draws no secrets
    store, apart = CountingStore(), CountingStore()
    begun = {"current_state": {key: value(draw) for key in KEYS}}
    with fresh(store, **SMALL):
        bag = universal_sync_core({}, begun, SYNC)
    with fresh(apart):
        plain = universal_sync_core({}, begun, SYNC)
    for _ in range(5):
        with fresh(store, **SMALL):
            given = result(draw, draw.choice(list(parts(bag["current_state"]))))
            whole = hydrated({"given": given})["given"]
            bag = universal_sync_core(bag, given, SYNC)
            found = hydrated(bag)
        with fresh(apart):
            plain = universal_sync_core(plain, whole, SYNC)
            assert found == hydrated(plain)
