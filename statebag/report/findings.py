"""Everything that a page says about an execution: outcome, visits, state, history, failures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from statebag.account.aws import Cloud
from statebag.account.log_groups import LogGroups
from statebag.errors import NotFoundError
from statebag.executions.chain import chain_of
from statebag.executions.executions import SUCCEEDED, Execution, Executions
from statebag.executions.timeline import Step, steps_of
from statebag.output.masking import Masking
from statebag.output.terminal import Advance
from statebag.paths import Steps
from statebag.report.excerpt import Node, excerpt_of
from statebag.report.visits import Visit, visits_of
from statebag.resuming.postmortem import Fact, postmortem_of
from statebag.sources.entries import between, length_of
from statebag.sources.failures import explanation_of
from statebag.sources.sources import Source, open_source
from universal_sync_core.errors import PointerNotAllowedError, StoredDataError
from universal_sync_core.values.codec import Json, encode

FAILED: Final = "failed_segments"
CONFLICTS: Final = "branch_conflicts"
_HISTORY_SHOWN: Final = 200
_FAILED_SHOWN: Final = 200
_CONFLICTS_SHOWN: Final = 200
# A page about what is damaged is wanted all the more.
_DAMAGE: Final = (StoredDataError, PointerNotAllowedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The elements of a list that the page carries.

    Attributes:
        items: masked elements with their positions.
        total: how many there are.
        unreadable: the error's name, where the list could not be read.
    """

    items: Sequence[tuple[int, Json]] = ()
    total: int = 0
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is known of an execution, and of those it continues and was continued as.

    Attributes:
        asked: the ARN that was asked for.
        executions: the chain, in order.
        state: what the page carries of the final or newest state; None where none is known.
        unreadable: the error's name, where there is a state that could not be read.
        failure: why the last of them failed; empty where it did not.
        inline_bytes: what the state takes in the payload.
        segments_run: as the bag counts them.
    """

    asked: str
    executions: Sequence[Execution]
    visits: Sequence[Visit]
    state: Node | None = None
    unreadable: str | None = None
    state_source: str = ""
    failure: Sequence[Fact] = ()
    inline_bytes: int = 0
    segments_run: int | None = None
    history: Listing = field(default_factory=Listing)
    failed: Listing = field(default_factory=Listing)
    conflicts: Listing = field(default_factory=Listing)
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def last(self) -> Execution:
        """The execution that the others led to."""
        return self.executions[-1]


def findings_of(
    cloud: Cloud, arn: str, mask: Masking, chosen: Sequence[Steps], advance: Advance
) -> Findings:
    """Return what is to be told of an execution.

    Args:
        cloud: where it runs.
        arn: of the execution.
        mask: what is not to be shown.
        chosen: paths of parts of the state to carry as much as possible of.
        advance: is told of each step of an execution that was read.
    """
    executions = Executions(cloud.states)
    chain = list(chain_of(executions, executions.describe(arn)))
    steps = (_steps(executions, each, advance) for each in chain)
    visits = visits_of(steps, mask, LogGroups(cloud))
    told = [
        replace(
            each,
            input=None,
            output=None,
            error=mask.masked(each.error),
            cause=mask.masked(explanation_of(each.cause).message),
        )
        for each in chain
    ]
    known = Findings(
        asked=arn, executions=told, visits=visits, failure=_failure(cloud, chain[-1], mask)
    )
    try:
        source = open_source(cloud, chain[-1].arn)
    except NotFoundError:
        return known
    except _DAMAGE as error:
        return replace(known, unreadable=type(error).__name__)
    known = replace(
        known,
        state=excerpt_of(source, mask, chosen),
        state_source=chain[-1].arn,
        inline_bytes=len(encode(source.value)),
    )
    if not source.is_bag:  # the output of a machine that has none
        return known
    segments = source.bag.get("loop_counter")
    return replace(
        known,
        segments_run=segments if type(segments) is int else None,
        history=_history(source, mask),
        failed=_listing(source, mask, FAILED, _FAILED_SHOWN),
        conflicts=_listing(source, mask, CONFLICTS, _CONFLICTS_SHOWN),
    )


def _failure(cloud: Cloud, last: Execution, mask: Masking) -> Sequence[Fact]:
    if last.is_running or last.status == SUCCEEDED:
        return ()
    return list(postmortem_of(cloud, last).facts(mask))


def _steps(executions: Executions, execution: Execution, advance: Advance) -> Iterator[Step]:
    for step in steps_of(executions.events(execution.arn), execution.arn):
        advance(1)
        yield step


def _history(source: Source, mask: Masking) -> Listing:
    total = 0
    try:
        total = length_of(source)
        entries = between(source, max(0, total - _HISTORY_SHOWN), total)
    except _DAMAGE as error:
        return Listing(total=total, unreadable=type(error).__name__)
    return Listing(
        items=[(entry.position, mask.masked(entry.value)) for entry in entries][::-1], total=total
    )


def _listing(source: Source, mask: Masking, name: str, shown: int) -> Listing:
    """Return the first elements of a list in the bag."""
    total = 0
    try:
        part = source.tree.at((name,))
        total = (part.count or 0) if part.kind == "list" else 0
        members = source.tree.members(part, 0, min(shown, total))
        values = [source.tree.whole(member) for member in members]
    except NotFoundError:
        return Listing()
    except _DAMAGE as error:
        return Listing(total=total, unreadable=type(error).__name__)
    masked = [(at, mask.masked(value, (name,))) for at, value in enumerate(values)]
    return Listing(items=masked, total=total)
