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
from universal_sync_core.values.codec import Json

VALUE_BYTES: Final = 20 * KIB * KIB
STORING_TARGET: Final = 2.5
LOADING_TARGET: Final = 1.3
_LEVEL: Final = 3
_SETTINGS: Final = Settings(bucket=BUCKET)


def rows(size: int, pairs: int = PAIRS) -> Iterator[Row]:
    """Give the rows of this section."""
    value = Payloads().records(size)
    yield Row(
        scenario=f"processor time of storing {size / KIB:,.0f} KB of records",
        baseline="orjson.dumps and zstd of the same",
        measured=median_of_pairs(lambda: _storing(value), lambda: _compressing(value), pairs),
        target=STORING_TARGET,
    )
    yield Row(
        scenario="processor time of loading them",
        baseline="decompression and orjson.loads of the same",
        measured=_loading(value, pairs),
        target=LOADING_TARGET,
    )


def _storing(value: Json) -> float:
    with runtime.use(settings=_SETTINGS, store=MemoryStore()):
        return processor_seconds(lambda: store_to_s3(value, CONTEXT))


def _compressing(value: Json) -> float:
    return processor_seconds(lambda: _compressed(value))


def _loading(value: Json, pairs: int) -> float:
    store, one = MemoryStore(), _compressed(value)
    with runtime.use(settings=_SETTINGS, store=store):
        bag = {"value": store_to_s3(value, CONTEXT)}

    def ours() -> float:
        with runtime.use(settings=_SETTINGS, store=store):
            return processor_seconds(lambda: hydrate_state(bag, context=CONTEXT))

    def whole() -> float:
        decompressor = zstandard.ZstdDecompressor()
        return processor_seconds(lambda: orjson.loads(decompressor.decompress(one)))

    return median_of_pairs(ours, whole, pairs)


def _compressed(value: Json) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(value))
