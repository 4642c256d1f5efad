"""The executions that worked on one bag after each other: continued, or resumed after a failure."""

from collections.abc import Iterator
from typing import Final

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
    owner, seen = owner_of(execution), {execution.arn}
    for arn in _noted(executions, execution):
        before = executions.known(arn) if arn not in seen else None
        seen.add(arn)
        if before is not None and owner_of(before) == owner:
            yield before
    found: Execution | None = execution
    while found is not None:
        yield found
        seen.add(found.arn)
        successor = continued_as(found)
        is_new = successor is not None and successor not in seen
        machine = found.machine_arn
        found = executions.known(successor) if is_new else None
        found = found if found is not None and found.machine_arn == machine else None


def continued_as(execution: Execution) -> str | None:
    """Return the ARN of the execution that this one was continued as, or None."""
    told = execution.output.get(_CONTINUED_AS) if type(execution.output) is dict else None
    if type(told) is not dict:
        return None
    arn, name = told.get("execution_arn"), told.get("name")
    if isinstance(arn, str):
        return arn
    return f"{execution.arn.rsplit(':', 1)[0]}:{name}" if isinstance(name, str) else None


def owner_of(execution: Execution) -> str:
    """Return the execution whose bag this one works on: itself, or the one that began it."""
    resumed = execution.input.get(RESUME_FROM) if type(execution.input) is dict else None
    return (execution_in(resumed) if isinstance(resumed, str) else None) or execution.arn


def _noted(executions: Executions, execution: Execution) -> list[str]:
    """Return the chain up to this execution, as its bag notes it."""
    if owner_of(execution) == execution.arn:
        return []
    bag = execution.bag or executions.last_bag(execution.arn) or {}
    noted = bag.get(CHAIN)
    known = noted if type(noted) is list else [owner_of(execution)]
    before = known[: known.index(execution.arn)] if execution.arn in known else known
    return [arn for arn in before if isinstance(arn, str)]
