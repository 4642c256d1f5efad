"""The report on the machines of a file, or on a deployed one with its histories."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from statebag.account.aws import Cloud
from statebag.bounds import Bounds
from statebag.machines.assessing.assessment import Assessment, assess
from statebag.machines.assessing.histories import (
    Histories,
    deployed,
    histories_of,
    is_machine_arn,
)
from statebag.machines.flow.bounds import LIMIT, Assumptions
from statebag.machines.flow.liveness import Liveness
from statebag.machines.model.reading import read_machine
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.handlers import Decorated, can_be_decorated, unknown_names
from statebag.machines.planning.planning import Planned, plan_of
from statebag.machines.rewriting.arns import invoked
from statebag.machines.text.source import Source, read_file
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json

# Where nobody says how large an input is: a usual one, and the largest there can be.
SMALL_INPUT: Final = 32 * KIB
LARGEST_INPUT: Final = LIMIT
_MOST_HANDLERS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """What decorating handlers would change.

    Attributes:
        states: that call them.
        offload_states: insertions that are then needed.
        refusals: states that then cannot be helped.
    """

    states: tuple[State, ...]
    offload_states: int
    refusals: int

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "states": [state.title for state in self.states],
            "offload_states": self.offload_states,
            "refused_states": self.refusals,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What there is to say about one machine.

    Attributes:
        name: of the file, or the ARN.
        line: where its definition begins.
        assessments: for each size of input.
        handlers: those that would save something, for the smallest input.
        notes: what concerns no machine of the file: definitions that are not read, and options.
        histories: of its executions, where it is deployed.
    """

    name: str
    line: int
    assessments: tuple[Assessment, ...]
    handlers: tuple[Handler, ...]
    histories: Histories = field(default_factory=Histories)
    notes: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing passes the limit with the smallest of the inputs."""
        return not self.assessments[0].findings

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "machine": self.name,
            "line": self.line,
            "limit_bytes": LIMIT,
            "assessments": [each.to_json() for each in self.assessments],
            "handlers": [handler.to_json() for handler in self.handlers],
            "executions_seen": self.histories.executions,
            "seen": {name: seen.to_json() for name, seen in self.histories.states.items()},
        }


def reports_on(cloud: Cloud, machine: str, bounds: Bounds, executions: int) -> list[Report]:
    """Return a report on each machine of a file, or on the deployed machine of an ARN.

    Raises:
        NotFoundError: there is no such file or machine.
        RefusedError: it is not valid Amazon States Language.
    """
    source, histories = source_of(cloud, machine, executions)
    return list(_reports(source, bounds, histories))


def source_of(cloud: Cloud, machine: str, executions: int) -> tuple[Source, Histories]:
    """Return the definitions of a file or an ARN, and what the latter's executions show."""
    if not is_machine_arn(machine):
        return read_file(Path(machine)), Histories()
    source, has_histories = deployed(cloud.states, machine)
    if not has_histories:
        return source, Histories()
    return source, histories_of(cloud.states, machine, executions)


def assumptions(bounds: Bounds, histories: Histories) -> tuple[Assumptions, ...]:
    """Return what is assumed, once for each size of input."""
    known = bounds.input_bytes or histories.input_bytes
    first = Assumptions(
        input_bytes=known or SMALL_INPUT,
        answer_bytes=bounds.answer_bytes,
        items=bounds.most_items,
        seen_answers=histories.answers,
        seen_items=histories.items if bounds.items is None else {},
    )
    return (first,) if known else (first, replace(first, input_bytes=LARGEST_INPUT))


def _reports(source: Source, bounds: Bounds, histories: Histories) -> Iterator[Report]:
    decorated = Decorated.named(bounds.decorated)
    base = invoked(source, decorated)
    machines = [read_machine(text, node) for text in base.texts() for node in text.machines]
    lines = [text.line_of(node) for text in source.texts() for node in text.machines]
    notes = (*source.unread, *unknown_names(decorated, machines))
    for line, machine in zip(lines, machines, strict=True):
        each = assumptions(bounds, histories)
        liveness = Liveness(machine, decorated)
        assessments = tuple(assess(machine, assumed, decorated, liveness) for assumed in each)
        yield Report(
            name=source.name,
            line=line,
            assessments=assessments,
            handlers=tuple(handlers_that_help(machine, assessments[0].planned, each[0], decorated)),
            histories=histories,
            notes=notes,
        )


def handlers_that_help(
    machine: Scope, planned: Planned, assumed: Assumptions, decorated: Decorated
) -> Iterator[Handler]:
    """Yield what decorating each other handler alone, or all, would change for the better."""
    cost = (len(planned.plan.refusals), len(planned.plan))
    others = [state for state in machine.walk() if can_be_decorated(state) and not decorated(state)]
    alone = [(state,) for state in others[:_MOST_HANDLERS]] if cost > (0, 0) else []
    for states in [*alone, *([tuple(others)] if len(alone) > 1 else [])]:
        names = decorated.names | {state.title for state in states}
        other = plan_of(machine, assumed, Decorated(frozenset(names))).plan
        if (len(other.refusals), len(other)) < cost:
            yield Handler(states=states, offload_states=len(other), refusals=len(other.refusals))
