"""`statebag gc` as a step: weeks pass, and what no workflow that may go on refers to is deleted."""

from datetime import timedelta
from typing import Final

from tests.simulation.actions import end, go_on
from tests.simulation.operators import Command, is_over, over, place_of, require_kept, side_by_side
from tests.simulation.steps import step
from tests.simulation.world import Flow, World

_KEPT_DAYS: Final = 14


@step("over", 4)
def collect_garbage(world: World, flow: Flow) -> None:
    """Weeks after its end a workflow's garbage goes; somebody may go back to what is kept."""
    over(world, flow)
    world.clock.sleep(timedelta(days=world.draw.randrange(10, 40)).total_seconds())
    world.old.clear()  # no event comes after weeks
    options = ["--keep-finished", str(_KEPT_DAYS), "--delete", "--yes"]
    gc = Command(world, "gc", *place_of(world), *options)
    side_by_side(world, flow, gc, gc.look)
    world.counters.collected += len(gc.cloud.inventory.deleted)
    for each in world.flows:
        require_kept(world, each, "after gc")
    if not is_over(flow):
        return
    if flow.kept:
        path, _, plain = world.draw.choice(flow.kept)
        go_on(world, flow, path, plain)
    else:
        end(world, flow)
