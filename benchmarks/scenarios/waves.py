"""Waves of requests: what a call waits for, against what it cannot do without."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

import orjson

from benchmarks.metered import MeteredStore
from benchmarks.payloads import CONTEXT, Payloads, large_field
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from benchmarks.slow_s3 import BUCKET, SlowS3
from universal_sync_core import (
    complete_branch,
    fork_branch,
    hydrate_state,
    join_branches,
    universal_sync_core,
)
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject
from universal_sync_core.values.codec import JsonObject

SETTINGS: Final = Settings(bucket=BUCKET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured; the smoke test takes less.

    Attributes:
        pairs: measured in turns.
        fields: that a sync offloads.
        branches: that are joined.
    """

    pairs: int = PAIRS
    fields: int = 16
    branches: int = 100


class _OneByOne:
    """Passes requests on to a store, one at a time."""

    def __init__(self, inner: ObjectStore) -> None:
        self._inner = inner
        self._turn = Lock()

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        with self._turn:
            return self._inner.put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        with self._turn:
            return self._inner.get(location, part)

    def exists(self, location: Location) -> bool:
        with self._turn:
            return self._inner.exists(location)

    def stream(self, location: Location) -> Iterator[bytes]:
        return self._inner.stream(location)


def rows(s3: SlowS3, scale: Scale) -> Iterator[Row]:
    """Yield the rows of this section, measured against a server that is late."""
    store = s3.store()
    yield _changed_fields(store, scale)
    yield _requests_of_changed_fields(scale)
    yield _unchanged_fields(scale)
    yield _joined_branches(store, scale)
    yield _one_read(store, scale)


@contextmanager
def _cold(store: ObjectStore) -> Iterator[None]:
    """Begin with an empty cache, as a new container of the function does."""
    with runtime.use(settings=SETTINGS, store=store):
        yield


def _changed_fields(store: ObjectStore, scale: Scale) -> Row:
    payloads = Payloads()
    with _cold(MemoryStore()):
        bag = universal_sync_core({}, payloads.fields(scale.fields, 36 * KIB), CONTEXT)

    def sync(target: ObjectStore) -> float:
        result = payloads.fields(scale.fields, 36 * KIB)
        with _cold(target):
            return seconds(lambda: universal_sync_core(bag, result, CONTEXT))

    def one_put_and_cpu() -> float:
        body = orjson.dumps(large_field(payloads))
        location = Location(BUCKET, f"put/{payloads.record()['digest']}")
        return seconds(lambda: store.put(location, body)) + sync(MemoryStore())

    return Row(
        scenario=f"sync that offloads {scale.fields} changed fields",
        baseline="one PUT, and the same sync without S3",
        measured=median_of_pairs(lambda: sync(store), one_put_and_cpu, scale.pairs),
        target=1.2,
    )


def _requests_of_changed_fields(scale: Scale) -> Row:
    payloads, store = Payloads(), MeteredStore()
    with _cold(store):
        universal_sync_core({}, payloads.fields(scale.fields, 36 * KIB), CONTEXT)
    return Row(
        scenario=f"requests of a sync that offloads {scale.fields} changed fields",
        measured=store.puts + store.gets,
        target=1,
        unit="requests",
    )


def _unchanged_fields(scale: Scale) -> Row:
    payloads = Payloads()
    state = payloads.fields(scale.fields, 36 * KIB)
    with runtime.use(settings=SETTINGS, store=MemoryStore()) as space:
        bag = universal_sync_core({}, {"current_state": state}, CONTEXT)
        sent = space.usage.snapshot()
        # The worker hands the whole state back, as they do, one small leaf changed.
        changed = {"current_state": {**state, "approved": True}}
        universal_sync_core(bag, changed, CONTEXT)
        bytes_again = space.usage.snapshot().since(sent).bytes_written
    return Row(
        scenario=f"bytes sent for {scale.fields} offloaded fields that come again unchanged",
        baseline="bytes of those fields",
        measured=bytes_again / len(orjson.dumps(state)),
        target=0.0,
    )


def _joined_branches(store: ObjectStore, scale: Scale) -> Row:
    payloads = Payloads()
    names = [f"branch-{number}" for number in range(scale.branches)]
    with _cold(store):
        bag = universal_sync_core({}, {"current_state": {"results": {}}}, CONTEXT)
        pointers = [_finished_branch(bag, name, payloads) for name in names]

    def join(target: ObjectStore) -> float:
        with _cold(target):
            return seconds(lambda: join_branches(bag, pointers, CONTEXT))

    return Row(
        scenario=f"aggregate_branches over {scale.branches} pointers",
        baseline="the same, one request after the other",
        # One by one it takes seconds, and varies little.
        measured=1
        / median_of_pairs(lambda: join(store), lambda: join(_OneByOne(store)), scale.pairs),
        target=15,
        at_least=True,
    )


def _finished_branch(bag: JsonObject, name: str, payloads: Payloads) -> JsonObject:
    branch = fork_branch(bag, {"branch_id": name}, CONTEXT)
    result = {"current_state": {"results": {name: payloads.record()}}, "status": "COMPLETE"}
    return complete_branch(universal_sync_core(branch, result, CONTEXT), CONTEXT)


def _one_read(store: ObjectStore, scale: Scale) -> Row:
    with _cold(store):
        bag = universal_sync_core({}, {"report": large_field(Payloads())}, CONTEXT)
    location = Location.parse(bag["report"]["__s3_path"])

    def hydrate() -> float:
        with _cold(store):
            return seconds(lambda: hydrate_state(bag, context=CONTEXT))

    return Row(
        scenario="hydrate_state of one offloaded field",
        baseline="one GET",
        measured=median_of_pairs(
            hydrate, lambda: seconds(lambda: store.get(location)), scale.pairs
        ),
        target=1.5,
    )
