"""Steps of a branch that goes on as an execution of its own, as one does that maps or forks."""

from typing import TYPE_CHECKING, Final

from tests.simulation import oracle, results, values
from tests.simulation.flows import new_execution
from tests.simulation.groups import branch_result, bring, end, forked, group, joined, running_in
from tests.simulation.steps import event_of, step, take
from tests.simulation.strict_maps import LENIENT
from tests.simulation.world import Branch, Flow, World
from universal_sync_core.bag.nesting import MOST_DEEP
from universal_sync_core.workflow.continuation import STARTED_BY

if TYPE_CHECKING:
    from tests.simulation.comparing import Plain

# A group that a conflict makes fail ends its branch, as any failure does.
_SETTLED: Final = ("latest", "first", "last", "collect")


@step("group", 3)
def group_in_branch(world: World, flow: Flow) -> None:
    """A branch forks again, in an execution of its own, and goes on there when all are joined."""
    if waiting := running_in(flow):
        _fork_again(world, flow, world.draw.choice(waiting))


def _fork_again(world: World, flow: Flow, parent: Branch, depth: int = 1) -> None:
    """Run a group inside of `depth` others."""
    bring(world, flow, parent, "sync_branch", group(world.draw, _SETTLED))
    if "segments_in_parent" not in parent.plain or world.draw.random() < 0.3:
        go_apart(world, flow, parent)
    count = len(parent.plain["pending_branches"])
    inner = [forked(world, flow, parent, number) for number in range(count)]
    for _ in range(world.draw.randrange(5)):
        bring(world, flow, world.draw.choice(inner), "sync_branch", branch_result(world))
    for branch in inner:
        if world.draw.random() < 0.15 and depth + 1 < MOST_DEEP:
            _fork_again(world, flow, branch, depth + 1)
        end(world, flow, branch)
    event, expected, _ = joined(world, parent, inner)
    take(world, parent, event, expected, flow.reader)


@step("group", 3)
def map_in_branch(world: World, flow: Flow) -> None:
    """A branch runs a map, in an execution of its own, and goes on there."""
    if not (waiting := running_in(flow)):
        return
    branch = world.draw.choice(waiting)
    asking: Plain = {
        "status": "DISTRIBUTED_MAP",
        "distributed_items": values.rows(world.draw) or [1],
        "tolerated_failed_items": LENIENT,
    }
    bring(world, flow, branch, "sync_branch", asking)
    if "segments_in_parent" not in branch.plain or world.draw.random() < 0.3:
        go_apart(world, flow, branch)
    bring(world, flow, branch, "aggregate_distributed", results.outputs(world.draw))


def go_apart(world: World, flow: Flow, branch: Branch) -> None:
    """Hand over to an execution that the workflow's own awaits."""
    following = world.call(event_of(world, "hand_over", branch.bag))["next"]
    arn = new_execution(world)
    given = {"resume_from": following["resume_from"], STARTED_BY: flow.execution}
    flow.executions[arn] = {"status": "RUNNING", "input": given}
    event = {"action": "init", "execution_id": arn, "input": given}
    most = flow.plain["segments_per_execution"]
    take(world, branch, event, oracle.apart(branch.plain, arn, most), flow.reader)
