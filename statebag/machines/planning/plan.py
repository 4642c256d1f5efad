"""Places where a document is offloaded, chosen while the bounds are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from statebag.machines.flow.growth import Growth
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.needs import Needs, under
from statebag.machines.flow.order import has_loop
from statebag.machines.flow.planner import Outcome, Place, RestartError, Values
from statebag.machines.flow.readers import Readers
from statebag.machines.flow.shapes import Shape, plain_size
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.refusals import Refusal, Refusing
from statebag.machines.values.paths import DOCUMENT
from universal_sync_core.limits import KIB

# What a document is left at, from the largest that is enough.
_BOUNDS: Final = tuple(size * KIB for size in (64, 32, 16, 8, 4, 2, 1))
# An answer without bound that lands beside the document has all the rest.
_BOUNDS_FOR_UNBOUNDED: Final = tuple(bound for bound in _BOUNDS if bound <= 8 * KIB)
_BOUND_AT_END: Final = KIB


@dataclass(slots=True)
class Plan:
    """What to insert; a planner of bounds.

    Attributes:
        machine: what it is for.
        liveness: who reads what.
        before: bounds of the documents before states.
        ends: bounds of the documents at the end of bodies and branches.
        refusals: states for which nothing can be proved, and why.
    """

    machine: Scope
    liveness: Liveness
    before: dict[State, int] = field(default_factory=dict)
    ends: dict[Scope, int] = field(default_factory=dict)
    refusals: dict[State, Refusal] = field(default_factory=dict)
    growth: Growth | None = None
    _looping: dict[State, bool] = field(default_factory=dict)
    _refusing: Refusing = field(init=False)

    def __post_init__(self) -> None:
        """Note which states stand in scopes that have loops."""
        readers = Readers(self.machine, self.liveness.is_decorated)
        self._refusing = Refusing(self.machine, self.liveness, readers)
        for scope in self.machine.scopes():
            loops = has_loop(scope)
            self._looping.update(dict.fromkeys(scope.states.values(), loops))

    def __len__(self) -> int:
        return len(self.before) + len(self.ends)

    def entering(self, state: State, values: Values) -> Values:
        """Return the values with which a state begins."""
        bound = self.before.get(state)
        if bound is None:
            return values
        needs = under(self.liveness.entries[state], DOCUMENT)
        return {**values, DOCUMENT: self._offloaded(values[DOCUMENT], needs, bound)}

    def ending(self, scope: Scope, document: Shape) -> Shape:
        """Return the document with which a scope ends."""
        bound = self.ends.get(scope)
        if bound is None:
            return document
        return self._offloaded(document, self.liveness.ends[scope], bound)

    def mend(self, state: State, values: Values, outcome: Outcome) -> bool:
        """Offload where it helps, else refuse the state; tell whether to look at it again."""
        if state in self.refusals:
            return False
        is_loop = any(excess.place is Place.LOOP for excess in outcome.excesses)
        if is_loop and self._is_told(state):
            return False
        is_mended = (
            self._mend_loop(state, values, outcome) if is_loop else self._mend_state(state, values)
        )
        if is_mended:
            if self._looping[state] and not is_loop:
                raise RestartError
            return True
        self.refusals[state] = self._refusing.of(state, values, outcome, self.refusals)
        return False

    def _is_told(self, state: State) -> bool:
        """Tell whether a loop of the same scope is refused: what it adds goes all the way round."""
        return any(
            refusal.place is Place.LOOP and refusal.state.path[:-1] == state.path[:-1]
            for refusal in self.refusals.values()
        )

    def _mend_loop(self, state: State, values: Values, outcome: Outcome) -> bool:
        """Offload on each round, unless that was tried or what grows cannot leave."""
        if state in self.before or any(excess.variable for excess in outcome.excesses):
            return False
        needs = under(self.liveness.entries[state], DOCUMENT)
        items = self._growth().assumed.items_of_any
        if plain_size(values[DOCUMENT], needs, items) > values[DOCUMENT].size // 2:
            return False
        self.before[state] = _BOUNDS[0]
        return True

    def _mend_state(self, state: State, values: Values) -> bool:
        """Offload before a state, else at the ends of its bodies, else at both."""
        ends = list(self._choices_of_ends(state, values))
        return (
            self._try_bounds(state, values, {})
            or any(self._try(state, values, None, chosen) for chosen in ends)
            or any(self._try_bounds(state, values, chosen) for chosen in ends)
        )

    def _try_bounds(self, state: State, values: Values, ends: dict[Scope, int]) -> bool:
        """Offload before a state with the largest bound that is enough, if the smallest is."""
        bounds = self._bounds(state)
        with self._trying(state, bounds[-1], ends):
            if not self._is_enough(state, values):
                return False
        return any(self._try(state, values, bound, ends) for bound in bounds)

    def _try(self, state: State, values: Values, bound: int | None, ends: dict[Scope, int]) -> bool:
        with self._trying(state, bound, ends) as trial:
            trial.is_kept = self._is_enough(state, values)
        return trial.is_kept

    def _is_enough(self, state: State, values: Values) -> bool:
        growth = self._growth()
        return not growth.step(state, self.entering(state, values)).excesses

    def _offloaded(self, document: Shape, needs: Needs, bound: int) -> Shape:
        """Return a document as `offload` leaves it: at most its bound, or what stays plain."""
        plain = plain_size(document, needs, self._growth().assumed.items_of_any)
        return document.capped(max(bound, plain))

    def _growth(self) -> Growth:
        if self.growth is None:
            raise RuntimeError
        return self.growth

    def _bounds(self, state: State) -> tuple[int, ...]:
        growth = self._growth()
        is_decorated = growth.is_decorated(state)
        is_task = state.call is not None
        if is_task and not growth.assumed.is_bounded(state, is_decorated=is_decorated):
            return _BOUNDS_FOR_UNBOUNDED
        return _BOUNDS

    def _choices_of_ends(self, state: State, values: Values) -> Iterator[dict[Scope, int]]:
        """Yield ends of bodies to offload at: the largest, the two largest, and so on."""
        if state.fan is None or state.fan.is_written_out:
            return
        _, sizes = self._growth().fanned(state, state.fan, self.entering(state, values))
        by_size = sorted(zip(sizes, state.fan.scopes, strict=True), key=lambda pair: -pair[0].size)
        chosen: dict[Scope, int] = {}
        for _, scope in by_size:
            chosen = {**chosen, scope: _BOUND_AT_END}
            yield chosen

    @contextmanager
    def _trying(
        self, state: State, bound: int | None, ends: dict[Scope, int]
    ) -> "Iterator[_Trial]":
        """Plan something, and take it back unless it is kept."""
        before, known_ends = dict(self.before), dict(self.ends)
        refusals = dict(self.refusals)
        if bound is not None:
            self.before[state] = bound
        self.ends.update(ends)
        trial = _Trial()
        try:
            yield trial
        finally:
            if not trial.is_kept:
                self.before, self.ends, self.refusals = before, known_ends, refusals


@dataclass(slots=True)
class _Trial:
    """Whether the plan is left as it is now."""

    is_kept: bool = False
