"""What loading a value takes that thousands of steps have changed, each a little of it."""

from typing import Final

from benchmarks import growth
from benchmarks.fresh import get, put
from benchmarks.rows import Row, median_of_pairs, seconds
from benchmarks.slow_s3 import BUCKET, SlowS3
from universal_sync_core import hydrate_state
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location, StoredObject

TARGET: Final = 3.0
_SETTINGS: Final = Settings(bucket=BUCKET)


def rows(s3: SlowS3, scale: growth.Scale, pairs: int) -> list[Row]:
    """Give the rows of this page, measured against a server that is late."""
    memory, store, client = MemoryStore(), S3Store(), s3.client()
    bag, _ = growth.worked(scale, memory, _SETTINGS)

    def copied(item: tuple[Location, StoredObject]) -> bool:
        location, stored = item
        return store.put(location, stored.body, content_encoding=stored.content_encoding)

    in_parallel(copied, list(memory.objects.items()))
    with runtime.use(settings=_SETTINGS, store=memory):
        key = put(client, hydrate_state(bag, context=growth.CONTEXT))
    requests: list[int] = []

    def ours() -> float:
        with runtime.use(settings=_SETTINGS, store=store) as space:
            taken = seconds(lambda: hydrate_state(bag, context=growth.CONTEXT))
            requests.append(space.usage.snapshot().requests)
            return taken

    ratio = median_of_pairs(ours, lambda: seconds(lambda: get(client, key)), pairs)
    return [
        Row(
            scenario=f"load a state of {scale.sections} MB after {scale.steps:,} steps",
            baseline="one object of the same JSON and compression",
            ratio=ratio,
            target=TARGET,
            note=f"{max(requests)} requests",
        )
    ]
