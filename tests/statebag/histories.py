"""Histories as Step Functions writes them: each event names the one before it on its branch."""

import json
from datetime import timedelta
from typing import Any

from tests.statebag.bucket import NOW


class History:
    """Events, added one after another; every one is a quarter of a second after the last.

    Attributes:
        events: those so far.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._before = 0
        self._open: list[tuple[str, str]] = []

    def add(self, kind: str, before: int | None = None, **details: Any) -> int:
        """Add an event after `before`, or after the last one, and give its id."""
        number = len(self.events) + 1
        moment = NOW + timedelta(seconds=number / 4)
        previous = self._before if before is None else before
        event = {"id": number, "previousEventId": previous, "type": kind, "timestamp": moment}
        self.events.append(event | details)
        self._before = number
        return number

    def enter(
        self, state: str, document: Any, kind: str = "Task", before: int | None = None
    ) -> int:
        self._open.append((state, kind))
        details = {"name": state, "input": json.dumps(document)}
        return self.add(f"{kind}StateEntered", before, stateEnteredEventDetails=details)

    def attempt(self, error: str | None = None, resource: str = "invoke") -> int:
        """Try the task once."""
        self.add("TaskScheduled", taskScheduledEventDetails={"resource": resource})
        if error is None:
            return self.add("TaskSucceeded")
        return self.add("TaskFailed", taskFailedEventDetails={"error": error})

    def nest(self, execution_arn: str) -> int:
        """Start another execution, and wait for its end."""
        of = {"resource": "startExecution.sync:2", "resourceType": "states"}
        self.add("TaskScheduled", taskScheduledEventDetails=of)
        started = json.dumps({"ExecutionArn": execution_arn, "StartDate": 1})
        self.add("TaskSubmitted", taskSubmittedEventDetails={**of, "output": started})
        return self.add("TaskSucceeded")

    def leave(self, document: Any, before: int | None = None) -> int:
        state, kind = self._open.pop()
        details = {"name": state, "output": json.dumps(document)}
        return self.add(f"{kind}StateExited", before, stateExitedEventDetails=details)

    def visit(self, state: str, given: Any, gave: Any, kind: str = "Task") -> "History":
        """Enter a state, try its task once, and leave it."""
        self.enter(state, given, kind)
        if kind == "Task":
            self.attempt()
        self.leave(gave)
        return self

    def iterate(self, index: int, before: int) -> int:
        """Begin an iteration of the map whose start was event `before`."""
        return self.add(
            "MapIterationStarted", before, mapIterationStartedEventDetails={"index": index}
        )


def bag(**fields: Any) -> dict[str, Any]:
    return {"state_data": {"execution_id": "x", **fields}}
