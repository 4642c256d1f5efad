"""Steps of workers: what they see of the state, and what they answer, merged by them or not."""

from contextlib import suppress
from typing import Any

from tests.simulation import oracle, results
from tests.simulation.comparing import Plain
from tests.simulation.containers import Product
from tests.simulation.flows import settle_mode, take_result_as
from tests.simulation.merging import merge
from tests.simulation.steps import event_of, step
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Branch, Flow, SimulationError, World
from universal_sync_core.errors import StateTooLargeError


class _Worker:
    """A worker that looks at the state and answers what was drawn for it."""

    def __init__(self, world: World, plain: Plain, result: Any) -> None:
        self._plain = plain
        self._result = result
        names = [name for name in ("current_state", "state_history", "report") if name in plain]
        self._touched = world.draw.sample(names, min(len(names), world.draw.randrange(3)))
        self._with_needs = world.draw.random() < 0.5

    def handler(self, product: Product, *, sync: bool) -> Any:
        """Return the Lambda handler of the worker."""

        def work(state: Any, _: Any) -> Any:
            for name in self._touched:
                seen = product.core.plain(state[name])
                World.require_same("worker", {name: seen}, {name: self._plain[name]})
            return self._result

        needs = self._touched if self._with_needs else None
        return product.core.state_task(needs=needs, sync=sync, merge_strategy=STRATEGIES)(work)


@step("run", 6)
def worker(world: World, flow: Flow) -> None:
    """A worker that answers its result."""
    result = results.result(world.draw)
    drawn = _Worker(world, flow.plain, result)
    event = {"action": "run_segment", "state_data": flow.bag, "sync": False}
    answer = world.attempt(
        "worker(sync=False)",
        event,
        lambda product, given, context: drawn.handler(product, sync=True)(given, context),
    )
    world.require_same("worker", {"is": flow.reader.answer(answer)}, {"is": result})
    take_result_as(world, flow, answer, result)


@step("run", 6)
def syncing_worker(world: World, flow: Flow) -> None:
    """A worker that merges its result itself."""
    _sync_at_once(world, flow, flow, results.result(world.draw))
    settle_mode(flow)


@step("group", 3)
def syncing_worker_of_branch(world: World, flow: Flow) -> None:
    """The same in a branch."""
    running = [branch for branch in flow.branches if branch.end is None]
    if running:
        branch = world.draw.choice(running)
        _sync_at_once(world, flow, branch, results.result(world.draw, of_branch=True))


def _sync_at_once(world: World, flow: Flow, target: Flow | Branch, result: Any) -> None:
    drawn = _Worker(world, target.plain, result)
    event = event_of(world, "run_segment", target.bag, sync=True)
    answer = world.attempt(
        "worker(sync=True)",
        event,
        lambda product, given, context: drawn.handler(product, sync=True)(given, context),
    )
    expected = oracle.sync(target.plain, result, target.action, STRATEGIES)
    settle_synced(world, flow, target, answer, expected)


def settle_synced(
    world: World, flow: Flow, target: Flow | Branch, answer: Plain, expected: Plain
) -> None:
    """Take the bag of a worker that merged its result, as it is or as the function passes it on."""
    bag = answer["state_data"]
    world.require("worker(sync=True)", bag, expected, flow.reader)
    if world.draw.random() < 0.5:
        event = event_of(world, target.action, target.bag, execution_result=answer)
        with suppress(StateTooLargeError):  # the function may have a lower bound
            bag = world.call(event, also=("StateTooLargeError",))["state_data"]
            world.require(target.action, bag, expected, flow.reader)
    target.bag, target.plain = bag, expected


@step("run", 4)
def opened_bag(world: World, flow: Flow) -> None:
    """Code that is no handler opens the bag, reads, merges twice, and commits it."""
    changes = [_fields_only(results.result(world.draw)) for _ in range(2)]
    plain = flow.plain

    def work(product: Product, bag: Any, _: Any) -> Any:
        context = {"merge_strategy": STRATEGIES}
        opened = product.core.open_bag(bag, context=context)
        before = product.core.plain(opened.read("current_state"))
        World.require_same("open_bag", {"is": before}, {"is": plain.get("current_state")})
        for change in changes:
            opened.merge(change)
        return opened.commit()

    if "current_state" not in plain:
        return
    bag = world.attempt("open_bag", flow.bag, work)
    merged, delta = plain, Plain()
    for change in changes:
        merged = merge(merged, change, STRATEGIES)
        delta |= change
    expected = oracle.advance(plain, merged, delta, "sync")
    world.require("open_bag", bag, expected, flow.reader)
    flow.bag, flow.plain = bag, expected
    settle_mode(flow)


def _fields_only(result: Any) -> Plain:
    if result is None or isinstance(result, dict):
        return result or {}
    return {"current_state": {"count": 1}}


@step("run", 2)
def failing_worker(world: World, flow: Flow) -> None:
    """A worker's own error passes as it is, and changes nothing."""

    def work(product: Product, event: Any, context: Any) -> Any:
        def fail(_state: Any, _context: Any) -> Any:
            raise OSError("the worker's own")

        try:
            product.core.state_task(fail)(event, context)
        except OSError:
            return "failed"
        raise SimulationError("an error is gone", "a worker has failed, and nobody was told")

    event = {"action": "run_segment", "state_data": flow.bag}
    world.attempt("worker(sync=False)", event, work)
