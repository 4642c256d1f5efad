"""Starting an execution that goes on where another stopped."""

import hashlib
import shlex
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.members import members_of
from statebag.account.places import place_of
from statebag.errors import RefusedError
from statebag.executions.executions import (
    SUCCEEDED,
    Execution,
    Executions,
    is_execution_arn,
    machine_of,
)
from statebag.sources.failures import read_record
from universal_sync_core.limits import STEP_FUNCTIONS_NAME_CHARS
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import JsonObject, canonical, encode
from universal_sync_core.workflow.continuation import RESUME_FROM, STARTED_BY

_DIGEST_CHARS: Final = 16


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

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"{self.machine_arn.replace(':stateMachine:', ':execution:', 1)}:{self.name}"


def start_from(
    path: str,
    changes: JsonObject,
    name: str | None = None,
    machine_arn: str | None = None,
    *,
    is_fork: bool = False,
) -> Start:
    """Return the start that goes on from a snapshot or a failure record.

    Args:
        path: of the snapshot or record.
        changes: fields that are merged into the bag.
        name: of the new execution; None for one that follows from the path or, of a fork, from
            the path and the changes.
        machine_arn: the state machine to start; None for that of the path's execution.
        is_fork: whether the execution itself may have gone on from there.

    Raises:
        RefusedError: the path names no state of an execution.
    """
    owner = execution_in(path) or ""
    machine = machine_arn or machine_of(owner)
    if machine is None:
        hint = "`statebag snapshots` lists the paths to go on from."
        raise RefusedError(f"this is not the state of an execution: {path}", hint=hint)
    given = changes | {RESUME_FROM: path}
    forked = hashlib.sha256(canonical(given)).hexdigest()
    digest = forked if is_fork else digest_in(path) or ""
    suffix = f"-{'fork' if is_fork else 'resumed'}-{digest[:_DIGEST_CHARS]}"
    known = owner.rsplit(":", 1)[-1][: STEP_FUNCTIONS_NAME_CHARS - len(suffix)]
    return Start(owner=owner, machine_arn=machine, name=name or f"{known}{suffix}", input=given)


def left_by(cloud: Cloud, execution: Execution) -> str | None:
    """Return the path of what an execution that failed has left, or None where nothing is yet.

    Raises:
        RefusedError: it still runs, or has succeeded, or is a branch of another.
    """
    parent = parent_of(execution)
    if parent is not None:
        command = f"statebag resume {shlex.quote(parent)}"
        hint = f"Resume that execution, which runs its branches again: {command}"
        raise RefusedError(f"{execution.name} is a branch of another execution", hint=hint)
    if execution.is_running:
        hint = "Stop it first: aws stepfunctions stop-execution."
        raise RefusedError(f"{execution.name} still runs", hint=hint)
    if execution.status == SUCCEEDED:
        hint = (
            "To go on from an earlier state, give ARN#N, the state after step N of"
            " `statebag timeline`, or a path from `statebag snapshots`."
        )
        raise RefusedError(f"{execution.name} has succeeded", hint=hint)
    record = read_record(cloud, execution)
    return record[0] if record else None


def parent_of(execution: Execution) -> str | None:
    """Return the execution of which this one says that it is a branch, or None.

    Whoever starts an execution may say by whom. A branch is of the same state machine.
    """
    parent = execution.input.get(STARTED_BY) if type(execution.input) is dict else None
    is_own = isinstance(parent, str) and machine_of(parent) == execution.machine_arn
    return parent if is_own else None


def resumed_as(cloud: Cloud, path: str) -> str | None:
    """Return an execution that already went on from a path, whatever its name is.

    It has the name that follows from the path, or has left a mark beside the state.
    """
    start, place = start_from(path, {}), place_of(path)
    if _went_on_from(cloud, start.arn, path):
        return start.arn
    marked = members_of(cloud, place, [start.owner]).get(start.owner, ()) if place else ()
    arns = [arn for arn in marked if is_execution_arn(arn) and arn != start.arn]
    return next((arn for arn in arns if _went_on_from(cloud, arn, path)), None)


def _went_on_from(cloud: Cloud, arn: str, path: str) -> bool:
    execution = Executions(cloud.states).known(arn)
    given = execution.input if execution else None
    return type(given) is dict and given.get(RESUME_FROM) == path


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
        raise RefusedError(f"{start.name} has already run", hint=hint) from error
    return started["executionArn"]
