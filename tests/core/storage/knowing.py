"""Values of many documents, and how what a process knows of them ends."""

from tests.core.fakes import CountingStore, FakeClock
from universal_sync_core.storage.known import KnownObjects
from universal_sync_core.storage.runtime import Runtime

ROWS = [f"row {number} " + "x" * 900 for number in range(300)]
WIDE = {f"key {number}": text for number, text in enumerate(ROWS)}


def clocked(space: Runtime) -> FakeClock:
    """Let the known objects of a workspace age by a clock of its own."""
    clock = FakeClock()
    space.known = KnownObjects(lambda: clock.now, lambda: clock.now)
    return clock


def deleted(store: CountingStore) -> None:
    """Delete everything, as `statebag gc` does what nothing refers to."""
    store.inner.objects.clear()  # type: ignore[attr-defined]
