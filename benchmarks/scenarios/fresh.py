"""What storing and loading a value takes, against what is physically needed for it.

That is one object of the same JSON in the same compression, by one request with nothing but boto3,
orjson and zstandard.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
import zstandard

from benchmarks.payloads import CONTEXT, Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from benchmarks.slow_s3 import BUCKET, SlowS3
from universal_sync_core import hydrate_state, store_to_s3
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.values.codec import Json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TARGET: Final = 1.5
MOST_REQUESTS: Final = 8
_LEVEL: Final = 3
_SETTINGS: Final = Settings(bucket=BUCKET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        pairs: measured in turns.
        sizes: of the values, in bytes of JSON.
    """

    pairs: int = PAIRS
    sizes: tuple[int, ...] = (60 * KIB, 256 * KIB, KIB * KIB, 5 * KIB * KIB, 20 * KIB * KIB)


def rows(s3: SlowS3, scale: Scale) -> Iterator[Row]:
    """Yield the rows of this section, measured against a server that is late."""
    store, client, payloads = s3.store(), s3.client(), Payloads()
    for size in scale.sizes:
        yield _stored(store, client, payloads, size, scale.pairs)
        yield from _loaded(store, client, payloads, size, scale.pairs)


@contextmanager
def _cold(store: S3Store) -> Iterator[runtime.Runtime]:
    with runtime.use(settings=_SETTINGS, store=store) as space:
        yield space


def _stored(store: S3Store, client: "S3Client", payloads: Payloads, size: int, pairs: int) -> Row:
    def ours() -> float:
        value = payloads.records(size)
        with _cold(store):
            return seconds(lambda: store_to_s3(value, CONTEXT))

    def one_object() -> float:
        value = payloads.records(size)
        return seconds(lambda: put(client, value))

    return Row(
        scenario=f"store a fresh value of {size / KIB:,.0f} KB",
        baseline="one object of the same JSON and compression",
        measured=median_of_pairs(ours, one_object, pairs),
        target=TARGET,
    )


def _loaded(
    store: S3Store, client: "S3Client", payloads: Payloads, size: int, pairs: int
) -> Iterator[Row]:
    value = payloads.records(size)
    with _cold(store):
        bag = {"value": store_to_s3(value, CONTEXT)}
    key = put(client, value)
    requests: list[int] = []

    def ours() -> float:
        with _cold(store) as space:
            taken = seconds(lambda: hydrate_state(bag, context=CONTEXT))
            requests.append(space.usage.snapshot().requests)
            return taken

    ratio = median_of_pairs(ours, _timed(lambda: get(client, key)), pairs)
    yield Row(
        scenario=f"load it, {size / KIB:,.0f} KB",
        baseline="one object of the same JSON and compression",
        measured=ratio,
        target=TARGET,
    )
    yield Row(
        scenario=f"requests to load it, {size / KIB:,.0f} KB",
        measured=max(requests),
        target=MOST_REQUESTS,
        unit="requests",
    )


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    return lambda: seconds(work)


def put(client: "S3Client", value: Json) -> str:
    """Store a value as one object; return its key."""
    key = f"one-object/{uuid.uuid4()}"
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(value))
    client.put_object(Bucket=BUCKET, Key=key, Body=body, IfNoneMatch="*")
    return key


def get(client: "S3Client", key: str) -> Json:
    """Load a value that is stored as one object."""
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return orjson.loads(zstandard.ZstdDecompressor().decompress(body))
