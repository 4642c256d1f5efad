"""Events that AWS services send, for the functions that rules lead to.

moto has no such events, gives none to functions, and takes from anybody what only a service says.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""

import json
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.utils import EventTemplateParser

from ..clients import ACCOUNT, REGION
from .lambda_functions import get_function
from .patches import Original, around

_BUS = "default"
_OF_SERVICES = "aws."

Invoke = Callable[[LambdaFunction, bytes], None]


def install(stack: ExitStack) -> None:
    """Refuse events that say they are from a service."""

    @around(stack, EventsBackend, "put_events")
    def put_events(
        original: Original, self: EventsBackend, events: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        allowed = [each for each in events if not _is_forged(each)]
        answers = iter(original(self, allowed) if allowed else [])
        return [_REFUSAL if _is_forged(each) else next(answers) for each in events]


_REFUSAL = {
    "ErrorCode": "NotAuthorizedForSourceException",
    "ErrorMessage": "Not authorized for the source.",
}


def _is_forged(entry: dict[str, Any]) -> bool:
    return str(entry.get("Source", "")).startswith(_OF_SERVICES)


def deliver(event: dict[str, Any], invoke: Invoke) -> None:
    """Give an event to the functions that rules lead to.

    Args:
        event: its `source`, `detail-type` and `detail`, and what else it is not to have from here.
        invoke: runs a function without waiting for it.
    """
    now = datetime.now(UTC)
    whole: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        **event,
    }
    for rule in events_backends[ACCOUNT][REGION].event_buses[_BUS].rules.values():
        # A rule with a schedule has no pattern, which would match anything.
        if not rule.scheduled_expression and rule.event_pattern.matches_event(whole):
            _tell(rule, whole, now, invoke)


def _tell(rule: Rule, event: dict[str, Any], now: datetime, invoke: Invoke) -> None:
    # moto's templates ask for it.
    timed: Any = event | {"ingestion-time": now.isoformat()}
    for target in rule.targets:
        if ":lambda:" not in target["Arn"]:
            continue
        transformer = target.get("InputTransformer", {})
        told: Any = event
        if transformer:
            told = EventTemplateParser.parse(
                input_template=transformer["InputTemplate"],
                input_paths_map=transformer.get("InputPathsMap", {}),
                event=timed,
            )
        invoke(get_function(target["Arn"]), json.dumps(told).encode())
