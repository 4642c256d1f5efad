"""What an execution did, step by step: each state it entered, and what became of the bag there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from statebag.budgets import expanded
from statebag.executions.executions import Event, bag_in, text_of
from statebag.state.tree import bag_size
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.values.codec import Json, JsonObject, decode
from universal_sync_core.values.pointer import recognise

_ENTERED: Final = "StateEntered"
_EXITED: Final = "StateExited"
_WAITING: Final = ".waitForTaskToken"
_ITERATION: Final = "MapIterationStarted"
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
_SCHEDULED: Final = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_SUBMITTED: Final = "TaskSubmitted"
_LAMBDA: Final = "lambda"
_EXECUTIONS: Final = "states"
_FAILURES: Final = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
    "MapRunFailed": "mapRunFailedEventDetails",
}


@dataclass(slots=True, kw_only=True)
class Step:
    """One state, entered once.

    Attributes:
        number: counts the steps of one execution, from 1.
        state: its name.
        kind: its type: Task, Choice, Map, ...
        first_event: id of the event that entered it.
        depth: how many maps or parallels it is inside of.
        iteration: which item of the innermost map it works on.
        input_bytes: size of what came in.
        output_bytes: size of what went on; None while it runs, or where it failed.
        without_offload: bytes of what went on if nothing were in S3; of what came in until then.
        offloaded: bytes that pointers stand for that were not in the bag before.
        tries: of its task.
        invocations: tries that called a Lambda function.
        started: the execution that its task started last and waits for, or None.
        function: that its task called last, as the definition names it.
        is_waiting: whether its task waits for a token, and does nothing meanwhile.
        error: the last error of a try.
        cause: of that error.
        gave_up: whether no further try followed that error.
        next_action: where its bag says to go.
        bag: the bag after it, or the one it was given.
        given: the document that came in.
        gave: the document that went on.
    """

    number: int
    execution_arn: str
    state: str
    kind: str
    entered: datetime
    first_event: int
    parent: "Step | None" = None
    iteration: int | None = None
    left: datetime | None = None
    input_bytes: int = 0
    output_bytes: int | None = None
    without_offload: int = 0
    offloaded: int = 0
    tries: int = 0
    invocations: int = 0
    started: str | None = None
    function: str | None = None
    is_waiting: bool = False
    error: str | None = None
    cause: str | None = None
    gave_up: bool = False
    next_action: str | None = None
    bag: JsonObject | None = None
    given: Json = None
    gave: Json = None

    @property
    def depth(self) -> int:
        """How many maps or parallels it is inside of."""
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def retries(self) -> int:
        """Further tries of its task."""
        return max(0, self.tries - 1)

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it runs."""
        return (self.left - self.entered).total_seconds() if self.left else None

    def let_go(self) -> None:
        """Keep no document: a long history has thousands of them."""
        self.bag = self.given = self.gave = self.cause = None

    def describe(self) -> JsonObject:
        """Return all but the documents, as JSON."""
        return {
            "step": self.number,
            "execution": self.execution_arn,
            "state": self.state,
            "kind": self.kind,
            "depth": self.depth,
            "iteration": self.iteration,
            "entered": self.entered.isoformat(),
            "seconds": self.seconds,
            "input_bytes": self.input_bytes,
            "output_bytes": self.output_bytes,
            "without_offload_bytes": self.without_offload,
            "offloaded_bytes": self.offloaded,
            "retries": self.retries,
            "error": self.error,
            "next_action": self.next_action,
            "started": self.started,
        }


def steps_of(events: Iterable[Event], execution_arn: str) -> Iterator[Step]:
    """Yield the steps of an execution when they are over, those still open at the end.

    Args:
        events: the history, oldest first.
        execution_arn: whose it is.
    """
    history = Course(execution_arn)
    for event in events:
        step = history.take(event)
        if step is not None:
            yield step
    yield from history.open


