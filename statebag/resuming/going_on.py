"""The command with which a failed execution goes on, and what has to change before it helps."""

import json
import shlex
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.executions.executions import Execution
from statebag.resuming.restarts import can_restart, redrive_command
from universal_sync_core.bag.awaited_job import JOB
from universal_sync_core.values.codec import JsonObject

START_AGAIN: Final = "Start it again, with an input that the first state accepts."
_LOOP_LIMIT: Final = "loop_limit"
# The stage; without a record, the error.
_AT_LIMIT: Final = {"loop_limit", "LoopLimitReached"}
_REVISION: Final = "state_revision"
_AT_JOB: Final = "async"
_OF_JOB: Final = "Job."
_NEW_JOB: Final = "ID-OF-THE-NEW-RUN"


def way_on(
    cloud: Cloud, execution: Execution, error: str, record: JsonObject, bag: JsonObject | None
) -> str | None:
    """Return the command that goes on, or what to do instead; None where that cannot be told.

    Args:
        cloud: where it runs.
        execution: the one that failed.
        error: its name.
        record: of its failure; empty without one.
        bag: the last good one, if there is one.
    """
    try:
        is_restarted = can_restart(cloud, execution.machine_arn)
    except ClientError:  # it is gone, or not for this role to see
        return None
    if not is_restarted:
        return redrive_command(execution.arn)
    if bag is None or not has_begun(bag):
        return START_AGAIN
    changes = "".join(
        f" --set {shlex.quote(f'{name}={json.dumps(value)}')}"
        for name, value in _needed(record, error, bag).items()
    )
    return f"statebag resume {execution.arn}{changes}"


def has_begun(bag: JsonObject) -> bool:
    """Tell whether a bag is one to go on from: before the first state there is only its id."""
    return _REVISION in bag


def _needed(record: JsonObject, error: str, bag: JsonObject) -> JsonObject:
    """Return fields without which an execution would end at once in the same way."""
    stage = record.get("stage", error)
    limit = bag.get(_LOOP_LIMIT)
    if stage in _AT_LIMIT and type(limit) is int:
        return {_LOOP_LIMIT: 2 * limit}
    # The end of a job is kept: who waits for the same one is answered with it again.
    return {JOB: _NEW_JOB} if stage == _AT_JOB and error.startswith(_OF_JOB) else {}
