"""The states an execution visited, each with the size of its payload, and without its bag."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from statebag.account.log_groups import LogGroups
from statebag.executions.links import Logs, logs_of
from statebag.executions.timeline import Step
from statebag.output.masking import Masking
from statebag.report.documents import Documents
from universal_sync_core.values.codec import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One state, entered once.

    Attributes:
        index: its position among the visits of the whole report, from 0.
        number: its number among the steps of its own execution, as `statebag timeline` has it.
        execution: position of its execution in the chain.
        parent: number of the map or parallel that it is inside of.
        payload: bytes that went on, or came in where nothing did.
        without_offload: what the payload would be if nothing were in S3.
        left: when it was over; None while it runs.
        logs: of the function that its task called.
        given: the beginning of the document that came in; empty where the page has enough of them.
        gave: the same of the one that went on.
    """

    index: int
    number: int
    execution: int
    state: str
    kind: str
    entered: datetime
    parent: int | None
    depth: int
    iteration: int | None
    seconds: float | None
    payload: int
    without_offload: int
    offloaded: int
    retries: int
    error: str | None
    next_action: str | None
    left: datetime | None = None
    logs: Logs | None = None
    given: str = ""
    gave: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether an error ended it; another was tried again, or caught."""
        return self.kind == "Fail" or (self.error is not None and self.seconds is None)


def visits_of(chain: Iterable[Iterable[Step]], mask: Masking, groups: LogGroups) -> list[Visit]:
    """Return the visits of executions that followed each other, in the order they were entered.

    The documents of the steps are measured and let go: a long history has many.

    Args:
        chain: the steps of each execution.
        mask: what is not to be shown of their documents.
        groups: tell where their functions log.
    """
    visits: list[Visit] = []
    documents = Documents(mask)
    for position, steps in enumerate(chain):
        visited = (_visit(step, position, documents, groups) for step in steps)
        own = sorted(visited, key=lambda visit: visit.number)
        start = len(visits)
        visits += [replace(visit, index=start + index) for index, visit in enumerate(own)]
    return visits


def _visit(step: Step, execution: int, documents: Documents, groups: LogGroups) -> Visit:
    payload = step.input_bytes if step.output_bytes is None else step.output_bytes
    elsewhere = step.without_offload - len(encode(step.bag)) if step.bag is not None else 0
    given = documents.told(step.given)
    gave = documents.told(step.gave) if step.left else ""
    step.let_go()
    return Visit(
        index=0,
        number=step.number,
        execution=execution,
        state=step.state,
        kind=step.kind,
        entered=step.entered,
        parent=step.parent.number if step.parent else None,
        depth=step.depth,
        iteration=step.iteration,
        seconds=step.seconds,
        payload=payload,
        without_offload=payload + max(elsewhere, 0),
        offloaded=step.offloaded,
        retries=step.retries,
        error=documents.masked(step.error),
        next_action=step.next_action,
        left=step.left,
        logs=logs_of(step.execution_arn, step, groups),
        given=given,
        gave=gave,
    )
