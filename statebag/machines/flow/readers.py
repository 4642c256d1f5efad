"""Which state it is that needs a value: what one reader alone needs, reader by reader."""

from collections.abc import Callable, Mapping
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
        """Return the first state that needs a path of a place in place, None if it is not known.

        One that needs all of it comes before one to which a list or a scalar is enough.
        """
        states = list(self.machine.walk())
        if len(states) > _MOST_STATES:
            return None
        most = {state: self._need(state, path, place) for state in states}
        needed = [state for state in states if most[state] >= Word.LIST]
        return max(needed, key=lambda state: most[state] is Word.PLAIN, default=None)

    def _need(self, state: State, path: Path, place: Place) -> Word:
        if state not in self._alone:
            self._alone[state] = Liveness(self.machine, self.is_decorated, only=state)
        needs = place(self._alone[state])
        return max(
            (word for each, word in needs.items() if _overlap(path, each)), default=Word.REACHED
        )


def _overlap(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]
