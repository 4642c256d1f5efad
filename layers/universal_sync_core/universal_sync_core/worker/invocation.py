"""One invocation of a handler: its time, what it returns, and what comes beside its event."""

from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from universal_sync_core.ingestion.asynchronous import awaited
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import JsonObject


def time_of(arguments: tuple[Any, ...]) -> AbstractContextManager[None]:
    """Bound all retries by the time that the invocation has left, if its context tells it."""
    left = getattr(_context(arguments), "get_remaining_time_in_millis", None)
    return nullcontext() if left is None else runtime.current().until(left)


def finished(result: Any) -> Any:
    """Return a handler's result, and await it first if the handler is an `async` function."""
    return awaited(result) if isinstance(result, Coroutine) else result


def beside_event(arguments: tuple[Any, ...]) -> JsonObject:
    """Return the `custom` part of the invocation's ClientContext, or an empty object.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """
    client = getattr(_context(arguments), "client_context", None)
    custom = getattr(client, "custom", None)
    return custom if type(custom) is dict else {}


def _context(arguments: tuple[Any, ...]) -> Any:
    """Return the Lambda context: the argument after the event."""
    return arguments[0] if arguments else None
