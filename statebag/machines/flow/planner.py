"""Where a document passes the limit, and who may offload it there while the bounds are found."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from statebag.machines.flow.shapes import Shape
from statebag.machines.model.states import Exit, Scope, State
from statebag.machines.values.paths import Step

Values: TypeAlias = dict[Step, Shape]


class Place(Enum):
    """What of a state passes the limit."""

    ARGUMENTS = "arguments"
    ANSWER = "answer"
    OUTPUT = "output"
    LOOP = "loop"
    BODY = "body"
    VARIABLES = "variables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A place where an execution can end in States.DataLimitExceeded.

    Attributes:
        place: what of the state.
        size: how large it can be.
        step: of a loop, what one round adds.
        exit: of an output, the edge.
        variable: of a loop, what grows if it is a variable and not the document.
    """

    place: Place
    size: int
    step: int = 0
    exit: Exit | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a state does to bounds.

    Attributes:
        values: behind each of its exits.
        excesses: where it passes the limit.
        answer: what it is answered.
        ends: of a Map or Parallel, the document at the end of each body.
    """

    values: tuple[tuple[Exit, Values], ...]
    excesses: tuple[Excess, ...]
    answer: Shape | None = None
    ends: tuple[Shape, ...] = ()


class Planner(Protocol):
    """Offloads documents at some places, and may choose places while the bounds are found."""

    def entering(self, state: State, values: Values) -> Values:
        """Return the values with which a state begins."""

    def ending(self, scope: Scope, document: Shape) -> Shape:
        """Return the document with which a scope ends."""

    def mend(self, state: State, values: Values, outcome: Outcome) -> bool:
        """Deal with what passes the limit; tell whether the state has to be looked at again."""


class RestartError(Exception):
    """The plan has changed for a state in a loop: its scope is looked at again."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A plan to which nothing is added; without one, nothing is offloaded."""

    plan: Planner | None = None

    def entering(self, state: State, values: Values) -> Values:
        """Return the values with which a state begins."""
        return self.plan.entering(state, values) if self.plan else values

    def ending(self, scope: Scope, document: Shape) -> Shape:
        """Return the document with which a scope ends."""
        return self.plan.ending(scope, document) if self.plan else document

    def mend(self, state: State, values: Values, outcome: Outcome) -> bool:  # noqa: ARG002 - the planner's
        """Leave all as it is."""
        return False
