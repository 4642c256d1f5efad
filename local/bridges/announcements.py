"""Events put on EventBridge can be read back, and go to no rule that has a schedule in its place.

To moto a rule without a pattern matches every event.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.events.models import EventsBackend, Rule

from .patches import Original, around


def install(stack: ExitStack, record: Callable[[dict[str, Any]], None]) -> None:
    """Hand every entry of PutEvents to `record` as well."""

    @around(stack, EventsBackend, "put_events")
    def put_events(
        original: Original, self: EventsBackend, events: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = original(self, events)
        for event, answer in zip(events, answers, strict=True):
            if "ErrorCode" not in answer:
                record(event)
        return answers

    @around(stack, Rule, "send_to_targets")
    def send_to_targets(original: Original, self: Rule, *event: Any, **options: Any) -> None:
        if not self.scheduled_expression:
            original(self, *event, **options)
