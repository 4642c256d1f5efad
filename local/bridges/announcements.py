"""Events put on EventBridge can be read back, and go to no rule that has a schedule in its place.

To moto a rule without a pattern matches every event.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from moto.events.models import EventsBackend, Rule


def install(stack: ExitStack, record: Callable[[dict[str, Any]], None]) -> None:
    """Hand every entry of PutEvents to `record` as well."""
    original = EventsBackend.put_events

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers = original(self, events)
        for event, answer in zip(events, answers, strict=True):
            if "ErrorCode" not in answer:
                record(event)
        return answers

    send = Rule.send_to_targets

    def send_to_targets(self: Rule, *event: Any, **options: Any) -> None:
        if not self.scheduled_expression:
            send(self, *event, **options)

    stack.enter_context(patch.object(EventsBackend, "put_events", put_events))
    stack.enter_context(patch.object(Rule, "send_to_targets", send_to_targets))
