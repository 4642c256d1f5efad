"""Steps of an operator who holds a workflow: it stops wherever it is, until it is released."""

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from tests.simulation.groups import running_in
from tests.simulation.operators import Command
from tests.simulation.services import OVER
from tests.simulation.steps import step
from tests.simulation.waiting import meanwhile, new_token
from tests.simulation.world import Branch, Flow, SimulationError, World
from universal_sync_core.bag.holding import HELD
from universal_sync_core.errors import CallbackExpiredError

if TYPE_CHECKING:
    from tests.simulation.comparing import Plain


@step("any", 5)
def hold_or_release(world: World, flow: Flow) -> None:
    """An operator holds a workflow; where it or a branch stops, it is released."""
    targets: list[Flow | Branch] = [flow, *running_in(flow)]
    if held := [each for each in targets if each.bag.get(HELD)]:
        _release(world, flow, world.draw.choice(held))
    elif flow.mode not in ("over", "failed"):
        Command(world, "hold", flow.execution).run()


def _release(world: World, flow: Flow, target: Flow | Branch) -> None:
    release = Command(world, "release", flow.execution)
    world.begun += 1
    event = {"action": "request_callback", "callback_type": "hold", "state_data": target.bag}
    event["wait"] = f"Held {world.begun}"
    is_just_then = world.draw.random() < 0.3
    token = new_token(world, flow)
    with meanwhile(world, release.run) if is_just_then else nullcontext():
        _ask(world, event | {"task_token": token})
    if world.draw.random() < 0.3:  # it is stopped there, and redriven
        world.states.waiting[token] = OVER
        token = new_token(world, flow)
        _ask(world, event | {"task_token": token})
    if world.states.waiting[token] is None:
        release.run()
    if world.states.waiting[token] != {"output": {}}:
        raise SimulationError("stays held", str(world.states.waiting[token]))
    target.bag = target.bag | {HELD: False}


def _ask(world: World, event: "Plain") -> None:
    with suppress(CallbackExpiredError):  # it goes on already, and nobody hears the error
        world.call(event, also=(CallbackExpiredError.__name__,))
