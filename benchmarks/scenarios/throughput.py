"""Processor time of storing and loading a large value, against its JSON and its compression."""

from collections.abc import Iterator
from typing import Final

import orjson
import zstandard

from benchmarks.payloads import CONTEXT, Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, processor_seconds
from benchmarks.slow_s3 import BUCKET
from universal_sync_core import hydrate_state, store_to_s3
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.values.codec import Json, JsonObject

VALUE_BYTES: Final = 20 * KIB * KIB
STORING_TARGET: Final = 2.5
LOADING_TARGET: Final = 1.3
_LEVEL: Final = 3
_SETTINGS: Final = Settings(bucket=BUCKET)


def rows(size: int, pairs: int = PAIRS) -> Iterator[Row]:
    """Yield the rows of this section."""
    yield Row(
        scenario=f"processor time of storing {size / KIB:,.0f} KB of records",
        baseline="orjson.dumps and zstd of the same",
        measured=_storing(size, pairs),
        target=STORING_TARGET,
    )
    yield Row(
        scenario="processor time of loading them",
        baseline="decompression and orjson.loads of the same",
        measured=_loading(size, pairs),
        target=LOADING_TARGET,
    )


def _storing(size: int, pairs: int) -> float:
    value = Payloads().records(size)

    def ours() -> float:
        with runtime.use(settings=_SETTINGS, store=MemoryStore()):
            return processor_seconds(lambda: store_to_s3(value, CONTEXT))

    return median_of_pairs(ours, lambda: processor_seconds(lambda: _compressed(value)), pairs)


def _loading(size: int, pairs: int) -> float:
    """Return the ratio, with nothing large in memory but what is loaded."""
    store, one, bag = _stored(size)

    def ours() -> float:
        with runtime.use(settings=_SETTINGS, store=store):
            return processor_seconds(lambda: hydrate_state(bag, context=CONTEXT))

    def whole() -> float:
        decompressor = zstandard.ZstdDecompressor()
        return processor_seconds(lambda: orjson.loads(decompressor.decompress(one)))

    return median_of_pairs(ours, whole, pairs)


def _stored(size: int) -> tuple[MemoryStore, bytes, JsonObject]:
    """Return a value as the core stores it, the same in one piece, and a bag that leads to it."""
    store, value = MemoryStore(), Payloads().records(size)
    with runtime.use(settings=_SETTINGS, store=store):
        return store, _compressed(value), {"value": store_to_s3(value, CONTEXT)}


def _compressed(value: Json) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(value))
