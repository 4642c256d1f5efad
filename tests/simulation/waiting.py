"""Steps of a workflow that waits: for a person, or for a job."""

import hashlib
from typing import Any

from tests.simulation import oracle, values
from tests.simulation.comparing import Plain, same
from tests.simulation.flows import settle_mode
from tests.simulation.steps import event_of, step, take
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Flow, SimulationError, World

# A later try cannot always know that an earlier one has arrived.
_TOLD = ("CallbackExpiredError", "CallbackAlreadyAnsweredError")


@step("wait", 10)
def request_callback(world: World, flow: Flow) -> None:
    """Somebody is asked; or, once he was, his answer arrives and is merged."""
    if not flow.asked:
        _ask(world, flow)
    elif world.states.waiting[flow.asked["token"]] is None:
        _answer(world, flow)
    else:
        _merge(world, flow)


def _ask(world: World, flow: Flow) -> None:
    token = f"token-{flow.owner}-{world.begun}"
    world.begun += 1
    world.states.waiting[token] = None
    event: Plain = {"action": "request_callback", "state_data": flow.bag, "task_token": token}
    is_job = flow.plain["next_action"] == "ASYNC"
    event["callback_type"] = "async" if is_job else "human"
    if world.draw.random() < 0.5:
        event["prompt"] = values.text(world.draw)
    answer = world.call(event)
    callback_id = hashlib.sha256(token.encode()).hexdigest()
    announced = [each for each in world.bus.announced if each["callback_id"] == callback_id]
    if answer["callback_id"] != callback_id or not announced:
        raise SimulationError("not announced", callback_id)
    prompt = flow.reader.answer(announced[-1]["prompt"])
    asked = event.get("prompt", flow.plain.get("prompt"))
    world.require_same("prompt", {"prompt": prompt}, {"prompt": asked})
    flow.asked = {"token": token, "callback_id": callback_id, "outputs": []}


def _answer(world: World, flow: Flow) -> None:
    """One or two people answer, of whom the first to be heard counts."""
    for _ in range(world.draw.choice((1, 1, 2))):
        output = values.mapping(world.draw) if world.draw.random() < 0.7 else "yes"
        flow.asked["outputs"].append(output)
        _submit(world, flow, output)
    arrived = world.states.waiting[flow.asked["token"]]
    if arrived is None:
        return  # nobody was heard yet: somebody answers again
    value = flow.reader.answer(arrived["output"])
    if not any(same(value, output) for output in flow.asked["outputs"]):
        raise SimulationError("an answer that nobody gave", flow.asked["callback_id"])
    flow.asked["answer"] = value


def _submit(world: World, flow: Flow, output: Any) -> None:
    event = {
        "action": "submit_callback",
        "callback_id": flow.asked["callback_id"],
        "execution_id": flow.owner,
        "outcome": "success",
        "output": output,
    }
    if world.draw.random() < 0.2:
        beat = {name: value for name, value in event.items() if name != "output"}
        _told(world, beat | {"outcome": "heartbeat"})
    _told(world, event)


def _told(world: World, event: Plain) -> None:
    try:
        world.call(event, also=_TOLD)
    except Exception as error:
        if type(error).__name__ not in _TOLD:
            raise


def _merge(world: World, flow: Flow) -> None:
    is_job = flow.plain["next_action"] == "ASYNC"
    action, name = (
        ("merge_async", "async_result") if is_job else ("merge_callback", "callback_result")
    )
    arrived = world.states.waiting[flow.asked["token"]]["output"]
    event = event_of(world, action, flow.bag, **{name: arrived})
    expected = oracle.sync(flow.plain, flow.asked["answer"], action, STRATEGIES)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)
