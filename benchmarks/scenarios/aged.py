"""What loading a value takes that thousands of steps have changed, each a little of it."""

from collections.abc import Iterator
from typing import Final

from benchmarks.rows import Row, median_of_pairs, seconds
from benchmarks.scenarios import growth
from benchmarks.scenarios.fresh import get, put
from benchmarks.slow_s3 import SlowS3
from universal_sync_core import hydrate_state
from universal_sync_core.storage import runtime
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.store import Location, StoredObject

TARGET: Final = 3.0


def rows(s3: SlowS3, state: growth.Worked, pairs: int) -> Iterator[Row]:
    """Yield the rows of this section, measured against a server that is late."""
    store, client = s3.store(), s3.client()

    def copied(item: tuple[Location, StoredObject]) -> bool:
        location, stored = item
        return store.put(location, stored.body, content_encoding=stored.content_encoding)

    in_parallel(copied, list(state.store.objects.items()))
    with runtime.use(settings=growth.SETTINGS, store=state.store):
        key = put(client, hydrate_state(state.bag, context=growth.CONTEXT))
    requests: list[int] = []

    def ours() -> float:
        with runtime.use(settings=growth.SETTINGS, store=store) as space:
            taken = seconds(lambda: hydrate_state(state.bag, context=growth.CONTEXT))
            requests.append(space.usage.snapshot().requests)
            return taken

    ratio = median_of_pairs(ours, lambda: seconds(lambda: get(client, key)), pairs)
    yield Row(
        scenario=f"load the large state after {len(state.used):,} steps",
        baseline="one object of the same JSON and compression",
        measured=ratio,
        target=TARGET,
        note=f"{max(requests)} requests",
    )
