"""Which state it is that needs a value: what one reader alone needs, reader by reader."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from statebag.machines.flow.liveness import IsDecorated, Liveness
from statebag.machines.model.states import Scope, State
from statebag.machines.values.expressions import Word
from statebag.machines.values.paths import Path

# What is needed at one place of a machine, such as before a state.
Place: TypeAlias = Callable[[Liveness], Mapping[Path, Word]]

# Each reader is a run of the analysis: worth it for machines that people read.
_MOST_STATES: Final = 100


@dataclass(slots=True)
class Readers:
    """Finds the reader of a path.

    Attributes:
        machine: whose states read.
        is_decorated: which handlers read pointers by themselves.
    """

    machine: Scope
    is_decorated: IsDecorated
    _alone: dict[State, Liveness] = field(default_factory=dict)

    def of(self, path: Path, place: Place) -> State | None:
        """Return the first state that needs a path of a place in place, None if it is not known."""
        states = list(self.machine.walk())
        if len(states) > _MOST_STATES:
            return None
        return next((state for state in states if self._needs(state, path, place)), None)

    def _needs(self, state: State, path: Path, place: Place) -> bool:
        if state not in self._alone:
            self._alone[state] = Liveness(self.machine, self.is_decorated, only=state)
        return any(_overlap(path, needed) for needed in _in_place(place(self._alone[state])))


def _in_place(needs: Mapping[Path, Word]) -> Iterator[Path]:
    return (path for path, word in needs.items() if word >= Word.LIST)


def _overlap(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]
