"""The daily deletion in the function: it works on S3, and asks Step Functions about executions."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config

import measures
from executions import ends
from services import clients
from services.calls import Failure, attempt, called
from universal_sync_core.errors import (
    ConfigurationError,
    InvalidRequestError,
    StoreAccessDeniedError,
)
from universal_sync_core.limits import STEP_FUNCTIONS_REDRIVABLE_DAYS, is_state_machine
from universal_sync_core.retention.daily import DailyDeletion
from universal_sync_core.retention.ended import UNKNOWN, EndedExecution, LastState, write_record
from universal_sync_core.retention.inventory import S3Inventory
from universal_sync_core.retention.standing import Standing, standing_at
from universal_sync_core.retention.terms import MOST_DAYS, MapRun, Terms
from universal_sync_core.storage import runtime
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from contract.answers import DeletionAnswer
    from contract.models import DeleteEndedEvent
    from universal_sync_core.retention.terms import Outcome

T = TypeVar("T")
LEAST_DAYS: Final = STEP_FUNCTIONS_REDRIVABLE_DAYS + 1
_RUNNING: Final = {"RUNNING", "PENDING_REDRIVE"}
# What an execution was given and gave is encrypted by the key that its state machine had then. This
# role may not use that key any more after a change of it, and never the key of another machine.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_WITHOUT_DATA: Final = "METADATA_ONLY"
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_STANDING_BY_CODE: Final = {
    "ExecutionDoesNotExist": Standing.FORGOTTEN,
    "InvalidArn": Standing.FOREIGN,
}
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
_FORGOTTEN_RUN: Final = {"ResourceNotFound"}
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
_CHILDREN_AT_ONCE: Final = 1_000
# The most names in an answer, since a person reads it.
_MOST_NAMED: Final = 100
_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=MAX_REQUESTS_AT_ONCE,
    retries={"mode": "standard", "total_max_attempts": 8},
)


class StepFunctionsExecutions:
    """What Step Functions still knows of executions."""

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        """Return how an execution stands; without permission to look at it, it counts as unseen."""
        describe = clients.stepfunctions().describe_execution
        described = attempt(describe, executionArn=execution_arn, includedData=_WITHOUT_DATA)
        if not isinstance(described, Failure):
            is_running = described["status"] in _RUNNING
            return standing_at(None if is_running else described["stopDate"], since)
        if described.code in _STANDING_BY_CODE:
            return _STANDING_BY_CODE[described.code]
        if described.kind == "denied":
            return Standing.UNSEEN
        raise described.error

    def map_run_of(self, child_arn: str) -> MapRun | None:
        """Return the run that started a child, or None if it is forgotten or unseen."""
        states = clients.stepfunctions()
        described = self._told(
            states.describe_execution, executionArn=child_arn, includedData=_WITHOUT_DATA
        )
        arn = described and described.get("mapRunArn")
        run = arn and self._told(states.describe_map_run, mapRunArn=arn)
        if not run:
            return None
        return MapRun(parent=run["executionArn"], children=lambda: _children_of(run["mapRunArn"]))

    def _told(self, operation: Callable[..., T], **asked: str) -> T | None:
        answer = attempt(operation, **asked)
        if not isinstance(answer, Failure):
            return answer
        if answer.code in _STANDING_BY_CODE or answer.code in _FORGOTTEN_RUN:
            return None
        if answer.kind == "denied":
            return None
        raise answer.error

    def record(self, execution_arn: str, owner: str) -> None:
        """Record an end with what is known; for a forgotten execution, the time counts from now."""
        if self.standing(execution_arn, datetime.now(UTC)) is Standing.FORGOTTEN:
            end = EndedExecution(arn=execution_arn, status=UNKNOWN, stopped=datetime.now(UTC))
            write_record(runtime.current(), end, LastState(owner=owner, bag={}))
        elif known := _end_of(execution_arn, owner):
            ends.record(*known)


def _end_of(execution_arn: str, owner: str) -> tuple[ends.Ended, LastState] | None:
    """Return how an execution ended and its last state, or None if it is running."""
    try:
        end = ends.ended(execution_arn)
        state = ends.left_by(end) if end else None
    except StoreAccessDeniedError:
        end = ends.ended(execution_arn, _WITHOUT_DATA)
        state = LastState(owner=owner, bag={})
    return (end, state) if end and state else None


def _children_of(map_run_arn: str) -> Iterator[str]:
    asked: dict[str, Any] = {"mapRunArn": map_run_arn, "maxResults": _CHILDREN_AT_ONCE}
    while True:
        page = called(clients.stepfunctions().list_executions, **asked)
        yield from (each["executionArn"] for each in page["executions"])
        if "nextToken" not in page:
            return
        asked["nextToken"] = page["nextToken"]


def delete_ended(event: DeleteEndedEvent) -> DeletionAnswer:
    """Delete everything of workflows that ended longer ago than the retention.

    Raises:
        ConfigurationError: the environment does not say what may be deleted.
        StoreAccessDeniedError, StoreUnavailableError: S3 cannot be reached.
    """
    terms = terms_of(os.environ, now=datetime.now(UTC), event=event)
    inventory = S3Inventory(boto3.client("s3", config=_CONFIG))
    deletion = DailyDeletion(runtime.current(), inventory, StepFunctionsExecutions(), terms)
    outcome = called(deletion.run)
    if not terms.dry_run:
        measures.count_deletion(outcome)
    return _answer(outcome, terms)


def terms_of(env: Mapping[str, str], *, now: datetime, event: DeleteEndedEvent) -> Terms:
    """Return the terms of a run; a dry run may try a shorter retention.

    Raises:
        ConfigurationError: the environment does not set them.
        InvalidRequestError: the event sets something that only the stack may set.
    """
    text = env.get("STATE_RETENTION_DAYS", "")
    if not text.isdecimal() or not LEAST_DAYS <= int(text) <= MOST_DAYS:
        allowed = f"from {LEAST_DAYS} to {MOST_DAYS:,}"
        raise ConfigurationError(f"STATE_RETENTION_DAYS must be a whole number {allowed}")
    machines = [each.strip() for each in env.get("STATE_MACHINES", "").split(",") if each.strip()]
    if not machines or not all(map(is_state_machine, machines)):
        raise ConfigurationError("STATE_MACHINES must be ARNs of state machines, with commas")
    if event.retention_days is not None and not event.dry_run:
        message = "retention_days is only for a dry_run: the stack sets what is deleted"
        raise InvalidRequestError(message, field="retention_days")
    days = int(text) if event.retention_days is None else event.retention_days
    return Terms(
        now=now,
        keep=timedelta(days=days),
        machines=frozenset(machines),
        dry_run=event.dry_run,
        most=event.most,
    )


def _answer(outcome: Outcome, terms: Terms) -> DeletionAnswer:
    kept = sorted(outcome.kept.items())[:_MOST_NAMED]
    failed = sorted(outcome.failed.items())[:_MOST_NAMED]
    return {
        "dry_run": terms.dry_run,
        "ended_before": terms.since.isoformat(),
        "deleted": {
            "workflows": len(outcome.workflows),
            "objects": outcome.objects,
            "bytes": outcome.size,
            "execution_ids": sorted(outcome.workflows)[:_MOST_NAMED],
        },
        "kept": [{"execution_id": owner, "reason": reason} for owner, reason in kept],
        "failed": [{"record": record, "error": error} for record, error in failed],
        "recorded": len(outcome.recorded),
        "is_cut_short": outcome.is_cut_short,
        "is_put_off": outcome.is_put_off,
    }
