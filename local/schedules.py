"""Schedules of the stack, which run when they are asked to: the local cloud's clock does not."""

from collections.abc import Iterator
from typing import NamedTuple

from moto.events.models import events_backends

from .clients import ACCOUNT, REGION


class Scheduled(NamedTuple):
    """A call that a schedule makes."""

    function: str
    payload: str


def scheduled_calls() -> Iterator[Scheduled]:
    """Yield what the rules with a schedule call, and with what.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
    """
    for bus in events_backends[ACCOUNT][REGION].event_buses.values():
        for rule in bus.rules.values():
            if rule.scheduled_expression:
                for target in rule.targets:
                    yield Scheduled(target["Arn"], target.get("Input") or "{}")
