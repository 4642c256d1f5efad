"""Metrics besides those of every action, each in its own line of the log.

CloudWatch reads them from the log in the embedded metric format; `service` is one of their
dimensions:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from universal_sync_core.retention.terms import Outcome

NAMESPACE: Final = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "UniversalSyncCore")

# A waiting state ends an hour after its last heartbeat, so this leaves a quarter of an hour to act.
# CloudWatch accepts values up to two hours ahead.
CALLBACK_DUE_AFTER: Final = timedelta(minutes=45)


def count_failure(error: Exception) -> None:
    """Count a failure by the name of its class."""
    _emit("ErrorsByName", 1, error=type(error).__name__)


def count_callback_request(requested_at: str, *, is_due: bool) -> None:
    """Count a callback, and write a metric ahead of time for when it has waited too long.

    Args:
        requested_at: when, in ISO 8601.
        is_due: whether it needs an answer or a heartbeat within an hour; callbacks of jobs do not.
    """
    _emit("CallbacksRequested", 1)
    if is_due:
        _emit("CallbacksDue", 1, at=_due(requested_at))


def count_callback_answer(requested_at: str, *, is_due: bool) -> None:
    """Count an answer and its waiting time, and cancel the metric that was written ahead of time.

    If the sum at a moment is above zero, there are callbacks that nobody has answered by then.

    Args:
        requested_at: when, in ISO 8601.
        is_due: as for the request.
    """
    now, due = datetime.now(UTC), _due(requested_at)
    waited = now - (due - CALLBACK_DUE_AFTER)
    _emit("CallbacksAnswered", 1)
    _emit("CallbackWait", waited.total_seconds(), unit=MetricUnit.Seconds)
    if is_due and now < due:
        _emit("CallbacksDue", -1, at=due)


def count_callback_expiry() -> None:
    """Count a callback that nobody answered in time."""
    _emit("CallbacksExpired", 1)


def count_deletion(outcome: "Outcome") -> None:
    """Count what the daily deletion has deleted, and what it did not finish."""
    _emit("WorkflowsDeleted", len(outcome.workflows))
    _emit("ObjectsDeleted", outcome.objects)
    _emit("BytesDeleted", outcome.size, unit=MetricUnit.Bytes)
    _emit("RetentionUnfinished", len(outcome.failed) + outcome.is_cut_short)


def _due(requested_at: str) -> datetime:
    return datetime.fromisoformat(requested_at) + CALLBACK_DUE_AFTER


def _emit(
    name: str,
    value: float,
    *,
    unit: MetricUnit = MetricUnit.Count,
    at: datetime | None = None,
    **dimensions: str,
) -> None:
    with single_metric(
        name=name, unit=unit, value=value, namespace=NAMESPACE, default_dimensions=dimensions
    ) as metric:
        if at is not None:
            metric.set_timestamp(at)
