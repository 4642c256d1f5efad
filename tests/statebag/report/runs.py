"""Executions that never ran: their events as Step Functions tells them, their state in memory."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from statebag.output.masking import masking
from statebag.paths import Steps
from statebag.report.findings import Findings, findings_of
from tests.statebag.bucket import NOW
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from universal_sync_core import universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.values.codec import JsonObject

SECRET = "hunter2-of-the-state"  # noqa: S105 - it opens nothing
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"

# When an execution of a FakeCloud starts.
STARTED = NOW - timedelta(days=1, minutes=2)


@dataclass
class Run:
    """An execution under way: each call is an event or two, a second after the last.

    Attributes:
        bag: the newest.
        given: its input.
    """

    name: str
    cloud: FakeCloud = field(default_factory=FakeCloud)
    bag: JsonObject = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    given: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._end("RUNNING")

    @property
    def arn(self) -> str:
        return arn_of(self.name)

    def state(self, name: str, kind: str = "Task") -> Self:
        """Visit a state that leaves the bag as it is."""
        self._event(f"{kind}StateEntered", "stateEnteredEventDetails", name, "input")
        self._event(f"{kind}StateExited", "stateExitedEventDetails", name, "output")
        return self

    def sync(self, name: str, result: JsonObject, *, tries: int = 1) -> Self:
        """Visit a state that merges a result."""
        self._event("TaskStateEntered", "stateEnteredEventDetails", name, "input")
        for _ in range(tries - 1):
            self.add("TaskScheduled")
            self.add("TaskFailed", taskFailedEventDetails={"error": "StoreUnavailableError"})
        self.add("TaskScheduled")
        with runtime.use(settings=Settings(bucket=BUCKET), store=self.cloud.memory):
            self.bag = universal_sync_core(self.bag, result, {"execution_id": self.arn})
        self.bag.setdefault("execution_id", self.arn)
        self._event("TaskStateExited", "stateExitedEventDetails", name, "output")
        return self

    def calls(self, function: str) -> Self:
        """Visit a state whose task calls a function."""
        self._event("TaskStateEntered", "stateEnteredEventDetails", "RunSegment", "input")
        called = {"resource": "invoke", "parameters": json.dumps({"FunctionName": function})}
        self.add("TaskScheduled", taskScheduledEventDetails=called)
        self._event("TaskStateExited", "stateExitedEventDetails", "RunSegment", "output")
        return self

    def map(self, name: str, *states: str, items: int) -> Self:
        """Visit a map, whose iterations visit these states."""
        self._event("MapStateEntered", "stateEnteredEventDetails", name, "input")
        start = self.add("MapStateStarted")
        for index in range(items):
            details = {"name": name, "index": index}
            self.add("MapIterationStarted", start, mapIterationStartedEventDetails=details)
            for state in states:
                self.state(state)
            self.add("MapIterationSucceeded", mapIterationSucceededEventDetails=details)
        self._event("MapStateExited", "stateExitedEventDetails", name, "output")
        return self

    def succeed(self, **beside: Any) -> Self:
        return self._end("SUCCEEDED", output={"state_data": self.bag, **beside})

    def fail(self, error: str, cause: str) -> Self:
        self._event("FailStateEntered", "stateEnteredEventDetails", "FailExecution", "input")
        return self._end("FAILED", error=error, cause=cause)

    def _end(self, status: str, **told: Any) -> Self:
        self.cloud.states.add(self.name, status, input=self.given, **told)
        self.cloud.states.events[self.arn] = self.events
        return self

    def add(self, kind: str, before: int | None = None, **details: Any) -> int:
        """Add an event and return its number."""
        number = len(self.events) + 1
        event = {
            "id": number,
            "previousEventId": number - 1 if before is None else before,
            "type": kind,
            "timestamp": self._now(),
        }
        self.events.append(event | details)
        return number

    def _event(self, kind: str, details: str, name: str, way: str) -> None:
        text = json.dumps({"state_data": self.bag}, ensure_ascii=False, separators=(",", ":"))
        told: dict[str, Any] = {details: {"name": name, way: text}}
        self.add(kind, **told)

    def _now(self) -> datetime:
        return STARTED + timedelta(seconds=len(self.events))


def finished_run() -> Run:
    """A workflow that grew past what a state may carry, with a retry, failed items, conflicts."""
    run = Run("catalog-2025-11")
    run.sync("InitializeState", {"current_state": {"title": "API catalog"}, "loop_counter": 0})
    for number in range(6):
        run.state("RouteNextAction", "Choice").state("RunSegment")
        run.sync("SyncSegment", segment(number), tries=3 if number == 4 else 1)
    run.state("RouteNextAction", "Choice")
    run.map("ProcessParallelBranches", "ForkBranch", "CompleteBranch", items=3)
    run.sync("AggregateBranches", joined())
    return run.state("RouteNextAction", "Choice").state("Complete", "Succeed").succeed()


def segment(number: int) -> dict[str, object]:
    chapter = {"title": f"Chapter {number}", "text": f"{number} " * 40_000}
    entry = {"timestamp": f"2025-11-23T04:00:{number:02}Z", "step": f"write chapter {number}"}
    return {
        "current_state": {
            "report": {f"chapter {number}": chapter},
            "services": [{"name": f"service {at}", "operations": at} for at in range(900)],
            "database": {"password": SECRET, "host": "db.internal"},
            "note": HOSTILE,
        },
        "state_history": [entry],
        "loop_counter": number + 1,
    }


def joined() -> dict[str, object]:
    failed = [
        {
            "index": at,
            "input": {"name": f"service {at}"},
            "error": "TimeoutError",
            "cause": HOSTILE,
        }
        for at in range(7)
    ]
    conflict = {
        "path": "current_state.title",
        "branches": ["left", "right"],
        "strategy": "latest",
        "taken_from": "right",
    }
    return {"failed_segments": failed, "branch_conflicts": [conflict], "status": "COMPLETE"}


def findings(run: Run, *chosen: Steps) -> Findings:
    """Return what is told of a run."""
    cloud: Any = run.cloud
    return findings_of(cloud, run.arn, masking([], active=True), chosen, lambda _: None)
