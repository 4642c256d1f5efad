"""Runs of one seed: the same every time, replayed with a trace, and shrunk."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation import (  # noqa: F401 - they register steps
    actions,
    apart,
    collecting,
    documents,
    groups,
    held,
    mapped,
    moving,
    retiring,
    stopping,
    timers,
    waiting,
    workers,
)
from tests.simulation.containers import deployed
from tests.simulation.counters import Counters
from tests.simulation.flows import begin
from tests.simulation.steps import STEPS, Step
from tests.simulation.world import Flow, SimulationError, World

_WORKFLOWS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A seed that has failed.

    Attributes:
        step: in which it did.
        error: what did not hold.
    """

    seed: int
    step: int
    error: SimulationError


def _silent(_: str) -> None:
    """Trace nothing."""


def run_seed(
    seed: int,
    steps: int,
    *,
    counters: Counters | None = None,
    skipped: AbstractSet[int] = frozenset(),
    trace: Callable[[str], None] = _silent,
) -> Failure | None:
    """Take the steps of a seed; return what failed, or None.

    Each step has a random number generator of its own, drawn from that of the seed, so that the
    others are the same where one is skipped.
    """
    of_seed = Random(seed)
    world = World(Random(of_seed.getrandbits(64)), counters or Counters(), trace)
    with deployed(world.clock, world.states, world.bus):
        for number in range(steps):
            draw = Random(of_seed.getrandbits(64))
            if number in skipped:
                continue
            world.draw = draw
            try:
                _take_step(world, number)
            except SimulationError as error:
                return Failure(seed=seed, step=number, error=error)
    return None


def _take_step(world: World, number: int) -> None:
    if len(world.flows) < _WORKFLOWS:
        world.trace(f"{number}: begin")
        begin(world)
        return
    flow = world.draw.choice(world.flows)
    chosen = _chosen(world.draw, flow)
    world.trace(f"{number}: {chosen.run.__name__} of {flow.owner.rsplit(':', 1)[-1]} ({flow.mode})")
    chosen.run(world, flow)


def _chosen(draw: Random, flow: Flow) -> Step:
    possible = [step for step in STEPS if step.mode in ("any", flow.mode)]
    return draw.choices(possible, [step.weight for step in possible])[0]


def shrink(seed: int, steps: int, tell: Callable[[str], None]) -> tuple[Failure, list[int]] | None:
    """Return the failure of a seed, and the steps without which it does not happen."""
    found = run_seed(seed, steps)
    if found is None:
        return None
    skipped: frozenset[int] = frozenset()
    size = max(1, found.step // 2)
    while size:
        for start in range(0, found.step, size):
            more = skipped | set(range(start, min(start + size, found.step)))
            if more == skipped:
                continue
            again = run_seed(seed, found.step + 1, skipped=more)
            if again is not None and again.error.kind == found.error.kind:
                found, skipped = again, frozenset(more)
                tell(f"{found.step + 1 - len(skipped)} steps")
        size //= 2
    return found, [number for number in range(found.step + 1) if number not in skipped]
