"""What each file of events/ leads to, and what has to be there before.

The same table serves the handler tests and the test that runs the built function.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from universal_sync_core.errors import (
    CallbackAlreadyAnsweredError,
    CallbackExpiredError,
    ChecksumMismatchError,
    InvalidRequestError,
    MalformedManifestError,
    MalformedPointerError,
    MissingObjectError,
    PointerNotAllowedError,
    SegmentFailedError,
    StateSyncError,
    StateTooLargeError,
    UnknownActionError,
    UnreadableObjectError,
)
from universal_sync_core.storage.store import Location, ObjectStore

EVENTS: Final = Path(__file__).parents[2] / "events"
BUCKET: Final = "state-bucket"  # the one that the files name


def load(name: str, bucket: str = BUCKET) -> Any:
    """Return an event, about the bucket that there is."""
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text.replace(BUCKET, bucket))


FOLDER: Final = "v1/catalog-2025-01/packs/"
WORDS: Final = b'{"words":{"s3":181204,"sqs":20411}}'
INPUT: Final = {"inputs/catalog.json": WORDS}
SNAPSHOT: Final = json.dumps(
    {
        "snapshot_id": "pre-0123456789abcdef",
        "snapshot_type": "pre",
        "execution_id": "catalog-2025-01",
        "created_at": None,
        "state_data": load("sync_inline")["state_data"],
    },
    separators=(",", ":"),
).encode()
LARGE: Final = b'"' + b"x" * 6_300_000 + b'"'


def stored_value(body: bytes) -> dict[str, bytes]:
    """Return a value as the core stores it, under its own digest."""
    return {FOLDER + hashlib.sha256(body).hexdigest(): body}


def _record(item: int, **result: Any) -> dict[str, Any]:
    """Return what a ResultWriter writes of one item."""
    started = {"Input": json.dumps({"service": ["s3", "sqs", "ec2"][item]}), "Name": f"item-{item}"}
    return started | result


_MAP_RUN: Final = "distributed/catalog-2025-01/6f1a8f46/"
_SUCCEEDED: Final = json.dumps(
    [
        _record(1, Status="SUCCEEDED", Output='{"service":"sqs","operations":23}'),
        _record(0, Status="SUCCEEDED", Output='{"service":"s3","operations":107}'),
    ]
).encode()
_FAILED: Final = json.dumps(
    [_record(2, Status="FAILED", Error="ModelTooLarge", Cause="ec2")]
).encode()
MANIFEST_AND_RESULTS: Final = {
    _MAP_RUN + "SUCCEEDED_0.json": _SUCCEEDED,
    _MAP_RUN + "FAILED_0.json": _FAILED,
    _MAP_RUN + "manifest.json": json.dumps(
        {
            "DestinationBucket": BUCKET,
            "MapRunArn": "arn:aws:states:eu-west-1:123456789012:mapRun:StateData/Map:6f1a8f46",
            "ResultFiles": {
                "SUCCEEDED": [{"Key": _MAP_RUN + "SUCCEEDED_0.json", "Size": len(_SUCCEEDED)}],
                "FAILED": [{"Key": _MAP_RUN + "FAILED_0.json", "Size": len(_FAILED)}],
                "PENDING": [],
            },
        }
    ).encode(),
}
"""What a finished Distributed Map of three items leaves, one of which failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an event leads to: an answer or an error.

    Attributes:
        answer: the keys of the answer.
        error: the class that is raised.
        field: the field the error names.
        after: the events that have to be handled before.
        objects: what has to be in the bucket before, by key.
        closed: whether the state that waited has ended.
    """

    answer: frozenset[str] | None = None
    error: type[StateSyncError] | None = None
    field: str | None = None
    after: tuple[str, ...] = ()
    objects: dict[str, bytes] | None = None
    closed: bool = False

    def prepare(self, store: ObjectStore, bucket: str = BUCKET) -> None:
        """Store what has to be there before."""
        for key, body in (self.objects or {}).items():
            store.put(Location(bucket, key), body.replace(BUCKET.encode(), bucket.encode()))


def _answers(*keys: str, after: tuple[str, ...] = ()) -> Expected:
    return Expected(answer=frozenset(keys), after=after)


def _refuses(field: str | None, error: type[StateSyncError] = InvalidRequestError) -> Expected:
    return Expected(error=error, field=field)


_BAG: Final = Expected(answer=frozenset({"state_data"}))
_DELETED: Final = _answers("deleted", "kept", "failed", "recorded", "is_cut_short", "is_put_off")
_ENDED: Final = _answers("job", "state", "waiting")
_REQUESTED: Final = ("request_callback_human",)

EXPECTED: Final[dict[str, Expected]] = {
    "aggregate_branches_not_list": _refuses("branches"),
    "aggregate_branches_values": _BAG,
    "aggregate_distributed_empty_list": _BAG,
    "aggregate_distributed_list": _BAG,
    "aggregate_distributed_malformed_manifest": Expected(
        error=MalformedManifestError,
        objects={"distributed/catalog-2025-01/malformed/manifest.json": b"{}"},
    ),
    "aggregate_distributed_manifest": Expected(
        answer=frozenset({"state_data"}), objects=MANIFEST_AND_RESULTS
    ),
    "aggregate_distributed_missing_manifest": Expected(error=MissingObjectError),
    "aggregate_distributed_neither_list_nor_manifest": _refuses("execution_result"),
    "call_service_all_pages": _answers("result"),
    "call_service_not_listed": _refuses("operation"),
    "call_service_unknown_parameter": _refuses("parameters.Most"),
    "complete_branch_failed": _answers("branch"),
    "complete_branch_status_not_string": _refuses("status"),
    "complete_branch_succeeded": _answers("branch"),
    "create_snapshot_post": _BAG,
    "create_snapshot_pre": _BAG,
    "create_snapshot_unknown_type": _refuses("snapshot_type"),
    "decompress_bomb": Expected(error=UnreadableObjectError),
    "decompress_damaged": Expected(error=UnreadableObjectError),
    "decompress_not_compressed": _refuses("compressed_data"),
    "decompress_packed": _answers("value"),
    "decompress_text": _answers("value"),
    "delete_ended_daily": _DELETED,
    "delete_ended_dry_run": _DELETED,
    "delete_ended_most_zero": _refuses("most"),
    "delete_ended_shorter_retention": _refuses("retention_days"),
    "event_action_not_string": _refuses("action"),
    "event_missing_action": _refuses("action"),
    "event_not_object": _refuses(None),
    "fork_branch_missing_branch": _refuses("branch"),
    "fork_branch_pending": _BAG,
    "hand_over_bag": _answers("next"),
    "hand_over_missing_state_data": _refuses("state_data"),
    "hydrate_answer_too_large": Expected(error=StateTooLargeError, objects=stored_value(LARGE)),
    "hydrate_bag_and_document": _refuses("state_data"),
    "hydrate_checksum_mismatch": Expected(
        error=ChecksumMismatchError,
        objects={"v1/catalog-2025-01/packs/" + "1" * 64: b'"altered"'},
    ),
    "hydrate_document": Expected(answer=frozenset({"document"}), objects=stored_value(WORDS)),
    "hydrate_document_paths": Expected(answer=frozenset({"document"}), objects=stored_value(WORDS)),
    "hydrate_missing_object": Expected(error=MissingObjectError),
    "hydrate_not_allowed": _refuses("s3_path", PointerNotAllowedError),
    "hydrate_paths": _BAG,
    "hydrate_whole": Expected(answer=frozenset({"state_data"}), objects=stored_value(WORDS)),
    "init_input_not_object": _refuses("input"),
    "init_input_s3_path": Expected(answer=frozenset({"state_data"}), objects=INPUT),
    "init_input_s3_path_altered": Expected(error=ChecksumMismatchError, objects=INPUT),
    "init_input_s3_path_not_allowed": _refuses("input.input_s3_path", PointerNotAllowedError),
    "init_missing_execution_id": _refuses("execution_id"),
    "init_null_input": _BAG,
    "init_resume_from_elsewhere": _refuses("input.resume_from", PointerNotAllowedError),
    "init_resume_from_no_snapshot": Expected(
        error=MalformedPointerError, objects=stored_value(WORDS)
    ),
    "init_resume_from_snapshot": Expected(
        answer=frozenset({"state_data"}), objects=stored_value(SNAPSHOT)
    ),
    "init_segments": _BAG,
    "init_segments_per_execution_zero": _refuses("input.segments_per_execution"),
    "job_ended_failed": _ENDED,
    "job_ended_missing_detail": _refuses("event.detail"),
    "job_ended_source_of_no_service": _refuses("event.source"),
    "job_ended_still_running": _ENDED,
    "job_ended_succeeded": _ENDED,
    "job_ended_succeeded_waited_for": _answers(
        "job", "state", "waiting", after=("request_callback_job",)
    ),
    "merge_async_missing_async_result": _refuses("async_result"),
    "merge_async_published": _BAG,
    "merge_callback_approved": _BAG,
    "merge_callback_missing_callback_result": _refuses("callback_result"),
    "offload_at_most_zero": _refuses("at_most"),
    "offload_document": _answers("document"),
    "offload_keys_beside_pointer": _refuses("words"),
    "offload_missing_document": _refuses("document"),
    "offload_path_of_range": _refuses("plain"),
    "offload_plain_too_large": Expected(error=StateTooLargeError),
    "offload_text": _answers("document"),
    "offload_without_execution_id": _refuses("execution_id"),
    "offload_words": _answers("document"),
    "record_end_missing_execution_arn": _refuses("execution_arn"),
    "record_end_stopped": _answers("failure"),
    "record_failure_missing_failure": _refuses("failure"),
    "record_failure_segment": _answers("failure"),
    "record_failure_without_cause": _answers("failure"),
    "request_callback_async": _answers("callback_id"),
    "request_callback_human": _answers("callback_id"),
    "request_callback_job": _answers("callback_id"),
    "request_callback_missing_task_token": _refuses("task_token"),
    "request_callback_unknown_type": _refuses("callback_type"),
    "restore_snapshot_missing_object": Expected(error=MissingObjectError),
    "restore_snapshot_no_snapshot": Expected(
        error=MalformedPointerError, objects=stored_value(WORDS)
    ),
    "restore_snapshot_not_allowed": _refuses("s3_path", PointerNotAllowedError),
    "restore_snapshot_path_not_allowed": _refuses("s3_path", PointerNotAllowedError),
    "restore_snapshot_pre": Expected(
        answer=frozenset({"state_data"}), objects=stored_value(SNAPSHOT)
    ),
    "run_segment_branch": Expected(answer=frozenset({"current_state"})),
    "run_segment_failing": Expected(error=SegmentFailedError),
    "run_segment_index_not_number": _refuses("index"),
    "run_segment_item": Expected(answer=frozenset({"service"})),
    "run_segment_missing_segment": _refuses("state_data.segments"),
    "run_segment_recorded": Expected(answer=frozenset({"status"})),
    "stage_items_list": _answers("items"),
    "stage_items_missing_items": _refuses("state_data.distributed_items"),
    "store_result_item": _answers("result"),
    "store_result_missing_execution_id": _refuses("execution_id"),
    "submit_callback_already_answered": Expected(
        error=CallbackAlreadyAnsweredError, after=(*_REQUESTED, "submit_callback_success")
    ),
    "submit_callback_expired": Expected(error=CallbackExpiredError, after=_REQUESTED, closed=True),
    "submit_callback_failure": _answers("callback_id", "outcome", "status", after=_REQUESTED),
    "submit_callback_heartbeat": _answers("callback_id", "outcome", "status", after=_REQUESTED),
    "submit_callback_malformed_callback_id": _refuses("callback_id"),
    "submit_callback_success": _answers("callback_id", "outcome", "status", after=_REQUESTED),
    "submit_callback_success_without_output": _refuses("output"),
    "submit_callback_unknown_callback": _refuses("callback_id"),
    "sync_branch_both_bags": _refuses("branch_state"),
    "sync_branch_branch_state": _BAG,
    "sync_branch_missing_bag": _refuses("state_data"),
    "sync_branch_state_data": _BAG,
    "sync_complete": _BAG,
    "sync_inline": _BAG,
    "sync_list_result": _BAG,
    "sync_merge_strategy": _BAG,
    "sync_missing_execution_result": _refuses("execution_result"),
    "sync_missing_state_data": _refuses("state_data"),
    "sync_nested_state_data": _BAG,
    "sync_offload_without_execution_id": _refuses("execution_id"),
    "sync_offloads_large_field": _BAG,
    "sync_pointer_not_allowed": _refuses("s3_path", PointerNotAllowedError),
    "sync_state_data_not_object": _refuses("state_data"),
    "sync_state_too_large": Expected(error=StateTooLargeError),
    "sync_unknown_field": _refuses("merge_strategies"),
    "sync_unknown_strategy": _refuses("merge_strategy.tags"),
    "unknown_action": _refuses("action", UnknownActionError),
    "update_and_compress_large_value": _BAG,
    "update_and_compress_missing_execution_result": _refuses("execution_result"),
}
