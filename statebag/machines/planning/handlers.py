"""Which Lambda handlers answer large parts as pointers: those that somebody says are decorated."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from statebag.machines.flow.bounds import DECORATED_ANSWER, WHOLE_ANSWER
from statebag.machines.flow.liveness import Liveness
from statebag.machines.model.services import Integration
from statebag.machines.model.states import Scope, State

ALL: Final = "*"
_MOST_SHOWN: Final = 10
_SUBSTITUTION: Final = re.compile(r"\$\{(?:aws_lambda_function\.)?([^{}.]++)[^{}]*+\}")
_FUNCTION_NAME: Final = re.compile(r"(?:.*:function:)?(?P<name>[^:]+)(?::[^:]+)?")


@dataclass(frozen=True, slots=True)
class Decorated:
    """Tells decorated handlers from others.

    Attributes:
        names: of states or functions; `*` for all of lambda:invoke.
    """

    names: frozenset[str]

    @classmethod
    def named(cls, names: Iterable[str]) -> "Decorated":
        """Return those of some names."""
        return cls(frozenset(names))

    def __call__(self, state: State) -> bool:
        """Tell whether the handler that a state invokes is decorated."""
        return can_be_decorated(state) and self.names_it(state)

    def names_it(self, state: State) -> bool:
        """Tell whether a state is named; `*` names none that may not be a function."""
        is_known = state.call and state.call.service.integration is not Integration.UNKNOWN
        names = self.names if is_known else self.names - {ALL}
        return not names.isdisjoint(names_of(state))


def can_be_decorated(state: State) -> bool:
    """Tell whether a state invokes a function that can be told who owns its objects."""
    call = state.call
    return (
        call is not None
        and call.service.integration is Integration.LAMBDA
        and not call.service.waits
        and call.document is None
    )


def most_answered(state: State, liveness: Liveness) -> int:
    """Return the bytes that the decorated handler of a state may leave inline."""
    return WHOLE_ANSWER if liveness.is_read_whole(state) else DECORATED_ANSWER


def names_alone(state: State) -> bool:
    """Tell whether a state names a function, or what may be one, and nothing else."""
    alone = {Integration.LAMBDA_ARN, Integration.UNKNOWN}
    return state.call is not None and state.call.service.integration in alone


def unknown_names(decorated: Decorated, machines: Iterable[Scope]) -> Iterator[str]:
    """Yield a sentence for each name of a handler that no machine of a file calls."""
    states = [state for machine in machines for state in machine.walk()]
    callers = [state for state in states if can_be_decorated(state) or names_alone(state)]
    known = {ALL}.union(*map(names_of, callers))
    titles = ", ".join(f'"{state.title}"' for state in callers[:_MOST_SHOWN]) or "none"
    for name in sorted(decorated.names - known):
        yield (
            f"--decorated {name} names no handler here. States that call a function: {titles}."
            " Give the name of one, or of its function."
        )


def names_of(state: State) -> set[str]:
    """Return what a handler may be called by: the name of its state, function or substitution."""
    names = {ALL, state.name, state.title}
    function = state.call.function if state.call else None
    if function:
        found = _SUBSTITUTION.fullmatch(function) or _SUBSTITUTION.search(function)
        named = _FUNCTION_NAME.fullmatch(function)
        names |= {
            function,
            function.removesuffix(".Arn"),
            *([found[1]] if found else []),
            *([named["name"]] if named else []),
        }
    return names
