"""Universal Sync Core: the state data of Step Functions executions, bounded and lossless.

A name is loaded when it is first asked for, so that a cold start loads only what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from universal_sync_core.storage.sdk_logs import keep_requests_out

if TYPE_CHECKING:
    from universal_sync_core.bag.fields import CONTROL_FIELDS_NEVER_OFFLOAD
    from universal_sync_core.bag.next_action import Status
    from universal_sync_core.bag.strategies import LIST_FIELD_STRATEGIES
    from universal_sync_core.documents.document import hydrate, offload
    from universal_sync_core.lazy.in_place import InPlaceChangeWarning
    from universal_sync_core.lazy.views import ListView, MapView, plain
    from universal_sync_core.merge.merge import merge_logic
    from universal_sync_core.pipe.decompress import decompress
    from universal_sync_core.pipe.flatten import flatten_result
    from universal_sync_core.pipe.hydrate import hydrate_state, read_list
    from universal_sync_core.pipe.load import (
        StateHydrator,
        cached_load_from_s3,
        calculate_payload_size,
        generate_s3_key,
        load_from_s3,
        store_to_s3,
    )
    from universal_sync_core.pipe.offload import optimize_and_offload
    from universal_sync_core.pipe.pointer_bloat import prevent_pointer_bloat
    from universal_sync_core.storage.retry import ExponentialBackoffRetry, RetryStrategy
    from universal_sync_core.sync import universal_sync_core
    from universal_sync_core.worker.large_payloads import large_payloads
    from universal_sync_core.worker.open_bag import OpenBag, open_bag
    from universal_sync_core.worker.recorded import recorded_result
    from universal_sync_core.worker.result_types import Result
    from universal_sync_core.worker.results import merge_answer, offload_result
    from universal_sync_core.worker.state import State
    from universal_sync_core.worker.task import state_task
    from universal_sync_core.workflow.branches import complete_branch, fork_branch, join_branches
    from universal_sync_core.workflow.continuation import hand_over
    from universal_sync_core.workflow.distributed import stage_items, store_result
    from universal_sync_core.workflow.failure import record_failure
    from universal_sync_core.workflow.snapshot import create_snapshot, restore_snapshot
    from universal_sync_core.workflow.start import first_bag

keep_requests_out()

# The module of each name, for the interpreter; the imports above are for type checkers.
_MODULE_OF: Final = {
    "CONTROL_FIELDS_NEVER_OFFLOAD": "bag.fields",
    "LIST_FIELD_STRATEGIES": "bag.strategies",
    "ExponentialBackoffRetry": "storage.retry",
    "InPlaceChangeWarning": "lazy.in_place",
    "ListView": "lazy.views",
    "MapView": "lazy.views",
    "OpenBag": "worker.open_bag",
    "Result": "worker.result_types",
    "RetryStrategy": "storage.retry",
    "State": "worker.state",
    "StateHydrator": "pipe.load",
    "Status": "bag.next_action",
    "cached_load_from_s3": "pipe.load",
    "calculate_payload_size": "pipe.load",
    "complete_branch": "workflow.branches",
    "create_snapshot": "workflow.snapshot",
    "decompress": "pipe.decompress",
    "first_bag": "workflow.start",
    "flatten_result": "pipe.flatten",
    "fork_branch": "workflow.branches",
    "generate_s3_key": "pipe.load",
    "hand_over": "workflow.continuation",
    "hydrate": "documents.document",
    "hydrate_state": "pipe.hydrate",
    "join_branches": "workflow.branches",
    "large_payloads": "worker.large_payloads",
    "load_from_s3": "pipe.load",
    "merge_answer": "worker.results",
    "merge_logic": "merge.merge",
    "offload": "documents.document",
    "offload_result": "worker.results",
    "open_bag": "worker.open_bag",
    "optimize_and_offload": "pipe.offload",
    "plain": "lazy.views",
    "prevent_pointer_bloat": "pipe.pointer_bloat",
    "read_list": "pipe.hydrate",
    "record_failure": "workflow.failure",
    "recorded_result": "worker.recorded",
    "restore_snapshot": "workflow.snapshot",
    "stage_items": "workflow.distributed",
    "state_task": "worker.task",
    "store_result": "workflow.distributed",
    "store_to_s3": "pipe.load",
    "universal_sync_core": "sync",
}

__all__ = [
    "CONTROL_FIELDS_NEVER_OFFLOAD",
    "LIST_FIELD_STRATEGIES",
    "ExponentialBackoffRetry",
    "InPlaceChangeWarning",
    "ListView",
    "MapView",
    "OpenBag",
    "Result",
    "RetryStrategy",
    "State",
    "StateHydrator",
    "Status",
    "cached_load_from_s3",
    "calculate_payload_size",
    "complete_branch",
    "create_snapshot",
    "decompress",
    "first_bag",
    "flatten_result",
    "fork_branch",
    "generate_s3_key",
    "hand_over",
    "hydrate",
    "hydrate_state",
    "join_branches",
    "large_payloads",
    "load_from_s3",
    "merge_answer",
    "merge_logic",
    "offload",
    "offload_result",
    "open_bag",
    "optimize_and_offload",
    "plain",
    "prevent_pointer_bloat",
    "read_list",
    "record_failure",
    "recorded_result",
    "restore_snapshot",
    "stage_items",
    "state_task",
    "store_result",
    "store_to_s3",
    "universal_sync_core",
]


def __getattr__(name: str) -> object:
    """Return what has this name, loaded now; the interpreter calls this (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return all names there are, whether they are loaded or not."""
    return sorted({*globals(), *__all__})
