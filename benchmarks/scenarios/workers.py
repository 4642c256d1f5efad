"""What a worker pays for plain values: bytes it reads, bytes it stores, and the time of both."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from benchmarks.metered import MeteredStore
from benchmarks.payloads import CONTEXT, Payloads
from benchmarks.rows import PAIRS, Row, median_of_pairs, seconds
from benchmarks.slow_s3 import DELAY_SECONDS
from universal_sync_core import (
    calculate_payload_size,
    hydrate_state,
    merge_answer,
    state_task,
    universal_sync_core,
)
from universal_sync_core.limits import KIB
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import ObjectStore
from universal_sync_core.values.codec import Json, JsonObject

SETTINGS: Final = Settings(bucket="state-bucket")
DOCUMENT_BYTES: Final = 50 * KIB
# What one path of the large state may read.
_MOST_BYTES: Final = 120 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured; the smoke test takes less.

    Attributes:
        pairs: measured in turns.
        state_bytes: of the state of which a worker reads one path.
        result_bytes: of a worker's result.
    """

    pairs: int = PAIRS
    state_bytes: int = 50_000 * KIB
    result_bytes: int = 1_000 * KIB


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of this section."""
    yield _one_path(scale)
    yield _stored_once(scale)
    yield _synced_at_once(scale)


def _one_path(scale: Scale) -> Row:
    payloads, store = Payloads(), MemoryStore()
    documents = {
        f"document {n}": payloads.records(DOCUMENT_BYTES)
        for n in range(scale.state_bytes // DOCUMENT_BYTES)
    }
    with runtime.use(settings=SETTINGS, store=store):
        bag = universal_sync_core(None, {"current_state": documents}, CONTEXT)
    path = f'current_state["{list(documents)[len(documents) // 2]}"][17].score'
    needing = state_task(needs=[path])(lambda state: state.read(path))
    whole = _bytes_read(store, lambda: hydrate_state(bag, context=CONTEXT))
    one = _bytes_read(store, lambda: needing({"state_data": bag, **CONTEXT}))
    return Row(
        scenario="read by a worker that touches one path of 50 MB",
        measured=one,
        target=_MOST_BYTES,
        unit="bytes",
        note=f"all of it is {whole:,}",
    )


def _bytes_read(store: ObjectStore, work: Callable[[], object]) -> int:
    with runtime.use(settings=SETTINGS, store=store) as space:
        work()
        return space.usage.snapshot().bytes_read


def _stored_once(scale: Scale) -> Row:
    records = Payloads().records(scale.state_bytes // 2)
    store = MeteredStore()
    with runtime.use(settings=SETTINGS, store=store):
        yielding = state_task(sync=True)(lambda _: iter(records))
        yielding({"state_data": CONTEXT})
    return Row(
        scenario="bytes sent for a list that a generator yields, merged by the worker",
        baseline="bytes of its JSON",
        measured=store.bytes_sent / calculate_payload_size(records),
        target=1.1,
    )


def _synced_at_once(scale: Scale) -> Row:
    payloads = Payloads()

    def result() -> JsonObject:
        return {"current_state": {"report": payloads.records(scale.result_bytes)}}

    at_once, then_synced = (
        state_task(sync=sync)(lambda _state, value: value) for sync in (True, False)
    )
    event: JsonObject = {"state_data": CONTEXT}

    def worker_syncs() -> float:
        value = result()
        with _container():
            return seconds(lambda: at_once(event, value))

    def manager_syncs() -> float:
        value = result()
        store = MeteredStore(DELAY_SECONDS)
        answers: list[Json] = []
        with _container(store):
            running = seconds(lambda: answers.append(then_synced(event, value)))
        with _container(store):
            return running + seconds(lambda: merge_answer(dict(CONTEXT), answers[0]))

    return Row(
        scenario="a segment whose worker syncs, its result 1 MB",
        baseline="running and then syncing it",
        measured=median_of_pairs(worker_syncs, manager_syncs, scale.pairs),
        target=1.0,
        note="without the transition and the invocation that it saves",
    )


def _container(store: ObjectStore | None = None) -> AbstractContextManager[runtime.Runtime]:
    """Use a runtime of its own, as another function has."""
    return runtime.use(settings=SETTINGS, store=store or MeteredStore(DELAY_SECONDS))
