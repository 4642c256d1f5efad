"""The command with which a failed execution goes on, and what has to change before it helps."""

import json
import shlex
from collections.abc import Sequence
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.executions.executions import SUCCEEDED, Execution, Executions
from statebag.executions.naming import STEP_MARK
from statebag.resuming.failed_step import last_step_with
from statebag.resuming.restarts import can_restart, redrive_command
from statebag.resuming.starts import parent_of
from universal_sync_core.bag.awaited_job import JOB
from universal_sync_core.bag.fields import FAILED_SEGMENTS
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.control_fields import checked
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import JsonObject

START_AGAIN: Final = "Start it again, with an input that the first state accepts."
_LOOP_LIMIT: Final = "loop_limit"
_ENDLESS: Final = (
    "A worker that never says COMPLETE only stops there again; `statebag timeline` shows its steps."
)
# The stage; without a record, the error.
_AT_LIMIT: Final = {"loop_limit", "LoopLimitReached"}
_REVISION: Final = "state_revision"
_AT_JOB: Final = "async"
_OF_JOB: Final = "Job."
_NEW_JOB: Final = "ID-OF-THE-NEW-RUN"
# What has nothing to do with the input: the same one may be accepted when that is mended.
_PASSING: Final = {
    "ConfigurationError",
    "StoreAccessDeniedError",
    "StoreThrottledError",
    "StoreUnavailableError",
}
# Whoever goes on meets them again, until the objects are back.
_OF_OBJECTS: Final = {"ChecksumMismatchError", "MissingObjectError", "UnreadableObjectError"}
_VERIFIED: Final = (
    "It names the objects that are missing or damaged, and the command that brings deleted ones"
    " back. Then:"
)
_OF_LAMBDA: Final = ("Lambda.", "Runtime.", "Sandbox.")


def way_on(  # noqa: PLR0913 - all that is known of a failure
    cloud: Cloud,
    execution: Execution,
    error: str,
    record: JsonObject,
    bag: JsonObject | None,
    *,
    fails_again: str | None,
) -> Sequence[str]:
    """Return the command that goes on, what to do instead, or why that cannot be told.

    Args:
        cloud: where it runs.
        execution: the one that failed.
        error: its name.
        record: of its failure; empty without one.
        bag: the last good one, if there is one.
        fails_again: why redriving would only fail in the same way; None where it may help.
    """
    if execution.map_run_arn is not None:
        return _of_item(execution.map_run_arn)
    try:
        is_restarted = can_restart(cloud, execution.machine_arn)
    except ClientError as refusal:  # it is gone, or not for this role to see
        return [f"cannot be told: {refusal}"]
    if not is_restarted:
        return _redriven(execution, fails_again)
    whole = _whole_of(cloud, execution)
    if whole is not execution:
        return _of_branch(whole)
    return _resumed(cloud, execution, error, record, bag)


def _resumed(
    cloud: Cloud, execution: Execution, error: str, record: JsonObject, bag: JsonObject | None
) -> Sequence[str]:
    """Return how an execution goes on whose machine goes on from a state."""
    if bag is None or not has_begun(bag):
        return _begun_again(execution, error)
    if (problem := _problem_of(bag)) is not None:
        return _from_before(cloud, execution, problem)
    needed = _needed(record, error, bag)
    is_damaged = error in _OF_OBJECTS
    changes = "".join(
        f" --set {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in needed.items()
    )
    return [
        *([f"statebag verify {shlex.quote(execution.arn)}", _VERIFIED] if is_damaged else []),
        f"statebag resume {shlex.quote(execution.arn)}{changes}",
        *([_ENDLESS] if _LOOP_LIMIT in needed else []),
    ]


def _begun_again(execution: Execution, error: str) -> Sequence[str]:
    """Return how an execution is started again that failed before its first state was over."""
    if error not in _PASSING and not error.startswith(_OF_LAMBDA):
        return [START_AGAIN]
    return [_start_command(execution), "Nothing has been done yet, and its input was not refused."]


def _problem_of(bag: JsonObject) -> str | None:
    """Return why no execution can go on with a bag, or None where one can."""
    try:
        checked(bag, "state_data")
    except InvalidRequestError as error:
        return str(error)
    return None


def _from_before(cloud: Cloud, execution: Execution, problem: str) -> Sequence[str]:
    """Return how to go on from the last state before a bag with which none can go on."""
    number = last_step_with(cloud, execution, lambda bag: _problem_of(bag) is None)
    if number is None:
        return [START_AGAIN]
    command = f"statebag resume {shlex.quote(f'{execution.arn}{STEP_MARK}{number}')}"
    return [
        command,
        f"That is the last sound state. With a later one no execution goes on: {problem}.",
    ]


def undeleting(path: str) -> Sequence[str]:
    """Return the command that brings back what was deleted of the state with this object."""
    location = Location.parse(path)
    folder = shlex.quote(location.key.rsplit("/", 2)[0] + "/")
    query = "--query 'DeleteMarkers[?IsLatest].[Key,VersionId]' --output text"
    listing = f"aws s3api list-object-versions --bucket {location.bucket} --prefix {folder} {query}"
    each = f"aws s3api delete-object --bucket {location.bucket}"
    return [
        f"{listing} |",
        f'  while read -r key version; do {each} --key "$key" --version-id "$version"; done',
        "The bucket keeps deleted state for 30 days, and this brings it back.",
    ]


def _redriven(execution: Execution, fails_again: str | None) -> Sequence[str]:
    """Return how an execution goes on whose machine keeps states of its own."""
    reason = fails_again or execution.no_redrive
    if reason is None:
        return [redrive_command(execution.arn)]
    command = _start_command(execution)
    return [command, f"That runs all of it again. It cannot be redriven: {reason.rstrip('.')}."]


def _start_command(execution: Execution) -> str:
    """Return the command that starts another execution with the same input."""
    arn, machine_arn = shlex.quote(execution.arn), shlex.quote(execution.machine_arn)
    given = f"aws stepfunctions describe-execution --execution-arn {arn}"
    machine = f"aws stepfunctions start-execution --state-machine-arn {machine_arn}"
    return f'{machine} --input "$({given} --query input --output text)"'


def _whole_of(cloud: Cloud, execution: Execution) -> Execution:
    """Return the execution that a branch is of, all the way up; or itself if it is not a branch."""
    seen = {execution.arn}
    while (arn := parent_of(execution)) is not None and arn not in seen:
        seen.add(arn)
        parent = Executions(cloud.states).known(arn)
        if parent is None:
            break
        execution = parent
    return execution


def _of_branch(whole: Execution) -> Sequence[str]:
    """Return how a workflow goes on of which an execution was a branch."""
    arn = shlex.quote(whole.arn)
    if whole.is_running:
        return [f"statebag watch {arn}", "It runs on without this branch."]
    if whole.status == SUCCEEDED:
        command = f"statebag show {arn} --path {FAILED_SEGMENTS}"
        return [command, "It has succeeded without this branch."]
    return [f"statebag failure {arn}", "This is a branch of it; go on with the whole."]


def _of_item(map_run_arn: str) -> Sequence[str]:
    """Return how an execution goes on of whose Distributed Map this one was an item."""
    asked = f"aws stepfunctions describe-map-run --map-run-arn {shlex.quote(map_run_arn)}"
    whole = f'statebag failure "$({asked} --query executionArn --output text)"'
    return [whole, "This is an item of its Distributed Map; go on with the whole."]


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
