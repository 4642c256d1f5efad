"""What the tests of the core send through it, and how they look at what comes back."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.core.oracle import without_bookkeeping
from universal_sync_core import calculate_payload_size, hydrate_state, universal_sync_core
from universal_sync_core.bag.unit_of_work import UnitOfWork, unit_of_work
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.retry import ExponentialBackoffRetry
from universal_sync_core.storage.store import ObjectStore

BUCKET = "state-bucket"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:state-data:run-1"
OTHER_EXECUTION = EXECUTION.replace("run-1", "run-2")
CONTEXT = {"execution_id": EXECUTION}
KIB = 1024
BOUND = 150 * KIB
TRIES = 4


@contextmanager
def fresh(store: ObjectStore, **settings_fields: Any) -> Iterator[runtime.Runtime]:
    """Use a runtime with an empty cache, as the next container of the function has it."""
    chosen = Settings(**{"bucket": BUCKET} | settings_fields)
    retry = ExponentialBackoffRetry(max_retries=TRIES - 1, sleep=lambda _: None)
    with runtime.use(settings=chosen, store=store, retry=retry) as space:
        yield space


@contextmanager
def call(**context: Any) -> Iterator[UnitOfWork]:
    """Open a call of the execution these tests are about."""
    with unit_of_work(CONTEXT | context) as opened:
        yield opened


def text_of(size: int) -> str:
    """Return a text whose JSON has `size` bytes."""
    return "x" * (size - 2)


def hydrated(bag: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a bag, without what the core keeps for itself."""
    return without_bookkeeping(hydrate_state(bag, context=CONTEXT))


class Unchanged:
    """Compares values with deep copies that were made before.

    with Unchanged(bag, result):
        merge_logic(bag, result)
    """

    def __init__(self, *values: Any) -> None:
        self._values = values
        self._copies = copy.deepcopy(values)

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """Compare, order of keys included."""
        assert repr(self._values) == repr(self._copies)


def synced(bag: dict[str, Any], result: Any, context: dict[str, Any] = CONTEXT) -> dict[str, Any]:
    """Return the bag after a sync, which changed no argument and kept within the bound."""
    with Unchanged(bag, result, context):
        after = universal_sync_core(bag, result, context)
    assert calculate_payload_size(after) <= BOUND
    return after
