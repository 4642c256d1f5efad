"""Snapshots: the optimized bag at one moment, with its pointers, as one small object."""

from typing import Final

from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, serving, unit_of_work
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.pages.page_format import digest_mark
from universal_sync_core.pipe.offload import offload
from universal_sync_core.retention.members import begin_work, machine_of
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject, canonical, encode, require_json
from universal_sync_core.workflow.owners import require_same_owner

SNAPSHOT_TYPES: Final = ("pre", "post")
# The type for an execution that ends while its workflow goes on, or may go on.
CONTINUATION: Final = "continuation"
# The type for a branch that goes on as its own execution.
BRANCH: Final = "branch"
LEFT_BEHIND: Final = (CONTINUATION, "failure", BRANCH)


def create_snapshot(
    state: JsonObject, snapshot_type: str, context: Context | None = None
) -> JsonObject:
    """Store a snapshot of the bag, and return the bag with its path in `<type>_snapshot_s3_path`.

    Args:
        state: the bag.
        snapshot_type: `pre` or `post`.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: the type is unknown, or there is no bucket or execution to write to.
    """
    if snapshot_type not in SNAPSHOT_TYPES:
        known = " or ".join(SNAPSHOT_TYPES)
        raise InvalidRequestError(f"snapshot_type must be {known}", field="snapshot_type")
    with unit_of_work(serving("create_snapshot", context), state) as unit:
        path = write_snapshot(state, snapshot_type, unit)
        return universal_sync_core(state, {f"{snapshot_type}_snapshot_s3_path": path})


def write_snapshot(state: JsonObject, snapshot_type: str, unit: UnitOfWork) -> str:
    """Add a snapshot of the bag, which is stored when the call ends, and return its path.

    The snapshot depends only on the bag, so a repeated call does not leave a second one. It
    contains pointers, never another copy of what is in S3.

    Raises:
        InvalidRequestError: a part of the bag has no JSON form, such as an infinite number.
    """
    require_json(state, "state_data")
    fits = len(encode(state)) <= unit.settings.bound_bytes
    bag = state if fits else offload(state, unit)
    snapshot = {
        "snapshot_id": f"{snapshot_type}-{digest_mark(canonical(bag)).hex()}",
        "snapshot_type": snapshot_type,
        "execution_id": unit.objects.execution_id,
        "created_at": state.get("last_update_time"),
        "state_data": bag,
    }
    return unit.objects.add_record(snapshot)


def restore_snapshot(s3_path: str, context: Context | None = None) -> JsonObject:
    """Return the bag exactly as it was when the snapshot was made.

    The bag, and the objects that it points to, belong to the execution that made the snapshot. If
    another execution restores it, a mark beside the objects keeps them for as long as that
    execution needs them.

    Args:
        s3_path: the path that `create_snapshot` left in the bag.
        context: may carry the `execution_id` of the execution that restores the snapshot; by
            default the one that made it.

    Raises:
        InvalidRequestError: the path is not a string; or the workflow ended so long ago that its
            state is being deleted.
        PointerNotAllowedError, MissingObjectError, ChecksumMismatchError: the snapshot cannot be
            read.
        MalformedPointerError: the path leads to something other than a snapshot, or to one with the
            bag of another execution.
    """
    if type(s3_path) is not str:
        message = f"the path of a snapshot must be a string, not a {type(s3_path).__name__}"
        raise InvalidRequestError(message, field="s3_path")
    owner, given = execution_in(s3_path), dict(context or {})
    taken_up_by = _another(given.get("execution_id"), owner)
    if owner is not None and taken_up_by is not None:
        settings = runtime.current().settings
        require_same_owner(owner, taken_up_by, settings, field="s3_path")
        given["execution_id"] = owner
    with unit_of_work(given, {"execution_id": owner}) as unit:
        snapshot = unit.document(s3_path)
        if owner and taken_up_by and s3_path.startswith(unit.objects.home):
            begin_work(s3_path, owner, taken_up_by, field="s3_path")
    known = (*SNAPSHOT_TYPES, *LEFT_BEHIND)
    if type(snapshot) is not dict or snapshot.get("snapshot_type") not in known:
        raise MalformedPointerError("the object is not a snapshot", path=s3_path)
    bag: Json = snapshot.get("state_data")
    if type(bag) is not dict:
        raise MalformedPointerError("the snapshot does not contain a bag", path=s3_path)
    # A worker can store an object of this form, and the id says which objects a bag may read.
    if bag.get("execution_id", unit.objects.execution_id) != unit.objects.execution_id:
        raise MalformedPointerError("the snapshot belongs to another execution", path=s3_path)
    return bag


def _another(execution_id: Json, owner: str | None) -> str | None:
    """Return the execution that restores a snapshot of another one, or None if it is its own.

    An id that is not an ARN comes from somebody who calls the package by hand and reads their own
    snapshots.
    """
    if type(execution_id) is not str or execution_id == owner:
        return None
    are_executions = machine_of(execution_id) is not None and machine_of(owner or "") is not None
    return execution_id if are_executions else None