class Course:
    """Follows each event to the step it belongs to.

    An event names the one before it on its own branch, so the steps of a map's iterations are told
    apart however they are mixed in the history.
    """

    def __init__(self, execution_arn: str) -> None:
        self._arn = execution_arn
        self._step_of: dict[int, Step | None] = {}
        self._after_exit: set[int] = set()
        self._iteration_of: dict[int, int] = {}
        self._open: dict[int, Step] = {}
        self._count = 0

    @property
    def open(self) -> list[Step]:
        """Return the steps that were entered and not left."""
        return list(self._open.values())

    def take(self, event: Event) -> Step | None:
        """Note an event; return the step that it ends."""
        before = event.get("previousEventId", 0)
        around = self._around(before)
        if event["type"].endswith(_ENTERED):
            self._step_of[event["id"]] = self._enter(event, before, around)
            return None
        step = around
        if event["type"].endswith(_EXITED):
            name = event["stateExitedEventDetails"]["name"]
            step = self._step_of.get(before)
            while step is not None and step.state != name:
                step = step.parent
            self._after_exit.add(event["id"])
        self._step_of[event["id"]] = step
        if step is None:
            return None
        if event["type"] == _ITERATION:
            self._iteration_of[event["id"]] = event["mapIterationStartedEventDetails"]["index"]
        _note(step, event)
        return self._open.pop(step.number, None) if event["type"].endswith(_EXITED) else None

    def _around(self, before: int) -> Step | None:
        """Return the step that an event after `before` is in, if it is not that step's own exit."""
        step = self._step_of.get(before)
        return step.parent if step is not None and before in self._after_exit else step

    def _enter(self, event: Event, before: int, around: Step | None) -> Step:
        self._count += 1
        previous = self._step_of.get(before)
        iteration = self._iteration_of.get(before)
        if before in self._after_exit and previous is not None:
            iteration = previous.iteration
        details = event["stateEnteredEventDetails"]
        step = Step(
            number=self._count,
            execution_arn=self._arn,
            state=details["name"],
            kind=event["type"].removesuffix(_ENTERED),
            entered=event["timestamp"],
            first_event=event["id"],
            parent=around,
            iteration=iteration,
        )
        self._open[step.number] = step
        text = text_of(event) or "null"
        step.input_bytes = len(text.encode(errors="surrogatepass"))
        step.given = decode(text.encode(errors="surrogatepass"), path=details["name"])
        _see(step, step.given)
        return step


def _note(step: Step, event: Event) -> None:
    """Add what an event tells to its step."""
    if event["type"].endswith(_EXITED):
        text = (text_of(event) or "null").encode(errors="surrogatepass")
        step.left = event["timestamp"]
        step.output_bytes = len(text)
        step.gave = decode(text, path=step.state)
        _see(step, step.gave, gave=True)
    elif event["type"] in _SCHEDULED:
        step.tries += 1
        step.gave_up = False
        step.function = _function_in(event)
        details = event.get("taskScheduledEventDetails", {})
        step.invocations += details.get("resourceType", _LAMBDA) == _LAMBDA
        step.is_waiting = details.get("resource", "").endswith(_WAITING)
    elif event["type"] == _SUBMITTED:
        step.started = _started_in(event)
    elif event["type"] in _FAILURES:
        details = event.get(_FAILURES[event["type"]], {})
        step.error, step.cause = details.get("error") or event["type"], details.get("cause")
        step.gave_up = True


def _function_in(event: Event) -> str | None:
    """Return the Lambda function that a task calls, or None where it calls something else."""
    direct: str | None = event.get("lambdaFunctionScheduledEventDetails", {}).get("resource")
    given = event.get("taskScheduledEventDetails", {}).get("parameters")
    if direct or given is None:
        return direct
    parameters = decode(given.encode(errors="surrogatepass"), path="parameters")
    name = parameters.get("FunctionName") if type(parameters) is dict else None
    return name if isinstance(name, str) else None


def _started_in(event: Event) -> str | None:
    """Return the execution that a task has started, or None where it started something else."""
    details = event["taskSubmittedEventDetails"]
    if details.get("resourceType") != _EXECUTIONS:
        return None
    told = decode((details.get("output") or "null").encode(errors="surrogatepass"), path="output")
    arn = told.get("ExecutionArn") if type(told) is dict else None
    return arn if isinstance(arn, str) else None


def _see(step: Step, document: Json, *, gave: bool = False) -> None:
    """Note the bag in what a step got or gave."""
    bag = bag_in(document)
    if bag is None:
        return
    if gave:
        known = {pointer.at for pointer in pointers_in(step.bag, expanded, recognise)}
        given = pointers_in(bag, expanded, recognise)
        new = {each.at: each.size for each in given if each.at not in known}
        step.offloaded = sum(new.values())
    step.bag = bag
    step.without_offload = bag_size(bag)
    said = bag.get("next_action")
    step.next_action = said if isinstance(said, str) else None
