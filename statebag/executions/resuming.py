"""Starting an execution that goes on where another stopped."""

from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.deployment import manager_function
from statebag.account.manager import ask
from statebag.errors import NotFoundError, RefusedError
from statebag.executions.chain import owner_of
from statebag.executions.executions import Execution, Executions, machine_of
from statebag.executions.failures import is_own, read_record
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import JsonObject, encode
from universal_sync_core.workflow.continuation import RESUME_FROM

_DIGEST_CHARS: Final = 16
_ENDED_WELL: Final = "SUCCEEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An execution that is to be started.

    Attributes:
        owner: the execution whose state it goes on from.
        name: a function of the state, so that it is not resumed twice by mistake.
    """

    owner: str
    machine_arn: str
    name: str
    input: JsonObject


def start_from(
    path: str, changes: JsonObject, name: str | None = None, machine_arn: str | None = None
) -> Start:
    """Return the start that goes on from a snapshot or a failure record.

    Args:
        path: of the snapshot or record.
        changes: fields that are merged into the bag.
        name: of the new execution; None for one that follows from the path.
        machine_arn: the state machine to start; None for that of the path's execution.

    Raises:
        RefusedError: the path names no state of an execution.
    """
    owner = execution_in(path) or ""
    machine = machine_arn or machine_of(owner)
    if machine is None:
        hint = "`statebag snapshots` lists the paths to go on from."
        raise RefusedError(f"no state of an execution: {path}", hint=hint)
    digest = (digest_in(path) or "")[:_DIGEST_CHARS]
    known = owner.rsplit(":", 1)[-1][: STEP_FUNCTIONS_NAME_CHARS - len("-resumed-") - _DIGEST_CHARS]
    chosen = name or f"{known}-resumed-{digest}"
    return Start(owner=owner, machine_arn=machine, name=chosen, input=changes | {RESUME_FROM: path})


def left_by(cloud: Cloud, execution: Execution) -> str | None:
    """Return the path of what an execution that failed has left, or None where nothing is yet.

    Raises:
        RefusedError: it still runs, or has succeeded.
    """
    if execution.is_running:
        hint = "Stop it first: aws stepfunctions stop-execution."
        raise RefusedError(f"{execution.name} still runs", hint=hint)
    if execution.status == _ENDED_WELL:
        hint = "To go on from an earlier state, give the path of one of `statebag snapshots`."
        raise RefusedError(f"{execution.name} has succeeded", hint=hint)
    record = read_record(cloud, execution)
    return record[0] if record else None


def snapshot_newest(cloud: Cloud, execution: Execution, function: str | None) -> str:
    """Return the path of a snapshot of the newest bag, which the function makes.

    An execution that was stopped, or timed out as a whole, had no time to leave a record.

    Raises:
        NotFoundError: it had no bag of its own yet.
        RefusedError: the function made none of this workflow.
    """
    bag = Executions(cloud.states).last_bag(execution.arn)
    if bag is None or bag.get("execution_id") not in {execution.arn, owner_of(execution)}:
        hint = "Start it again with its own input."
        raise NotFoundError(f"{execution.name} had not begun", hint=hint)
    asked = function or manager_function(cloud, execution.machine_arn)
    event = {"action": "create_snapshot", "snapshot_type": "pre", "state_data": bag}
    path: str = ask(cloud, asked, event)["state_data"]["pre_snapshot_s3_path"]
    if not is_own(cloud, execution, path):
        hint = "The function is another deployment's: name the right one with --function."
        raise RefusedError(f"{asked} made a snapshot elsewhere", hint=hint)
    return path


def resumed_as(cloud: Cloud, path: str) -> str | None:
    """Return the execution that already went on from a path under the name that follows from it."""
    start = start_from(path, {})
    arn = f"{start.machine_arn.replace(':stateMachine:', ':execution:', 1)}:{start.name}"
    try:
        given = Executions(cloud.states).describe(arn).input
    except NotFoundError:
        return None
    return arn if type(given) is dict and given.get(RESUME_FROM) == path else None


def begin(cloud: Cloud, start: Start) -> str:
    """Start the execution and return its ARN.

    Raises:
        RefusedError: one of that name has run before.
    """
    try:
        started = cloud.states.start_execution(
            stateMachineArn=start.machine_arn,
            name=start.name,
            input=encode(start.input).decode(),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        hint = "It was resumed from there before. To do it again, give another --name."
        raise RefusedError(f"{start.name} has run before", hint=hint) from error
    return started["executionArn"]
