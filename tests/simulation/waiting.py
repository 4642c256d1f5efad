"""Steps of a workflow that waits: for a person, or for a job that may call back or not."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from tests.simulation import ended_jobs, oracle, values
from tests.simulation.actions import whole_by_handler
from tests.simulation.comparing import Plain, same
from tests.simulation.flows import settle_mode, take_result
from tests.simulation.meanwhile import at_request, during
from tests.simulation.services import OVER
from tests.simulation.steps import event_of, step, take
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Flow, SimulationError, World

# A later try cannot always know that an earlier one has arrived.
_TOLD: Final = ("CallbackExpiredError", "CallbackAlreadyAnsweredError")
# Of how many requests one is chosen at which somebody else is heard.
_REQUESTS: Final = 9
_REFUSAL: Final = {"error": "Refused", "cause": "not like this"}


@step("run", 3)
def ask_somebody(world: World, flow: Flow) -> None:
    """A segment starts a job, or needs a person."""
    result = {"status": world.draw.choice(("ASYNC", "ASYNC", "PAUSED_FOR_HITP"))}
    take_result(world, flow, "sync", "execution_result", result)


@step("wait", 10)
def request_callback(world: World, flow: Flow) -> None:
    """Somebody is asked; or, once he was, his answer arrives and is merged."""
    if not flow.asked:
        _ask(world, flow)
    elif _arrived(world, flow) is None:
        _answer(world, flow)
    else:
        _merge(world, flow)


@step("wait", 4)
def redrive_a_wait(world: World, flow: Flow) -> None:
    """An execution that waits is stopped and redriven: the state asks anew, by another token."""
    if not flow.asked or _arrived(world, flow) is not None:
        return
    world.states.waiting[flow.asked["token"]] = OVER
    world.begun += 1
    before = flow.asked
    event = before["event"]
    if "wait" in event:
        event |= {"wait": f"WaitForAnswer {world.begun}"}
    token = new_token(world, flow)
    if not before["job"] and world.draw.random() < 0.5:
        _submit(world, flow)  # somebody answers what was asked before
    asked = world.call(event | {"task_token": token})["callback_id"]
    _require_announced(world, flow, asked)
    flow.asked = before | {"event": event, "given": [], "token": token, "callback_id": asked}


def _arrived(world: World, flow: Flow) -> Any:
    return world.states.waiting[flow.asked["token"]]


def _ask(world: World, flow: Flow) -> None:
    """The state asks; it may have tried that before, with a token that counts no more."""
    event = _question(world, flow)
    flow.asked = {"event": event, "given": [], "job": event.get("job"), "has_ended": False}
    if flow.asked["job"] and world.draw.random() < 0.3:
        _end_job(world, flow)
    if "wait" in event and world.draw.random() < 0.5:
        _try_in_vain(world, flow)
    token = new_token(world, flow)
    ends_just_then = flow.asked["job"] and world.draw.random() < 0.3
    with meanwhile(world, lambda: _end_job(world, flow)) if ends_just_then else nullcontext():
        answer = world.call(event | {"task_token": token})
    _require_announced(world, flow, answer["callback_id"])
    flow.asked |= {"token": token, "callback_id": answer["callback_id"]}
    _require_told_of_end(world, flow)


def _question(world: World, flow: Flow) -> Plain:
    is_job = flow.plain["next_action"] == "ASYNC"
    event: Plain = {"action": "request_callback", "state_data": flow.bag}
    event["callback_type"] = "async" if is_job else "human"
    world.begun += 1
    if world.draw.random() < 0.5:
        event["prompt"] = values.text(world.draw)
    if world.draw.random() < 0.5:
        event["wait"] = f"WaitForAnswer {world.begun}"
    if is_job and world.draw.random() < 0.6:
        event["job"] = f"jr_{world.begun}"
    return event


def new_token(world: World, flow: Flow) -> str:
    """Return the token of a state that has just begun to wait."""
    world.begun += 1
    token = f"token-{flow.owner}-{world.begun}"
    world.states.waiting[token] = None
    return token


def _try_in_vain(world: World, flow: Flow) -> None:
    """A try that fails, or runs out of time; an answer may come before the next one."""
    token = new_token(world, flow)
    event = flow.asked["event"] | {"task_token": token}
    answer = world.attempt(event["action"], event, whole_by_handler, gives_up=True)
    world.states.waiting[token] = OVER
    if flow.asked["job"] and world.draw.random() < 0.4:
        _end_job(world, flow)
    elif answer is not None and not flow.asked["job"] and world.draw.random() < 0.4:
        flow.asked |= {"token": token, "callback_id": answer["callback_id"]}
        _submit(world, flow)


def _require_announced(world: World, flow: Flow, callback_id: str) -> None:
    announced = [each for each in world.bus.announced if each["callback_id"] == callback_id]
    if not announced:
        raise SimulationError("not announced", callback_id)
    prompt = flow.reader.answer(announced[-1]["prompt"])
    asked = flow.asked["event"].get("prompt", flow.plain.get("prompt"))
    world.require_same("prompt", {"prompt": prompt}, {"prompt": asked})


def _require_told_of_end(world: World, flow: Flow) -> None:
    """Raise where a workflow waits for a job whose end is known."""
    if flow.asked["has_ended"] and _arrived(world, flow) is None:
        raise SimulationError("waits for ever", f"{flow.asked['job']} has ended")


def _end_job(world: World, flow: Flow) -> None:
    """The service says that the job has ended, maybe twice."""
    if not flow.asked["has_ended"]:
        flow.asked |= {"end": ended_jobs.event(world, flow.asked["job"]), "has_ended": True}
        flow.asked["given"].append(ended_jobs.answer(flow.asked["end"]))
    for _ in range(world.draw.choice((1, 1, 2))):
        ended_jobs.tell(world, flow.asked["end"])


def _answer(world: World, flow: Flow) -> None:
    """The job ends; or one or two people answer, of whom the first to be heard counts."""
    if flow.asked["job"]:
        _end_job(world, flow)
        _require_told_of_end(world, flow)
        return
    if world.draw.random() < 0.3:
        with meanwhile(world, lambda: _submit(world, flow)):
            _submit(world, flow)
        return
    for _ in range(world.draw.choice((1, 1, 2))):
        _submit(world, flow)


def meanwhile(world: World, happens: Callable[[], None]) -> AbstractContextManager[None]:
    """Let something happen at a request of what is called, if that makes so many."""
    return during(world, at_request(world, _REQUESTS, happens))


def _submit(world: World, flow: Flow) -> None:
    output = values.mapping(world.draw) if world.draw.random() < 0.7 else "yes"
    given = _REFUSAL if world.draw.random() < 0.1 else {"output": output}
    flow.asked["given"].append(given)
    event = {
        "action": "submit_callback",
        "callback_id": flow.asked["callback_id"],
        "execution_id": flow.owner,
    }
    if world.draw.random() < 0.2:
        _told(world, event | {"outcome": "heartbeat"})
    outcome = "success" if "output" in given else "failure"
    told = _told(world, event | {"outcome": outcome, **given})
    if told and told["status"] == "delivered" and told.get("is_confirmed", True):
        _require_arrived(world, flow, given)


def _told(world: World, event: Plain) -> Plain | None:
    try:
        return world.call(event, also=_TOLD)
    except Exception as error:
        if type(error).__name__ not in _TOLD:
            raise
    return None


def _require_arrived(world: World, flow: Flow, given: Plain) -> None:
    arrived = _arrived(world, flow)
    if arrived is None or not same(flow.reader.answer(arrived), given):
        raise SimulationError("not delivered", flow.asked["callback_id"])


def _merge(world: World, flow: Flow) -> None:
    """The answer is merged; a refusal ends the execution, and the next one asks again."""
    given = flow.reader.answer(_arrived(world, flow))
    if not any(same(given, each) for each in flow.asked["given"]):
        raise SimulationError("an answer that nobody gave", flow.asked["callback_id"])
    if "error" in given:
        flow.mode = "failed"
        return
    is_job = flow.plain["next_action"] == "ASYNC"
    action, name = (
        ("merge_async", "async_result") if is_job else ("merge_callback", "callback_result")
    )
    event = event_of(world, action, flow.bag, **{name: _arrived(world, flow)["output"]})
    expected = oracle.sync(flow.plain, given["output"], action, STRATEGIES)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)
