"""Workflows as they begin, take a result, and go on as their bag says."""

from typing import Any

from tests.simulation import oracle, results, values
from tests.simulation.steps import event_of, take
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Flow, World

_PLACE = "arn:aws:states:eu-west-1:123456789012:execution:state-data:"
SEGMENTS_PER_EXECUTION = 350


def new_execution(world: World) -> str:
    """Return the ARN of an execution that has just begun."""
    world.begun += 1
    return f"{_PLACE}run-{world.begun}"


def begin(world: World) -> None:
    """Start a workflow."""
    arn = new_execution(world)
    given: dict[str, Any] = {
        "current_state": values.mapping(world.draw),
        "tolerated_failed_items": 10_000,
    }
    if world.draw.random() < 0.3:
        given["segments"] = [results.result(world.draw) for _ in range(world.draw.randrange(1, 6))]
    if world.draw.random() < 0.1:
        given |= {f"f{number}": values.text(world.draw) for number in range(60)}
    flow = Flow(owner=arn, execution=arn, bag={}, plain={}, reader=world.new_reader(arn))
    flow.executions[arn] = {"status": "RUNNING", "input": given}
    event = {"action": "init", "execution_id": arn, "input": given}
    take(world, flow, event, oracle.first(given, arn, SEGMENTS_PER_EXECUTION), flow.reader)
    world.flows.append(flow)
    settle_mode(flow)


def settle_mode(flow: Flow) -> None:
    """Let a workflow go on as its bag says."""
    modes = {"CONTINUE": "run", "PARALLEL_GROUP": "group", "DISTRIBUTED_MAP": "map"}
    modes |= {"PAUSED_FOR_HITP": "wait", "ASYNC": "wait", "WAIT": "timer", "COMPLETE": "over"}
    flow.mode = modes.get(flow.plain["next_action"], "failed")
    flow.branches, flow.staged, flow.asked = [], [], {}


def take_result(world: World, flow: Flow, action: str, name: str, result: Any) -> None:
    """Send the event of an action that merges a result."""
    strategies = STRATEGIES | values.other_strategies(world.draw)
    event = event_of(world, action, flow.bag, **{name: result}) | {"merge_strategy": strategies}
    expected = oracle.sync(flow.plain, result, action, strategies)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)


def take_result_as(world: World, flow: Flow, answer: Any, result: Any) -> None:
    """Merge what a worker has answered, which stands for `result`."""
    event = event_of(world, "sync", flow.bag, execution_result=answer)
    expected = oracle.sync(flow.plain, result, "sync", STRATEGIES)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)
