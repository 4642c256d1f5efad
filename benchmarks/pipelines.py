"""The two pipelines that loops are run through: the product, and the first design."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from benchmarks.baseline import FirstDesign
from benchmarks.payloads import CONTEXT
from benchmarks.slow_s3 import BUCKET
from universal_sync_core import universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.store import ObjectStore
from universal_sync_core.values.codec import Json, JsonObject

Pipeline: TypeAlias = Callable[[JsonObject, Json], JsonObject]
"""Takes a bag and a result, gives the next bag."""

Opener: TypeAlias = Callable[[ObjectStore], AbstractContextManager[Pipeline]]
"""Opens a pipeline on a store; while it is open, it is one warm function."""

# The list of `current_state` that grows; without a strategy the newer list would take its place.
GROWING = "results"
_STRATEGY = {f"current_state.{GROWING}": "append"}


@contextmanager
def ours(store: ObjectStore) -> Iterator[Pipeline]:
    """Open the product."""
    context = {**CONTEXT, "merge_strategy": _STRATEGY}
    with runtime.use(settings=Settings(bucket=BUCKET), store=store):
        yield lambda bag, result: universal_sync_core(bag, result, context)


@contextmanager
def first_design(store: ObjectStore) -> Iterator[Pipeline]:
    """Open the pipeline as first designed."""
    yield FirstDesign(store, BUCKET, append=(GROWING,)).sync


OPENERS = (ours, first_design)
