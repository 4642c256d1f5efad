"""The plan of a machine: latest possible places first, then without those that are not needed."""

from dataclasses import dataclass, field
from typing import Final

from statebag.machines.flow.bounds import LIMIT_WITH_PAYLOAD, Assumptions, IsDecorated
from statebag.machines.flow.growth import Growth
from statebag.machines.flow.liveness import Liveness
from statebag.machines.flow.planner import Settled
from statebag.machines.model.states import Scope, State
from statebag.machines.planning.plan import Plan
from statebag.machines.values.expressions import Word
from statebag.machines.values.paths import DOCUMENT, show_path

# Trying each insertion for need is a run of the bounds: worth it for plans that people read.
_MOST_TRIED: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What to do about a machine.

    Attributes:
        plan: what to insert and what is refused.
        growth: the bounds with that.
        liveness: who reads what.
    """

    plan: Plan
    growth: Growth
    liveness: Liveness

    def liveness_paths(self, state: State) -> tuple[str, ...]:
        """Return the paths of a state's answer that later states read in place."""
        needs = self.liveness.answers.get(state, {})
        paths = sorted(show_path((DOCUMENT, *p)) for p, word in needs.items() if word >= Word.LIST)
        return tuple(paths)


def plan_of(
    machine: Scope,
    assumed: Assumptions,
    is_decorated: IsDecorated,
    liveness: Liveness | None = None,
) -> Planned:
    """Return the fewest insertions that were found to keep a machine under the limit."""
    liveness = liveness or Liveness(machine, is_decorated)
    effective = _Decorated(liveness, is_decorated)
    plan = Plan(machine, liveness)
    plan.growth = Growth(assumed, effective, plan, LIMIT_WITH_PAYLOAD)
    plan.growth.run(machine)
    _prune(plan, assumed, effective)
    return Planned(plan=plan, growth=_settled(plan, assumed, effective), liveness=liveness)


@dataclass(frozen=True, slots=True)
class _Decorated:
    """A handler whose answer is read whole in place can answer no pointer, decorated or not."""

    liveness: Liveness
    chosen: IsDecorated
    _known: dict[State, bool] = field(default_factory=dict)

    def __call__(self, state: State) -> bool:
        if state not in self._known:
            self._known[state] = self.chosen(state) and not self.liveness.is_read_whole(state)
        return self._known[state]


def _settled(plan: Plan, assumed: Assumptions, is_decorated: IsDecorated) -> Growth:
    growth = Growth(assumed, is_decorated, Settled(plan), LIMIT_WITH_PAYLOAD)
    growth.run(plan.machine)
    return growth


def _prune(plan: Plan, assumed: Assumptions, is_decorated: IsDecorated) -> None:
    """Take out what the bounds hold without: an early place may be made needless by a later one."""
    if len(plan) > _MOST_TRIED:
        return
    needed = _exceeding(_settled(plan, assumed, is_decorated))
    for chosen in (plan.before, plan.ends):
        for place in list(chosen):
            bound = chosen.pop(place)  # type: ignore[call-overload]
            if not _exceeding(_settled(plan, assumed, is_decorated)) <= needed:
                chosen[place] = bound  # type: ignore[index]


def _exceeding(growth: Growth) -> set[State]:
    states = {state for state, outcome in growth.outcomes.items() if outcome.excesses}
    return states | growth.loops.keys()
