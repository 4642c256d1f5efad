"""Executions with what they did, each with those that its branches are."""

from collections.abc import Iterator
from dataclasses import dataclass

from statebag.executions.executions import Execution, Executions
from statebag.executions.timeline import Step, steps_of
from statebag.output.terminal import progress
from universal_sync_core.workflow.continuation import STARTED_BY


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An execution, and what it did.

    Attributes:
        execution: which.
        steps: in the order in which they were entered, without their documents.
        started_by: the step of another execution of which this is a branch, or None.
    """

    execution: Execution
    steps: tuple[Step, ...]
    started_by: Step | None = None


def run_of(executions: Executions, execution: Execution, started_by: Step | None = None) -> Run:
    """Return what an execution did, read from its history."""
    steps = []
    with progress("reading the history") as advance:
        for step in steps_of(executions.events(execution.arn), execution.arn):
            step.let_go()
            steps.append(step)
            advance(1)
    steps.sort(key=lambda step: step.number)
    return Run(execution=execution, steps=tuple(steps), started_by=started_by)


def runs_of(
    executions: Executions, execution: Execution, started_by: Step | None = None
) -> Iterator[Run]:
    """Yield an execution, then those of its branches that are executions of their own, all the way.

    A branch says in its input whose it is, and is of the same state machine. Other executions that
    a task starts are workflows of their own. What Step Functions has forgotten is left out.

    Args:
        executions: to ask.
        execution: where to begin.
        started_by: the step that started it, if it is a branch itself.
    """
    run = run_of(executions, execution, started_by)
    yield run
    for step in run.steps:
        branch = executions.known(step.started)
        if branch is not None and _is_branch(branch, execution):
            yield from runs_of(executions, branch, step)


def _is_branch(branch: Execution, execution: Execution) -> bool:
    whose = branch.input.get(STARTED_BY) if type(branch.input) is dict else None
    return whose == execution.arn and branch.machine_arn == execution.machine_arn
