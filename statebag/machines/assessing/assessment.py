"""The bounds of a machine's states for one size of input, and what to do about each excess."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from statebag.machines.assessing.cost import Cost, cost_of
from statebag.machines.assessing.wording import (
    advice_of,
    described_place,
    in_place,
    limit_advice,
    when_of,
)
from statebag.machines.flow.bounds import LIMIT, Assumptions, IsDecorated
from statebag.machines.flow.growth import Growth
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.order import order_of
from statebag.machines.flow.planner import Excess, Settled
from statebag.machines.flow.readers import Readers
from statebag.machines.flow.shapes import UNBOUNDED
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.planning import Planned, plan_of
from statebag.machines.planning.refusals import read_in_place
from statebag.machines.values.paths import DOCUMENT
from universal_sync_core.values.codec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One state.

    Attributes:
        state: which.
        document: bytes of the document before it.
        adds: bytes by which the document can grow there.
        answer: bytes of what it is answered; None where it calls nothing.
        is_assumed: whether that is an assumption, since the answer has no bound.
        reads: paths that it reads in place.
        read_later: paths of its answer that later states read in place.
    """

    state: State
    document: int
    adds: int
    answer: int | None
    is_assumed: bool
    reads: tuple[str, ...]
    read_later: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "state": self.state.title,
            "type": self.state.kind,
            "calls": self.state.call.service.name if self.state.call else None,
            "document_bytes": self.document,
            "adds_bytes": self.adds,
            "answer_bytes": self.answer,
            "answer_is_assumed": self.is_assumed,
            "reads": list(self.reads),
            "read_later": list(self.read_later),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A state where an execution can end in States.DataLimitExceeded.

    Attributes:
        state: which.
        what: passes the limit.
        size: how large it can be; None where it grows without end.
        when: at how many items, rounds or bytes of answer.
        advice: what to do.
        is_refused: whether no offload state would do.
        is_following: whether an earlier state has filled the document already.
    """

    state: State
    what: str
    size: int | None
    when: str
    advice: str
    is_refused: bool
    is_following: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "state": self.state.title,
            "what": self.what,
            "size_bytes": self.size,
            "when": self.when,
            "advice": self.advice,
            "refused": self.is_refused,
            "following": self.is_following,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A machine for one size of input.

    Attributes:
        assumed: what it was assessed with.
        rows: its states, in the order in which they can be reached.
        findings: where it passes the limit.
        planned: what `adopt` would insert.
        hints: advice that no bound asks for.
    """

    assumed: Assumptions
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    planned: Planned
    hints: tuple[str, ...]

    @property
    def cost(self) -> Cost:
        """What that costs."""
        return cost_of(self.planned.plan, self.assumed)

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "input_bytes": self.assumed.input_bytes,
            "answer_bytes": self.assumed.answer_bytes,
            "items": self.assumed.items,
            "offload_states": len(self.planned.plan),
            "offload_cost": self.cost.to_json(),
            "states": [row.to_json() for row in self.rows],
            "findings": [finding.to_json() for finding in self.findings],
            "hints": list(self.hints),
        }


_MOST_HINTS: Final = 10


def assess(
    machine: Scope, assumed: Assumptions, is_decorated: IsDecorated, liveness: Liveness
) -> Assessment:
    """Return what a machine does to its document for one size of input."""
    planned = plan_of(machine, assumed, is_decorated, liveness)
    growth = Growth(assumed, is_decorated, Settled())
    growth.run(machine)
    states = [state for state in _reachable(machine) if state in growth.outcomes]
    rows = tuple(_row(state, growth, planned) for state in states)
    findings = _findings(states, growth, planned)
    hints = (
        *read_in_place(Readers(machine, is_decorated), liveness, filter(is_decorated, states)),
    )
    hints += tuple(filter(None, map(limit_advice, states)))
    return Assessment(
        assumed=assumed, rows=rows, findings=findings, planned=planned, hints=hints[:_MOST_HINTS]
    )


def _reachable(scope: Scope) -> Iterator[State]:
    for state in order_of(scope):
        yield state
        for inner in state.fan.scopes if state.fan else ():
            yield from _reachable(inner)


def _row(state: State, growth: Growth, planned: Planned) -> Row:
    before = growth.entries[state][DOCUMENT].size
    outcome = growth.outcomes[state]
    behind = max((values[DOCUMENT].size for _, values in outcome.values), default=before)
    decorated = growth.is_decorated(state)
    is_known = growth.assumed.is_bounded(state, is_decorated=decorated)
    return Row(
        state=state,
        document=before,
        adds=max(0, behind - before),
        answer=outcome.answer.size if outcome.answer else None,
        is_assumed=state.call is not None and not is_known,
        reads=in_place(state),
        read_later=planned.liveness_paths(state),
    )


def _excesses(state: State, growth: Growth) -> Iterator[Excess]:
    """Yield the worst excess of a state: one is enough to end an execution."""
    found = list(growth.outcomes[state].excesses)
    if state in growth.loops:
        found.append(growth.loops[state])
    if found:
        yield max(found, key=lambda excess: excess.size)


def _findings(states: list[State], growth: Growth, planned: Planned) -> tuple[Finding, ...]:
    """Return the findings; one whose document was full before follows from those before it."""
    found: list[Finding] = []
    for state in states:
        for excess in _excesses(state, growth):
            is_full = growth.entries[state][DOCUMENT].size >= LIMIT
            finding = _finding(state, excess, growth, planned)
            found.append(replace(finding, is_following=is_full and bool(found)))
    return tuple(found)


def _finding(state: State, excess: Excess, growth: Growth, planned: Planned) -> Finding:
    return Finding(
        state=state,
        what=described_place(state, excess),
        size=excess.size if excess.size < UNBOUNDED else None,
        when=when_of(state, excess, growth, LIMIT),
        advice=advice_of(state, planned),
        is_refused=state in planned.plan.refusals,
    )
