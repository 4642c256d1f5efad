"""The Lambda handlers: they route an event to its action, and measure and report the outcome.

There are four. `lambda_handler` knows every action of a workflow. `callback_handler` knows only
`submit_callback`, for a function that the backend of a web page may invoke. `job_handler` knows
only `job_ended`, for a function that EventBridge invokes. `retention_handler` knows only
`delete_ended`, for a function that may delete.
"""

import gc

# Python looks for cycles among everything that imports make, again and again, and none is garbage:
# that took a quarter of the init.
gc.disable()

import os
import time
from collections.abc import Callable
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

import measures
import universal_sync_core as core
from actions import EVERY_ACTION, app, callback_app, jobs_app, retention_app
from contract import switches
from routing import ActionResolver
from universal_sync_core.bag.fields import unwrap
from universal_sync_core.errors import StateSyncError
from universal_sync_core.pipe.fullness import percent_of_bound
from universal_sync_core.storage import runtime
from universal_sync_core.storage.usage import UsageSnapshot
from universal_sync_core.values.codec import Json

Handler = Callable[[Any, LambdaContext], Json]

# Lambda says here where to send segments; emulators do not receive any.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_XRAY_DAEMON: Final = "AWS_XRAY_DAEMON_ADDRESS"

# The values of AWS_LAMBDA_INITIALIZATION_TYPE with which nobody waits for the import of this module
# (same page).
_AHEAD_OF_CALLS: Final = {"snap-start", "provisioned-concurrency"}

_BY_ACTION: Final = switches.METRICS_BY_ACTION

_LOGGED_CHARS: Final = 4_000

# RFC 3339: a line whose time Lambda cannot read counts as INFO, whatever level it has.
logger = Logger(use_rfc3339=True)
metrics = Metrics(namespace=measures.NAMESPACE)

if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in _AHEAD_OF_CALLS:
    # Load everything that any action uses now, and make the S3 client. It has no connection yet
    # that a snapshot could keep, and gets new credentials when the first ones are old.
    _ = runtime.current().store, [getattr(core, name) for name in core.__all__]

gc.enable()
gc.freeze()  # every call uses all of this: it is not looked at again


def traced(handler: Handler) -> Handler:
    """Return the handler in an X-Ray subsegment, or the handler itself if nothing is traced.

    Powertools loads the X-Ray SDK even if tracing is disabled, and patches every library that it
    knows; both make a cold start slower. Answers and errors are not recorded, since they are state.
    """
    disabled = os.environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in {"1", "true", "yes"}
    if disabled or _XRAY_DAEMON not in os.environ:
        return handler
    tracer = Tracer(patch_modules=["botocore"])
    wrapped: Handler = tracer.capture_lambda_handler(
        handler, capture_response=False, capture_error=False
    )
    return wrapped


@traced
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: Any, context: LambdaContext) -> Json:
    """Return the answer to an event; every failure is raised with the name of its class."""
    return _handled(app, event, context)


@traced
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def callback_handler(event: Any, context: LambdaContext) -> Json:
    """Deliver an answer to a callback and return its status; any other action is unknown here."""
    return _handled(callback_app, event, context)


@traced
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def job_handler(event: Any, context: LambdaContext) -> Json:
    """Handle the end of a job and return the outcome; any other action is unknown here."""
    return _handled(jobs_app, event, context)


@traced
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def retention_handler(event: Any, context: LambdaContext) -> Json:
    """Run the daily deletion and return the outcome; any other action is unknown here."""
    answer = _handled(retention_app, event, context)
    # RetentionAlarm sends people to this line, so LogLevel must not hide what it goes off for.
    is_unfinished = answer["failed"] or answer["is_cut_short"]
    (logger.error if is_unfinished else logger.info)("daily deletion", outcome=answer)
    return answer


def _handled(resolver: ActionResolver, event: Any, context: LambdaContext) -> Json:
    started = time.perf_counter()
    used_before = runtime.current().usage.snapshot()
    _name_action(_action(event))
    _name_execution(_execution_id(event))
    try:
        metrics.add_metric("PayloadBytesIn", MetricUnit.Bytes, core.calculate_payload_size(event))
        with runtime.current().until(context.get_remaining_time_in_millis):
            answer = resolver.resolve(event, context)
        metrics.add_metric("PayloadBytesOut", MetricUnit.Bytes, core.calculate_payload_size(answer))
        _measure_bag(answer)
    except Exception as error:
        _report(event, error)
        raise
    finally:
        _measure(started, used_before)
    return answer


def _name_action(action: str) -> None:
    """Add the action to the line of metrics, and as a dimension if the setting asks for it.

    A field of the line is free of charge, and Logs Insights can group by it.
    """
    metrics.add_metadata("action", action)
    if _BY_ACTION:
        metrics.add_dimensions(action=action, service=metrics.service or "undefined")


def _name_execution(execution_id: str | None) -> None:
    """Add the execution to the line of metrics: an alarm on them does not say which it is about."""
    if execution_id is not None:
        metrics.add_metadata("execution_id", execution_id)


def _action(event: Any) -> str:
    """Return the event's action if it is known: the dimension of a metric must not be free text."""
    action = event.get("action") if isinstance(event, dict) else None
    return action if action in EVERY_ACTION else "unknown"


def _execution_id(event: Any) -> str | None:
    """Return the id by which the rest of the execution's log is found."""
    if not isinstance(event, dict):
        return None
    state = unwrap(event.get("state_data", event.get("branch_state")))
    of_state = state.get("execution_id") if isinstance(state, dict) else None
    found = event.get("execution_id", of_state)
    return _printable(found) if isinstance(found, str) else None


def _printable(text: str) -> str:
    """Return a string that any log can carry: not too long, and without unpaired surrogates."""
    return text[:_LOGGED_CHARS].encode(errors="backslashreplace").decode()


def _report(event: Any, error: Exception) -> None:
    """Log what failed and where; a message only of the package's own errors, which has no state."""
    logger.error(
        "action failed",
        action=_action(event),
        execution_id=_execution_id(event),
        error=type(error).__name__,
        reason=str(error) if isinstance(error, StateSyncError) else None,
    )
    metrics.add_metric("Errors", MetricUnit.Count, 1)
    measures.count_failure(error)


def _measure_bag(answer: Json) -> None:
    """Measure how much of its bound the bag of an answer takes, if there is one."""
    percent = percent_of_bound(answer.get("state_data")) if isinstance(answer, dict) else None
    if percent is not None:
        metrics.add_metric("BagPercentOfBound", MetricUnit.Percent, percent)


def _measure(started: float, before: UsageSnapshot) -> None:
    usage = runtime.current().usage.snapshot().since(before)
    metrics.add_metric("BytesOffloaded", MetricUnit.Bytes, usage.bytes_written)
    metrics.add_metric("ObjectsOffloaded", MetricUnit.Count, usage.objects_written)
    metrics.add_metric("S3Requests", MetricUnit.Count, usage.requests)
    metrics.add_metric("Retries", MetricUnit.Count, usage.retries)
    if usage.items_failed:
        metrics.add_metric("ItemsFailed", MetricUnit.Count, usage.items_failed)
    milliseconds = (time.perf_counter() - started) * 1_000
    metrics.add_metric("Duration", MetricUnit.Milliseconds, milliseconds)
