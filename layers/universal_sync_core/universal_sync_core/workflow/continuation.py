"""Going on in another execution: when the history is nearly full, or after a failure.

A branch that forks or maps goes on in its own execution, which its parent starts and awaits.
"""

from typing import Final

from universal_sync_core.bag.execution_budget import USED, begun_apart
from universal_sync_core.bag.fields import CHAIN, ITEMS, STOPPED_BY, is_branch, with_fields
from universal_sync_core.bag.next_action import CONTINUE, STOPS
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.ingestion.control_fields import checked
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.maps.unfinished_map import entered_again, without_unfinished
from universal_sync_core.packs.places import named_by
from universal_sync_core.retention.members import begin_work
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.workflow.failure import SNAPSHOT_OF_RECORD, is_failure_record
from universal_sync_core.workflow.owners import require_same_owner, tenant_of
from universal_sync_core.workflow.snapshot import (
    BRANCH,
    CONTINUATION,
    restore_snapshot,
    write_snapshot,
)

RESUME_FROM: Final = "resume_from"
# The state machine puts here the execution that started a branch's own execution and awaits it. The
# console links the two.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
STARTED_BY: Final = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
_DIGEST_CHARS: Final = 16
# The state machine appends a dash and a digest to the name of a branch's own execution.
_APPENDED_CHARS: Final = 41


def hand_over(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return the name and the input for starting the next execution: `{"name", "resume_from"}`.

    Both depend only on the bag, so a repeated call returns the same name, and Step Functions starts
    an execution of that name once.

    Args:
        state: the bag to go on with. For a branch's own execution the name is shorter, so that the
            state machine can append to it.
        context: may carry `execution_id`.
    """
    with unit_of_work(context, state) as unit:
        is_apart = is_branch(state)
        path = write_snapshot(state, BRANCH if is_apart else CONTINUATION, unit)
        digest = (digest_in(path) or "")[:_DIGEST_CHARS]
        first = (unit.objects.execution_id or "").rsplit(":", 1)[-1]
        most = STEP_FUNCTIONS_NAME_CHARS - (_APPENDED_CHARS if is_apart else 0)
        name = f"{first[: most - 1 - len(digest)]}-{digest}"
        separator = unit.settings.tenant_separator
        if separator and tenant_of(name, separator) != tenant_of(first, separator):
            message = "the name of the next execution would not begin with the tenant of this one"
            raise InvalidRequestError(message, field="execution_id")
        return {"name": name, RESUME_FROM: path}


def resumed_bag(
    execution_input: JsonObject, context: Context, *, counters: JsonObject
) -> JsonObject:
    """Return the bag of an earlier execution, ready to go on where it stopped.

    It stays the bag of the execution that began it: `execution_id`, and so the place of its
    objects, do not change. If a result ended the workflow, the segment that returned it runs again;
    a group, a map or a wait that failed is entered again. If too many items of a map failed, only
    those run again, unless other items are given. First, a mark beside the state says that this
    execution needs it. The bag of a branch goes on as its own execution, and its parent joins the
    end.

    Args:
        execution_input: `resume_from` is the path of a failure record or of a snapshot. The fields
            beside it are merged like those of a result, for instance a higher `loop_limit`.
        context: must carry the `execution_id` of the new execution, which is added to
            `execution_chain`.
        counters: fields that the state machine reads, for a bag that was made without it.

    Raises:
        InvalidRequestError: there is no state to go on with.
        PointerNotAllowedError: this execution must not go on with that state.
        MissingObjectError, ChecksumMismatchError: the state cannot be read.
        MalformedPointerError: the path leads to something other than a record or snapshot.
    """
    path: Json = execution_input[RESUME_FROM]
    if type(path) is not str:
        raise InvalidRequestError("resume_from must be a string", field=f"input.{RESUME_FROM}")
    owner, execution_id = execution_in(path), context["execution_id"]
    if owner is not None:
        settings = runtime.current().settings
        require_same_owner(owner, execution_id, settings, field=f"input.{RESUME_FROM}")
    bag = counters | _left_at(path, is_awaited=STARTED_BY in execution_input)
    bag |= begun_apart(bag) if is_branch(bag) else {USED: 0}
    if owner is not None and owner != execution_id:
        begin_work(path, owner, execution_id, field=f"input.{RESUME_FROM}")
    apart = {RESUME_FROM, *([STARTED_BY] if is_branch(bag) else [])}
    given = {name: value for name, value in execution_input.items() if name not in apart}
    own = {"execution_id": owner, "merge_strategy": {CHAIN: "append"}}
    with unit_of_work({**context, **own, "action": "init"}, bag) as unit:
        bag = _restarted(bag, given, unit)
        is_first = CHAIN not in with_fields(bag, {CHAIN}, unit.pages)
        chain = {CHAIN: [owner, execution_id] if is_first else [execution_id]}
        return universal_sync_core(bag, given | chain)


def _left_at(path: str, *, is_awaited: bool) -> JsonObject:
    """Return the bag of a snapshot, or of the snapshot that a failure record names.

    A branch's bag is joined by the execution that awaits it, so no other execution may go on with
    it.
    """
    with unit_of_work(None, {"execution_id": execution_in(path)}) as unit:
        with named_by(f"input.{RESUME_FROM}"):
            unit.objects.require_allowed(path)
        # Anybody can put a record of any execution where inputs are.
        if unit.objects.can_write and not path.startswith(unit.objects.home):
            message = f"input.{RESUME_FROM}: must be a path where executions keep their state"
            raise PointerNotAllowedError(message, field=f"input.{RESUME_FROM}")
        document: Json = unit.document(path)
        bag = restore_snapshot(
            _snapshot_in(document, path) if is_failure_record(document) else path
        )
    if is_branch(bag) and not (is_awaited and document.get("snapshot_type") == BRANCH):
        message = "the record is a branch's: resume the workflow, which runs its branches again"
        raise InvalidRequestError(message, field=f"input.{RESUME_FROM}")
    if execution_in(path) is None or bag.get("execution_id") != execution_in(path):
        raise MalformedPointerError("the snapshot belongs to another execution", path=path)
    return checked(bag, "snapshot")


def _snapshot_in(record: JsonObject, path: str) -> str:
    """Return the path of the snapshot that a failure record names."""
    snapshot: Json = record.get(SNAPSHOT_OF_RECORD, False)
    if snapshot is None:
        message = "the execution failed before its first bag: start it again with its own input"
        raise InvalidRequestError(message, field=f"input.{RESUME_FROM}")
    if type(snapshot) is not str:
        raise MalformedPointerError("the record does not name a snapshot", path=path)
    return snapshot


def _restarted(bag: JsonObject, given: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag without the stop that a result, or the failed items of a map, caused."""
    if bag.get("next_action") not in STOPS:
        return without_unfinished(bag) if ITEMS in given else bag
    open_ended = {name: value for name, value in bag.items() if name not in ("status", STOPPED_BY)}
    again = entered_again(open_ended | {"next_action": CONTINUE}, unit)
    return without_unfinished(again) if ITEMS in given else again
