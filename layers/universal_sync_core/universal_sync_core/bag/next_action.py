"""Where the workflow goes next, and how far its segments have come."""

from enum import StrEnum
from typing import Final

from universal_sync_core.bag.execution_budget import used_after
from universal_sync_core.bag.fields import STOPPED_BY
from universal_sync_core.bag.tolerance import cause_to_fail
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values.codec import Json, JsonObject

CONTINUE: Final = "CONTINUE"
COMPLETE: Final = "COMPLETE"
FAILED: Final = "FAILED"
PARALLEL_GROUP: Final = "PARALLEL_GROUP"
DISTRIBUTED_MAP: Final = "DISTRIBUTED_MAP"
WAIT: Final = "WAIT"
ASYNC: Final = "ASYNC"
# These end the workflow; when it is resumed, it goes on with the segment that returned one.
STOPS: Final = frozenset({FAILED, "HALTED", "SIGKILL"})


class Status(StrEnum):
    """The status of a result; without one, the workflow continues."""

    CONTINUE = "CONTINUE"
    SKIPPED = "SKIPPED"
    COMPLETE = "COMPLETE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    HALTED = "HALTED"
    SIGKILL = "SIGKILL"
    PAUSED_FOR_HITP = "PAUSED_FOR_HITP"
    PAUSE = "PAUSE"
    PARALLEL_GROUP = "PARALLEL_GROUP"
    DISTRIBUTED_MAP = "DISTRIBUTED_MAP"
    ASYNC = "ASYNC"
    WAIT = "WAIT"


_RENAMED: Final = {
    Status.SKIPPED: CONTINUE,
    Status.SUCCEEDED: COMPLETE,
    Status.PAUSE: Status.PAUSED_FOR_HITP.value,
}
NEXT_ACTION_BY_STATUS: Final = {
    status.value: _RENAMED.get(status, status.value) for status in Status
}

# An item of a map cannot ask for these: it only works and ends.
_OF_SEGMENTS: Final = frozenset(NEXT_ACTION_BY_STATUS.values()) - STOPS - {CONTINUE, COMPLETE}

# Each of these ends a segment's wait, unless its result stops the workflow.
_ENDS_SEGMENT: Final = frozenset(
    {"merge_callback", "merge_async", "aggregate_branches", "aggregate_distributed"}
)
_COUNTS_LOOPS: Final = frozenset({"sync", "sync_branch", "update_and_compress"})
# These only read the bag; the workflow goes on from where it is.
_KEEPS_PLACE: Final = frozenset({"create_snapshot", "fork_branch", "init"})


def route(base: JsonObject, delta: JsonObject, action: str | None) -> JsonObject:
    """Return the control fields that say how the workflow goes on.

    Args:
        base: the bag before the delta came in.
        delta: the delta of the result, after ingestion.
        action: the action that brought it.

    Returns:
        `next_action`; `segment_to_run`, `loop_counter` and `execution_segments` if the bag counts
        them; and `status` and `stopped_by` if too many items of a map failed.
    """
    counted = used_after(base, delta, action)
    if action in _KEEPS_PLACE and "status" not in delta:
        return {"next_action": _kept_action(base), **counted}
    if action == "aggregate_distributed" and (cause := cause_to_fail(base, delta)):
        return {"next_action": FAILED, "status": FAILED, **failed_by(cause), **counted}
    after = {"next_action": NEXT_ACTION_BY_STATUS[delta.get("status", CONTINUE)], **counted}
    if action in _COUNTS_LOOPS and is_count(base.get("loop_counter")):
        after["loop_counter"] = base["loop_counter"] + 1
    total: Json = delta.get("total_segments", base.get("total_segments"))
    if is_count(total) and _ends_segment(delta, after["next_action"], action):
        after |= _advanced(base, delta, total, after["next_action"])
    return after


def failed_by(cause: str) -> JsonObject:
    """Return `stopped_by` for a workflow that fails with a cause that no worker told."""
    return {STOPPED_BY: {"error": f"Workflow.{FAILED}", "cause": cause}}


def after_wait(bag: JsonObject, moved: JsonObject) -> str:
    """Return the `next_action` once a wait is over.

    Args:
        bag: after merging.
        moved: what `route` returned for it. A segment that waits and names no other runs again.
    """
    total: Json = bag.get("total_segments")
    following: Json = moved.get("segment_to_run")
    is_over = is_count(total) and is_count(following) and following >= total
    return COMPLETE if is_over else CONTINUE


def require_simple(result: Json, of_what: str) -> None:
    """Raise InvalidRequestError if a result asks for something that only a segment can ask for.

    Args:
        result: the result of a branch or item, or a pointer to it with its status beside it.
        of_what: whose result it is, for the message.
    """
    status: Json = result.get("status") if type(result) is dict else None
    asked = NEXT_ACTION_BY_STATUS.get(status) if type(status) is str else None
    if asked in _OF_SEGMENTS:
        message = (
            f"{of_what} cannot ask for {status}. Let it end, and ask for it in a segment after its"
            " results are joined"
        )
        raise InvalidRequestError(message, field="execution_result.status")


def _kept_action(base: JsonObject) -> str:
    action: Json = base.get("next_action", CONTINUE)
    if type(action) is not str:
        message = "state_data.next_action must be a string, as the actions write it"
        raise InvalidRequestError(message, field="state_data.next_action")
    return action


def _ends_segment(delta: JsonObject, next_action: str, action: str | None) -> bool:
    if next_action == WAIT and "next_segment_to_run" in delta:
        return True
    return next_action == CONTINUE or (action in _ENDS_SEGMENT and next_action not in STOPS)


def _advanced(base: JsonObject, delta: JsonObject, total: int, action: str) -> JsonObject:
    current = base.get("segment_to_run", 0)
    following = delta.get("next_segment_to_run", current + 1 if is_count(current) else current)
    past_the_end = is_count(following) and following >= total
    return {
        "segment_to_run": following,
        "next_action": COMPLETE if past_the_end and action == CONTINUE else action,
    }


def is_count(value: Json) -> bool:
    """Tell whether a value is a whole number, from 0."""
    return type(value) is int and value >= 0
