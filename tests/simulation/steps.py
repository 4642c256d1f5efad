"""Steps: what a workflow may do next, and how likely it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tests.simulation.comparing import Plain
from tests.simulation.holding import released
from tests.simulation.meanwhile import at_request, during
from tests.simulation.reader import Reader
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Branch, Flow, OldEvent, SimulationError, World

StepFunction: TypeAlias = Callable[[World, Flow], None]

# Of the paths of which copies stay beside pointers.
_KEEP_INLINE: Final = ("current_state.flag", "report.count", "current_state.report.flag")
_OLD_EVENTS: Final = 12
# How likely it is that an event comes twice at once, and of how many requests one is chosen.
_AT_ONCE: Final = 0.06
_REQUESTS: Final = 6
_SMALL: Final = 200


@dataclass(frozen=True, kw_only=True)
class Step:
    """One kind of step.

    Attributes:
        mode: of the workflows that may do it.
        weight: how likely it is among those of its mode.
    """

    mode: str
    weight: float
    run: StepFunction


STEPS: Final[list[Step]] = []


def step(mode: str, weight: float) -> Callable[[StepFunction], StepFunction]:
    """Register a step."""

    def registered(run: StepFunction) -> StepFunction:
        STEPS.append(Step(mode=mode, weight=weight, run=run))
        return run

    return registered


def event_of(world: World, action: str, bag: Plain, **fields: Any) -> Plain:
    """Return the event of an action, as the state machine makes it."""
    event = {"action": action, "state_data": released(bag), **fields}
    event["merge_strategy"] = STRATEGIES
    if world.draw.random() < 0.3:
        event["keep_inline"] = world.draw.sample(_KEEP_INLINE, 2)
    if world.draw.random() < 0.05:
        event["state_data"] = {"state_data": released(bag)}
    return event


def take(  # noqa: PLR0913 - all that is known of an event
    world: World,
    target: Flow | Branch,
    event: Plain,
    expected: Plain,
    reader: Reader,
    *,
    also: tuple[str, ...] = (),
) -> None:
    """Send an event until it is answered, and hold the answer against what it has to be.

    Now and then it comes to another container as well, while the first one works on it.
    """
    if world.meanwhile is None and not also and world.draw.random() < _AT_ONCE:
        second = OldEvent(label="at once", event=event, expected=expected, reader=reader)
        with during(world, at_request(world, _REQUESTS, lambda: again(world, second))):
            answer = world.call(event)
    else:
        answer = world.call(event, also=also)
    bag = answer["state_data"]
    world.require(event["action"], bag, expected, reader)
    _require_kept_inline(event, bag, expected, world)
    target.bag, target.plain = bag, expected
    after_answer(world, event, expected, reader)


def _require_kept_inline(event: Plain, bag: Plain, plain: Plain, world: World) -> None:
    """Raise where a Choice would not find what was to stay readable, in a bag that has room."""
    size = len(json.dumps(bag))
    if size > world.last.settings.bound_bytes / 2:
        return
    for path in event.get("keep_inline", ()):
        keys = path.removeprefix("current_state.").split(".")
        wanted, found = (_at(each.get("current_state"), keys) for each in (plain, bag))
        if found == () != wanted and len(json.dumps(wanted)) < _SMALL:
            raise SimulationError("not kept inline", f"{event['action']}: {path}")


def _at(value: Any, keys: list[str]) -> Any:
    """Return what stands at a path, or `()` where nothing does."""
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return ()
        value = value[key]
    return value


def after_answer(world: World, event: Plain, expected: Plain, reader: Reader) -> None:
    """Let the event come twice now and then, at once or later."""
    if world.draw.random() < 0.04:
        label = "old events again"
        again(world, OldEvent(label=label, event=event, expected=expected, reader=reader))
    if world.draw.random() < 0.2:
        label = "old events again"
        world.old.append(OldEvent(label=label, event=event, expected=expected, reader=reader))
        del world.old[:-_OLD_EVENTS]


def again(world: World, old: OldEvent) -> None:
    """Send an event that was answered before; the answer has to be the same state."""
    answer = world.call(old.event, label=old.label)
    world.require(old.label, answer["state_data"], old.expected, old.reader)
