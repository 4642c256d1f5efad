"""Step Functions and EventBridge, as far as callbacks and records ask them, in any weather."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.simulation import weather as faults
from tests.simulation.s3 import client_error, unanswered
from tests.simulation.weather import Weather

# In the place of an answer, where a try has ended without one.
OVER: Final = {"over": True}


@dataclass(kw_only=True)
class Service:
    """An API whose answers may be lost.

    Attributes:
        weather: of the attempt that is under way.
    """

    weather: Weather

    def _reach(self, operation: str) -> str | None:
        kind = self.weather.fault("call", operation)
        if kind == faults.BEFORE:
            raise unanswered(self.weather.draw, operation)
        if kind == faults.THROTTLE:
            raise client_error("ThrottlingException", 400, operation)
        if kind == faults.DENIED:
            raise client_error("AccessDeniedException", 400, operation)
        return kind

    def _answer(self, kind: str | None, operation: str) -> None:
        if kind == faults.AFTER:
            raise unanswered(self.weather.draw, operation)


@dataclass(kw_only=True)
class StepFunctions(Service):
    """Tasks that wait for a token, and executions that have ended.

    Attributes:
        waiting: answers by token, None while there is none.
        ended: what is told of an execution, by ARN, and the bags its states were given, the last
            one first.
    """

    waiting: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = field(default_factory=dict)

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:  # noqa: N803
        """Close a task with an output."""
        return self._close("SendTaskSuccess", taskToken, {"output": json.loads(output)})

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> dict[str, Any]:  # noqa: N803
        """Close a task with an error."""
        return self._close("SendTaskFailure", taskToken, {"error": error, "cause": cause})

    def send_task_heartbeat(self, *, taskToken: str) -> dict[str, Any]:  # noqa: N803
        """Keep a task open."""
        kind = self._reach("SendTaskHeartbeat")
        self._require_open("SendTaskHeartbeat", taskToken)
        self._answer(kind, "SendTaskHeartbeat")
        return {}

    def describe_execution(self, *, executionArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Tell how an execution ended."""
        kind = self._reach("DescribeExecution")
        self._answer(kind, "DescribeExecution")
        if executionArn not in self.ended:
            raise client_error("ExecutionDoesNotExist", 400, "DescribeExecution")
        stopped = datetime(2025, 11, 23, 3, 42, 13, tzinfo=UTC)
        return {"executionArn": executionArn, "stopDate": stopped, **self.ended[executionArn][0]}

    def get_execution_history(self, *, executionArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Tell what the states of an execution were given."""
        kind = self._reach("GetExecutionHistory")
        self._answer(kind, "GetExecutionHistory")
        return {"events": [_entered(bag) for bag in self.ended[executionArn][1]]}

    def _close(self, operation: str, token: str, answer: dict[str, Any]) -> dict[str, Any]:
        kind = self._reach(operation)
        self._require_open(operation, token)
        self.waiting[token] = answer
        self._answer(kind, operation)
        return {}

    def _require_open(self, operation: str, token: str) -> None:
        if self.waiting.get(token, "unknown") is not None:
            raise client_error("TaskTimedOut", 400, operation)


def _entered(bag: dict[str, Any]) -> dict[str, Any]:
    entered = {"name": "RunSegment", "input": json.dumps({"state_data": bag})}
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": entered}


@dataclass(kw_only=True)
class EventBus(Service):
    """The bus on which callbacks are announced.

    Attributes:
        announced: the details of the events.
    """

    announced: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Take events."""
        kind = self._reach("PutEvents")
        self.announced += [json.loads(entry["Detail"]) for entry in Entries]
        self._answer(kind, "PutEvents")
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}
