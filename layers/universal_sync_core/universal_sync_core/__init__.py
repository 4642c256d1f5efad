"""Universal Sync Core: the state data of Step Functions executions, bounded and lossless."""

from universal_sync_core.answers import Result
from universal_sync_core.bag import CONTROL_FIELDS_NEVER_OFFLOAD
from universal_sync_core.branches import complete_branch, fork_branch, join_branches
from universal_sync_core.compress import decompress
from universal_sync_core.continuation import hand_over
from universal_sync_core.distributed import stage_items, store_result
from universal_sync_core.failure import record_failure
from universal_sync_core.flatten import flatten_result
from universal_sync_core.hydrate import hydrate_state, read_list
from universal_sync_core.in_place import InPlaceChangeWarning
from universal_sync_core.load import (
    StateHydrator,
    cached_load_from_s3,
    calculate_payload_size,
    generate_s3_key,
    load_from_s3,
    store_to_s3,
)
from universal_sync_core.merge import merge_logic
from universal_sync_core.next_action import Status
from universal_sync_core.offload import optimize_and_offload
from universal_sync_core.open_bag import OpenBag, open_bag
from universal_sync_core.recorded import recorded_result
from universal_sync_core.results import merge_answer, offload_result
from universal_sync_core.retry import ExponentialBackoffRetry, RetryStrategy
from universal_sync_core.sdk_logs import keep_requests_out
from universal_sync_core.snapshot import create_snapshot, restore_snapshot
from universal_sync_core.start import first_bag
from universal_sync_core.state import State
from universal_sync_core.strategies import LIST_FIELD_STRATEGIES
from universal_sync_core.summary import prevent_pointer_bloat
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.task import state_task
from universal_sync_core.views import ListView, MapView, plain

keep_requests_out()

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
    "hydrate_state",
    "join_branches",
    "load_from_s3",
    "merge_answer",
    "merge_logic",
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
