"""Snapshots: the optimized bag at one moment, pointers and all, as one small object."""

from typing import Final

from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, serving, unit_of_work
from universal_sync_core.errors import InvalidRequestError, MalformedPointerError
from universal_sync_core.pages.page_format import digest_mark
from universal_sync_core.pipe.offload import optimize_and_offload
from universal_sync_core.retention.members import begin_work, machine_of
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject, canonical, encode
from universal_sync_core.workflow.owners import require_same_owner

SNAPSHOT_TYPES: Final = ("pre", "post")
# Those of an execution that ended while its workflow goes on, or may.
CONTINUATION: Final = "continuation"
# Of a branch that goes on as an execution of its own.
BRANCH: Final = "branch"
LEFT_BEHIND: Final = (CONTINUATION, "failure", BRANCH)


def create_snapshot(
    state: JsonObject, snapshot_type: str, context: Context | None = None
) -> JsonObject:
    """Return the bag with `<type>_snapshot_s3_path`, the path of a snapshot of it.

    Args:
        state: the bag.
        snapshot_type: `pre` or `post`.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: another type, or no bucket or execution to write to.
    """
    if snapshot_type not in SNAPSHOT_TYPES:
        known = " or ".join(SNAPSHOT_TYPES)
        raise InvalidRequestError(f"snapshot_type must be {known}", field="snapshot_type")
    with unit_of_work(serving("create_snapshot", context), state) as unit:
        path = write_snapshot(state, snapshot_type, unit)
        return universal_sync_core(state, {f"{snapshot_type}_snapshot_s3_path": path})


def write_snapshot(state: JsonObject, snapshot_type: str, unit: UnitOfWork) -> str:
    """Return the path of a snapshot of the bag, stored when the call ends.

    The snapshot is a function of the bag alone, so a call that is made again leaves no second
    one. It holds pointers, never another copy of what S3 has.
    """
    fits = len(encode(state)) <= unit.settings.bound_bytes
    bag = state if fits else optimize_and_offload(state)
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

    It is the bag of the execution that made it, and so are the objects that it points to. Another
    execution that takes it up says so beside them, and they stay for as long as it needs them.

    Args:
        s3_path: what `create_snapshot` left in the bag.
        context: may carry `execution_id`, of the execution that takes it up; without it nobody but
            the execution whose snapshot it is does.

    Raises:
        InvalidRequestError: the path is no text; or the workflow ended so long ago that its state
            is being deleted.
        PointerNotAllowedError, MissingObjectError, ChecksumMismatchError: it cannot be read.
        MalformedPointerError: the path leads to something else.
    """
    if type(s3_path) is not str:
        message = f"the path of a snapshot is a text, not a {type(s3_path).__name__}"
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
            begin_work(owner, taken_up_by, field="s3_path")
    known = (*SNAPSHOT_TYPES, *LEFT_BEHIND)
    if type(snapshot) is not dict or snapshot.get("snapshot_type") not in known:
        raise MalformedPointerError("this is no snapshot", path=s3_path)
    bag: Json = snapshot.get("state_data")
    if type(bag) is not dict:
        raise MalformedPointerError("this is a snapshot without a bag", path=s3_path)
    return bag


def _another(execution_id: Json, owner: str | None) -> str | None:
    """Return the execution that takes up a snapshot of another, or None where it is its own.

    An id that is no ARN was given by somebody who calls the package by hand, and reads its own.
    """
    if type(execution_id) is not str or execution_id == owner:
        return None
    are_executions = machine_of(execution_id) is not None and machine_of(owner or "") is not None
    return execution_id if are_executions else None
