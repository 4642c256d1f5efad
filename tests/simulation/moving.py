"""Steps of workers that move values, as they see them or as the pointers that they are given."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.simulation import oracle
from tests.simulation.comparing import Plain
from tests.simulation.containers import Product
from tests.simulation.flows import settle_mode, take_result_as
from tests.simulation.merging import HISTORY, STATE, merge
from tests.simulation.moves import KEYS, drawn, filled, is_grown, is_long
from tests.simulation.steps import event_of, step, take
from tests.simulation.values import STRATEGIES
from tests.simulation.workers import settle_synced
from tests.simulation.world import Branch, Flow, World


@step("run", 8)
def moving_worker(world: World, flow: Flow) -> None:
    """A worker answers parts of the state that it sees, and the function merges them."""
    template = drawn(world.draw, flow.plain)
    if template is None:
        return

    def work(product: Product, event: Any, context: Any) -> Any:
        task = product.core.state_task(lambda state, _: filled(template, state))
        return task(event, context)

    event = {"action": "run_segment", "state_data": flow.bag, "sync": False}
    answer = world.attempt("worker(sync=False)", event, work)
    result = filled(template, flow.plain)
    world.require_same("worker", {"is": flow.reader.answer(answer)}, {"is": result})
    take_result_as(world, flow, answer, result)


@step("run", 8)
def moving_and_syncing_worker(world: World, flow: Flow) -> None:
    """A worker merges parts of the state that it sees itself."""
    if _move_at_once(world, flow, flow):
        settle_mode(flow)


@step("group", 4)
def moving_worker_of_branch(world: World, flow: Flow) -> None:
    """The same in a branch."""
    running = [branch for branch in flow.branches if branch.end is None]
    if running:
        _move_at_once(world, flow, world.draw.choice(running))


def _move_at_once(world: World, flow: Flow, target: Flow | Branch) -> bool:
    template = drawn(world.draw, target.plain)
    if template is None:
        return False

    def work(product: Product, event: Any, context: Any) -> Any:
        kept = product.core.state_task(sync=True, merge_strategy=STRATEGIES)
        return kept(lambda state, _: filled(template, state))(event, context)

    event = event_of(world, "run_segment", target.bag, sync=True)
    answer = world.attempt("worker(sync=True)", event, work)
    expected = oracle.sync(target.plain, filled(template, target.plain), target.action, STRATEGIES)
    settle_synced(world, flow, target, answer, expected)
    return True


@step("run", 4)
def moving_in_an_open_bag(world: World, flow: Flow) -> None:
    """Code that is no handler moves values twice, the second time those that it has moved."""
    template = drawn(world.draw, flow.plain)
    if template is None:
        return
    between = merge(flow.plain, filled(template, flow.plain), STRATEGIES)
    second = drawn(world.draw, between) or {}

    def work(product: Product, bag: Any, _: Any) -> Any:
        opened = product.core.open_bag(bag, context={"merge_strategy": STRATEGIES})
        for each in (template, second):
            opened.merge(filled(each, _Seen(opened)))
        return opened.commit()

    bag = world.attempt("open_bag", flow.bag, work)
    delta = filled(second, between)
    merged = merge(between, delta, STRATEGIES)
    expected = oracle.advance(flow.plain, merged, delta, "sync")
    world.require("open_bag", bag, expected, flow.reader)
    flow.bag, flow.plain = bag, expected
    settle_mode(flow)


@dataclass(frozen=True)
class _Seen:
    """An open bag, as a state."""

    opened: Any

    def __getitem__(self, name: str) -> Any:
        return self.opened.read(name)


@step("run", 5)
def move_pointers(world: World, flow: Flow) -> None:
    """A worker in another language answers pointers that it was given, of now or of before."""
    flow.seen.extend(_pointers(flow.bag.get(STATE)))
    if not flow.seen or is_grown(flow.plain):
        return
    draw = world.draw
    one, other = draw.choice(flow.seen), draw.choice(flow.seen)
    key, name = draw.sample(KEYS, 2)
    result: Plain = draw.choice(
        (
            {STATE: {key: one}},
            {STATE: {key: one, name: other}, "removed_paths": [key, name]},
            {STATE: {key: {name: one}, name: [other, one]}},
            {STATE: {key: [one, {name: other}]}, HISTORY: [other]},
            {"moved": one, HISTORY: [{"did": one}]},
        )
    )
    whole = flow.reader.answer(result)
    if is_long(whole):
        return
    event = event_of(world, "sync", flow.bag, execution_result=result)
    take(world, flow, event, oracle.sync(flow.plain, whole, "sync", STRATEGIES), flow.reader)
    settle_mode(flow)


@step("group", 3)
def lend_pointers(world: World, flow: Flow) -> None:
    """What a branch has made is given to another branch, and after the join to the parent."""
    for branch in flow.branches:
        flow.seen.extend(_pointers(branch.bag.get(STATE)))
    running = [branch for branch in flow.branches if branch.end is None]
    if not running or not flow.seen:
        return
    result = {STATE: {"moved": {"lent": world.draw.choice(flow.seen)}}}
    whole = flow.reader.answer(result)
    if is_long(whole):
        return
    branch = world.draw.choice(running)
    event = event_of(world, "sync_branch", branch.bag, execution_result=result)
    expected = oracle.sync(branch.plain, whole, "sync_branch", STRATEGIES)
    take(world, branch, event, expected, flow.reader)


def _pointers(value: Any) -> Iterator[Plain]:
    """Yield the pointers of a bag that stand for a value of the user's."""
    if isinstance(value, list):
        for item in value:
            yield from _pointers(item)
    elif isinstance(value, dict) and value.get("__s3_offloaded") is True and "__s3_path" in value:
        if "of_field" not in value:
            yield value
    elif isinstance(value, dict) and "__gzip_base64" not in value:
        for item in value.values():
            yield from _pointers(item)
