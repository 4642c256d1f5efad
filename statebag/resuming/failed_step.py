"""The step of a failed execution that is to blame, as its history shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.executions.endings import has_full_history
from statebag.executions.executions import Execution, Executions
from statebag.executions.timeline import Step, steps_of
from statebag.output.rendering import counted
from statebag.sources.failures import Explanation, explanation_of
from universal_sync_core.values.codec import JsonObject

_RESERVED: Final = "States."
_FAIL: Final = "Fail"
# These call nothing: what becomes of them is settled by their input and the definition.
_SETTLED: Final = {"Choice", "Pass", "Succeed", "Wait"}
_FAILED: Final = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """An error that the definition caught, after which the execution ended with another one."""

    step: Step
    told: Explanation

    def lines(self) -> list[str]:
        """Return the error with its message, and where it came up."""
        message = ": ".join(text for text in (self.step.error, self.told.message) if text)
        return [message, f"in {place_of_step(self.step)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStep:
    """Where an execution failed.

    Attributes:
        step: where its error came up, else the one that it ended in; None where neither is known.
        has_document: whether `statebag show` can show what the step was given.
        caught: the last error that came up before, where none of the steps raised its own.
        fails_again: why redriving would only fail in the same way; None where it may help.
    """

    step: Step | None = None
    has_document: bool = False
    caught: Caught | None = None
    fails_again: str | None = None


def failed_step_of(cloud: Cloud, execution: Execution, error: str) -> FailedStep:
    """Return the step a task of which ended with this error, else the one it ended in.

    Of several, it is the last whose cause is the execution's own: what handles an error may fail
    with the same one, such as the state that records a failure while S3 refuses all writes.
    """
    raised: Step | None = None
    rank = (False, 0)
    ended_in: Step | None = None
    caught: Caught | None = None
    documents: set[int] = set()
    is_deliberate = False
    for step in steps_of(Executions(cloud.states).events(execution.arn), execution.arn):
        if step.bag is not None:
            documents.add(step.number)
        cause = step.cause
        step.let_go()
        own = (cause == execution.cause, step.number)
        if _is_same(step.error, error) and own > rank:
            raised, rank = step, own
        is_over = step.left is not None or execution.status == _FAILED
        if step.gave_up and is_over and (caught is None or step.number > caught.step.number):
            caught = Caught(step=step, told=explanation_of(cause))
        # A Fail state is where an execution ends, and not why.
        if step.kind == _FAIL:
            is_deliberate = is_deliberate or step.parent is None
        elif step.left is None:
            ended_in = _later(step, ended_in)
    caught = None if raised else caught
    found = raised or ended_in or (caught.step if caught else None)
    return FailedStep(
        step=found,
        has_document=found is not None and found.number in documents,
        caught=caught,
        fails_again=(
            "it ended in a Fail state, which redriving would only enter again"
            if is_deliberate
            else _settled_by(execution, found, error)
        ),
    )


def _settled_by(execution: Execution, step: Step | None, error: str) -> str | None:
    """Return why a step would fail again, or None where something else may change its outcome."""
    is_own = execution.status == _FAILED and error.startswith(_RESERVED)
    if step is None or step.kind not in _SETTLED or not is_own or has_full_history(execution):
        return None
    return f"{step.state} would fail again, with the same input and the same definition"


def last_step_with(
    cloud: Cloud, execution: Execution, is_wanted: Callable[[JsonObject], bool]
) -> int | None:
    """Return the number of the last step whose bag is wanted, those of branches apart."""
    numbers = [0]
    for step in steps_of(Executions(cloud.states).events(execution.arn), execution.arn):
        if step.parent is None and step.bag is not None and is_wanted(step.bag):
            numbers.append(step.number)
        step.let_go()
    return max(numbers) or None


def place_of_step(step: Step) -> str:
    """Return the name and number of a step, and how often its task was tried."""
    tried = f", after {counted(step.tries, 'try', 'tries')}" if step.tries else ""
    return f"{step.state}, step {step.number}{tried}"


def _is_same(raised: str | None, error: str) -> bool:
    return (raised or "").removeprefix(_RESERVED) == error.removeprefix(_RESERVED)


def _later(step: Step, other: Step | None) -> Step:
    return step if other is None or step.number > other.number else other
