"""Settings that are changed on a stack that runs: do metrics go on, and is it the new version?"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from account.findings import Finding

from .checked import Checked, succeeded

PART = "settings"
_POLL_SECONDS = 10.0
_FIELD_KB = "20"
# Larger than the changed threshold, smaller than the default of 30 KB.
_FIELD_BYTES = 24_000


def check(run: Checked) -> Iterator[Finding]:
    """Change the level of the log, and then a threshold while snapshots are on."""
    yield from _metrics_at_any_level(run)
    yield from _new_version(run)


def _metrics_at_any_level(run: Checked) -> Iterator[Finding]:
    run.stack.update(LogLevel="ERROR")
    begun = datetime.now(UTC) - timedelta(minutes=1)
    yield from succeeded(PART, "with LogLevel ERROR", run.run({"current_state": {"a": 1}}))
    if not _measured(run, begun):
        yield Finding(
            part=PART,
            subject="LogLevel ERROR",
            expected="metrics go on",
            seen=f"none within {run.patience:g} seconds",
        )
    run.stack.update(LogLevel="INFO")


def _measured(run: Checked, begun: datetime) -> bool:
    deadline = time.monotonic() + run.patience
    while True:
        points = run.access.client("cloudwatch").get_metric_statistics(
            Namespace="UniversalSyncCore",
            MetricName="S3Requests",
            Dimensions=[{"Name": "service", "Value": run.stack.name}],
            StartTime=begun,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["SampleCount"],
        )["Datapoints"]
        if points or time.monotonic() > deadline:
            return bool(points)
        time.sleep(min(_POLL_SECONDS, run.patience))


def _new_version(run: Checked) -> Iterator[Finding]:
    run.stack.update(SnapStart="PublishedVersions", FieldOffloadKb=_FIELD_KB)
    functions, manager = run.access.client("lambda"), run.stack.resources()
    alias = functions.get_alias(FunctionName=manager["StateDataManagerFunction"], Name="live")
    version = functions.get_function_configuration(
        FunctionName=manager["StateDataManagerFunction"], Qualifier=alias["FunctionVersion"]
    )
    told = version["Environment"]["Variables"].get("FIELD_OFFLOAD_KB")
    if told != _FIELD_KB:
        subject = f"version {alias['FunctionVersion']} of the alias"
        yield Finding(part=PART, subject=subject, expected=f"{_FIELD_KB} KB", seen=f"{told} KB")
    execution = run.run({"current_state": {"field": "x" * _FIELD_BYTES}})
    failed = succeeded(PART, "with SnapStart", execution)
    yield from failed
    if not failed:
        field = execution.output["state_data"]["current_state"]["field"]
        if not isinstance(field, dict):
            seen = "the threshold of an earlier version"
            yield Finding(part=PART, subject="SnapStart", expected="the new threshold", seen=seen)
    run.stack.update(SnapStart="None", FieldOffloadKb="30")
