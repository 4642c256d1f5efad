"""A worker's metrics for CloudWatch: lines of its log in the embedded metric format.

They are written only on Lambda, under the stack whose state machine called the worker.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from universal_sync_core.errors import StateSyncError
from universal_sync_core.pipe.fullness import percent_of_bound
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import Json, JsonObject, encode

NAMESPACE: Final = "UniversalSyncCore"
# The name of the stack's state machine ends in this, after the name of the stack.
_OF_STACK: Final = "-state-data"
# arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME
_MACHINE_PART: Final = 6


@contextmanager
def measuring_errors(execution_id: Json) -> Iterator[None]:
    """Count errors of this package by the name of their class."""
    try:
        yield
    except StateSyncError as error:
        dimensions = {"error": type(error).__name__}
        _emit("ErrorsByName", 1, "Count", execution_id, dimensions)
        raise


def measure_bag(bag: JsonObject) -> None:
    """Measure how much of its bound a merged bag takes."""
    percent = percent_of_bound(bag)
    if percent is not None:
        _emit("BagPercentOfBound", percent, "Percent", bag.get("execution_id"), {})


def _emit(
    name: str, value: float, unit: str, execution_id: Json, dimensions: dict[str, str]
) -> None:
    service = _service_of(execution_id)
    function = runtime.current().settings.lambda_function
    if service is None or function is None:
        return
    named = {**dimensions, "service": service}
    group = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(named)],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    told = {"Timestamp": time.time_ns() // 10**6, "CloudWatchMetrics": [group]}
    # An alarm on the metric does not say which execution it is about.
    about = {"function": function, "execution_id": execution_id}
    line = encode({"_aws": told, **named, **about, name: value})
    sys.stdout.write(f"{line.decode()}\n")


def _service_of(execution_id: Json) -> str | None:
    """Return the `service` of an execution's metrics: the name of its stack."""
    parts = execution_id.split(":") if type(execution_id) is str else []
    return parts[_MACHINE_PART].removesuffix(_OF_STACK) if len(parts) > _MACHINE_PART else None
