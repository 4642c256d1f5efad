"""Steps of a workflow that waits for a time."""

from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulation import results
from tests.simulation.flows import settle_mode, take_result
from tests.simulation.steps import step
from tests.simulation.world import Branch, Flow, World

if TYPE_CHECKING:
    from tests.simulation.comparing import Plain


@step("run", 3)
def wait(world: World, flow: Flow) -> None:
    """A segment waits for a time, and runs again or goes to where it says."""
    result: Plain = {"status": "WAIT"} | results.time_to_wait(world.draw, world.clock.wall)
    if world.draw.random() < 0.3:
        result["next_segment_to_run"] = world.draw.randrange(4)
    take_result(world, flow, "sync", "execution_result", result)


@step("timer", 10)
def let_the_wait_end(world: World, flow: Flow) -> None:
    """The Wait state ends, and the state behind it says where to go."""
    until = datetime.fromisoformat(flow.bag["wait_state"]["until"])
    world.clock.sleep(max(0.0, (until - world.clock.wall).total_seconds()))
    end_wait(flow)
    settle_mode(flow)


def end_wait(target: Flow | Branch) -> None:
    """Go on as a bag says that is to go on when a wait is over."""
    if target.plain["next_action"] != "WAIT":
        return
    target.bag = target.bag | {"next_action": target.bag["wait_state"]["then"]}
    target.plain = target.plain | {"next_action": target.plain["wait_state"]["then"]}
