"""The bookkeeping of a sync: when, how often, and where the workflow goes next."""

from universal_sync_core.codec import JsonObject
from universal_sync_core.next_action import route
from universal_sync_core.timestamps import utc_now


def record_progress(
    merged: JsonObject, base: JsonObject, delta: JsonObject, action: str | None
) -> JsonObject:
    """Return the merged bag with its bookkeeping fields written.

    Args:
        merged: the bag after merging.
        base: the bag before, from which the revision is counted.
        delta: what came in.
        action: the action that brought it.
    """
    revision = base.get("state_revision", 0)
    return (
        merged
        | route(base, delta, action)
        | {
            "state_revision": revision + 1 if type(revision) is int else 1,
            "last_update_time": utc_now(),
        }
    )
