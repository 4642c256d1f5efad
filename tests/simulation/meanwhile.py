"""What happens at a request of something else: another container or an operator is at work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.core.meanwhile import At
from tests.simulation.world import World


def at_request(world: World, most: int, happens: Callable[[], object]) -> At:
    """Return what lets something happen before one of the first requests, in its own weather."""

    def beside() -> None:
        before = world.last, world.containers, world.meanwhile, world.states.weather
        # A container has one invocation at a time.
        world.containers = [each for each in world.containers if each is not world.last]
        world.meanwhile = None
        happens()
        world.last, world.containers, world.meanwhile, weather = before
        world.states.weather = world.bus.weather = weather

    return At(world.draw.randrange(most), beside)


@contextmanager
def during(world: World, at: At) -> Iterator[None]:
    """Count the requests of all invocations, until it has happened."""
    world.meanwhile = at
    yield
    world.meanwhile = None
