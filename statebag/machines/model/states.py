"""A machine, its scopes, states and edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from statebag.machines.model.services import Service
from statebag.machines.text.nodes import Node
from statebag.machines.values.expressions import EMPTY, WHOLE_DOCUMENT, Expression, Read

# The outputs of the children, as they are.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
COMPACT: Final = "COMPACT"


class Edge(Enum):
    """How an edge leaves a state."""

    NEXT = "Next"
    DEFAULT = "Default"
    CHOICE = "Choice"
    CATCH = "Catch"
    END = "End"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """One way out of a state.

    Attributes:
        edge: what kind of.
        target: the state it leads to; None at the end of the scope.
        node: the name of the target in the text, or the value of `End`.
        output: the document behind it.
        assigns: variables that are set on the way.
    """

    edge: Edge
    target: str | None
    node: Node | None
    output: Expression
    assigns: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a service.

    Attributes:
        service: what is called.
        arguments: what it is given.
        function: of Lambda, its name or ARN as it stands in the definition.
        payload: of Lambda, the event of the handler.
        document: what the action `offload` is given; None of any other call.
    """

    service: Service
    arguments: Expression
    function: str | None = None
    payload: Expression | None = None
    document: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """The bodies of a Map or Parallel state.

    Attributes:
        scopes: the body of a Map, the branches of a Parallel.
        is_map: whether it is a Map.
        is_distributed: whether its children are executions of their own.
        writes_results: whether a ResultWriter takes the results to S3.
        transformation: what becomes of results that are not taken there.
        items: what a Map goes over; None where they come from a reader.
        entry: the document of a body, made of `%item` or of the state's own.
        is_batched: whether a child is given a batch of items.
    """

    scopes: "tuple[Scope, ...]"
    is_map: bool
    is_distributed: bool = False
    writes_results: bool = False
    transformation: str = COMPACT
    items: Expression | None = None
    entry: Expression = WHOLE_DOCUMENT
    is_batched: bool = False

    @property
    def is_written_out(self) -> bool:
        """Whether the end of a body is written into something that knows no pointer."""
        return self.writes_results or self.transformation != COMPACT


@dataclass(slots=True, kw_only=True, eq=False)
class State:
    """One state.

    Attributes:
        name: in its scope.
        path: names from the machine down to it.
        kind: `Type` of it.
        node: its text.
        is_jsonata: whether it is written in JSONata.
        reads: what it reads in place itself.
        made: what it makes, also where nobody looks at it: a path that is not there ends it.
        call: of a Task.
        fan: of a Map or Parallel.
        exits: ways out of it.
    """

    name: str
    path: tuple[str, ...]
    kind: str
    node: Node
    is_jsonata: bool
    reads: tuple[Read, ...] = ()
    made: tuple[Expression, ...] = ()
    call: Call | None = None
    fan: Fan | None = None
    exits: tuple[Exit, ...] = ()

    @property
    def title(self) -> str:
        """Its name with those of the states around it."""
        return " / ".join(self.path)

    @property
    def is_end(self) -> bool:
        """Whether its scope can end behind it."""
        return any(exit_.target is None for exit_ in self.exits)


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """The states of a machine, of the body of a Map, or of a branch.

    Attributes:
        path: names of the states around it.
        node: its text.
        start: name of its first state.
        states: by name, in the order of the text.
        is_jsonata: its query language.
    """

    path: tuple[str, ...]
    node: Node
    start: str
    states: dict[str, State]
    is_jsonata: bool

    def walk(self) -> Iterator[State]:
        """Yield all states, those inside others behind them."""
        for state in self.states.values():
            yield state
            for scope in state.fan.scopes if state.fan else ():
                yield from scope.walk()

    def scope_of(self, state: State) -> "Scope":
        """Return the scope that a state stands in, which is this one or inside it."""
        return next(scope for scope in self.scopes() if scope.path == state.path[:-1])

    def scopes(self) -> "Iterator[Scope]":
        """Yield this scope and all inside it."""
        yield self
        for state in self.states.values():
            for scope in state.fan.scopes if state.fan else ():
                yield from scope.scopes()


__all__ = ["EMPTY", "Call", "Edge", "Exit", "Fan", "Scope", "State"]
