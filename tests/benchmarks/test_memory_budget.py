from benchmarks.memory_budget import ACTIONS, ITEMS, PREPARED, SHAPES
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore


def test_a_map_of_20_mb_is_joined_from_records_that_can_be_read() -> None:
    with runtime.use(settings=Settings(bucket="bucket"), store=MemoryStore()):
        answered = PREPARED["aggregate_distributed"](SHAPES["texts"]())
        bag = ACTIONS["aggregate_distributed"](answered)

    assert bag["chunk_count"] == ITEMS
