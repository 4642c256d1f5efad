"""The executions that worked on one bag after each other: continued, or resumed after a failure."""

from collections.abc import Iterator
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.members import has_gone_on
from statebag.account.places import Place
from statebag.executions.executions import Execution, Executions
from universal_sync_core.bag.fields import CHAIN
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.workflow.continuation import RESUME_FROM

# What the last state of an execution that was continued says of the next.
_CONTINUED_AS: Final = "continued_as"


def chain_of(executions: Executions, execution: Execution) -> Iterator[Execution]:
    """Yield the executions before this one, itself, and those that continued it, in order.

    Those before are noted in the bag; an execution that was continued says in its output by which.
    One that resumed a failed execution is not known to that one. What Step Functions has
    forgotten is left out, and so is what works on another bag or machine, whatever a state says.
    """
    owner, seen = owner_told_by(execution), {execution.arn}
    for arn in _noted(executions, execution):
        before = executions.known(arn) if arn not in seen else None
        seen.add(arn)
        if before is not None and owner_told_by(before) == owner:
            yield before
    found: Execution | None = execution
    while found is not None:
        yield found
        seen.add(found.arn)
        successor = continued_as(found)
        is_new = successor is not None and successor not in seen
        found = executions.known(successor) if is_new else None
        if found is not None and not _goes_on(found, owner, execution.machine_arn):
            return


def _goes_on(successor: Execution, owner: str, machine_arn: str) -> bool:
    return owner_told_by(successor) == owner and successor.machine_arn == machine_arn


def continued_as(execution: Execution) -> str | None:
    """Return the ARN of the execution that this one was continued as, or None."""
    told = execution.output.get(_CONTINUED_AS) if type(execution.output) is dict else None
    if type(told) is not dict:
        return None
    arn, name = told.get("execution_arn"), told.get("name")
    if isinstance(arn, str):
        return arn
    return f"{execution.arn.rsplit(':', 1)[0]}:{name}" if isinstance(name, str) else None


def owner_of(cloud: Cloud, place: Place | None, execution: Execution) -> str:
    """Return the execution whose bag this one works on: itself, or the one that began it.

    Its input may name the state of anybody. What counts is the mark that it leaves at `place` when
    its first state has taken that up.
    """
    owner, arn = owner_told_by(execution), execution.arn
    is_marked = place is not None and owner != arn and has_gone_on(cloud, place, owner, arn)
    return owner if is_marked else arn


def owner_told_by(execution: Execution) -> str:
    """Return the execution whose bag this one works on, as its input says."""
    resumed = execution.input.get(RESUME_FROM) if type(execution.input) is dict else None
    return (execution_in(resumed) if isinstance(resumed, str) else None) or execution.arn


def _noted(executions: Executions, execution: Execution) -> list[str]:
    """Return the chain up to this execution, as its bag notes it."""
    if owner_told_by(execution) == execution.arn:
        return []
    bag = execution.bag or executions.last_bag(execution.arn) or {}
    noted = bag.get(CHAIN)
    known = noted if type(noted) is list else [owner_told_by(execution)]
    before = known[: known.index(execution.arn)] if execution.arn in known else known
    return [arn for arn in before if isinstance(arn, str)]
