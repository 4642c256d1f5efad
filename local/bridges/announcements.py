"""Events put on EventBridge can be read back."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.events.models import EventsBackend


def install(stack: ExitStack, record: Callable[[dict[str, Any]], None]) -> None:
    """Hand every entry of PutEvents to `record` as well."""
    original = EventsBackend.put_events

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers = original(self, events)
        for event, answer in zip(events, answers, strict=True):
            if "ErrorCode" not in answer:
                record(event)
        return answers

    stack.enter_context(patch.object(EventsBackend, "put_events", put_events))
