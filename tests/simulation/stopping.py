"""Steps of an execution that has ended, and of the one that goes on from what it left."""

from tests.simulation import values
from tests.simulation.actions import go_on
from tests.simulation.comparing import Plain
from tests.simulation.groups import running_in
from tests.simulation.steps import step
from tests.simulation.world import Flow, SimulationError, World


@step("failed", 10)
def record_failure(world: World, flow: Flow) -> None:
    """The execution fails; a later one goes on from its record."""
    failure = {"Error": "Boom", "Cause": values.text(world.draw)}
    event = {"action": "record_failure", "state_data": flow.bag, "failure": failure}
    told = world.call(event)["failure"]
    _go_on_from_record(world, flow, told, "Boom")


@step("failed", 3)
def record_end(world: World, flow: Flow) -> None:
    """The execution has ended without a word; what it leaves is found in its history."""
    _leave_record(world, flow, [])


def _leave_record(world: World, flow: Flow, inside: list[Plain]) -> None:
    """Record the end of an execution that was stopped, and go on from that.

    Args:
        world: the world.
        flow: its workflow.
        inside: the bags that the last states of its branches were given, the last one first.
    """
    told = _recorded_end(world, flow, inside)
    _go_on_from_record(world, flow, told, "ExecutionAborted")


def _recorded_end(world: World, flow: Flow, inside: list[Plain]) -> Plain:
    """Stop an execution, and return the failure that is recorded of its end."""
    world.states.ended[flow.execution] = ({"status": "ABORTED"}, [*inside, flow.bag])
    told: Plain = world.call({"action": "record_end", "execution_arn": flow.execution})["failure"]
    return told


@step("run", 1)
@step("group", 1)
@step("map", 1)
@step("timer", 1)
def redrive(world: World, flow: Flow) -> None:
    """An execution is stopped and redriven: it runs again under its name, with what it had."""
    told = _recorded_end(world, flow, [])
    record = flow.reader.document(told["record_s3_path"])
    left = flow.reader.document(record["snapshot_s3_path"])["state_data"]
    world.require_same("record", flow.reader.bag(left), flow.plain)
    flow.kept.append((told["record_s3_path"], left, flow.plain))
    world.states.ended[flow.execution] = ({"status": "RUNNING"}, [])
    # The event of its end comes late, or twice.
    event = {"action": "record_end", "execution_arn": flow.execution}
    if (answer := world.call(event)) != {"failure": None, "ended_s3_path": None}:
        raise SimulationError("an end of what runs", str(answer))


def _go_on_from_record(world: World, flow: Flow, told: Plain, error: str) -> None:
    path = told["record_s3_path"]
    record = flow.reader.document(path)
    if record["error"] != error or record["execution_id"] != flow.owner:
        raise SimulationError("wrong record", path)
    left = flow.reader.document(record["snapshot_s3_path"])["state_data"]
    world.require_same("record", flow.reader.bag(left), flow.plain)
    flow.kept.append((path, left, flow.plain))
    go_on(world, flow, path, flow.plain)


@step("run", 1)
def abort(world: World, flow: Flow) -> None:
    """Somebody stops the execution; it goes on from what its history tells."""
    record_end(world, flow)


@step("run", 1)
def resume_an_older_record(world: World, flow: Flow) -> None:
    """Somebody goes back to an earlier snapshot or record."""
    if flow.kept:
        path, _, plain = world.draw.choice(flow.kept)
        if "branch_id" not in plain:
            go_on(world, flow, path, plain)


@step("group", 1)
@step("map", 1.5)
@step("wait", 1.5)
@step("timer", 1)
def stop_in_the_middle(world: World, flow: Flow) -> None:
    """A state fails and says so, or somebody stops the execution while branches run in it."""
    flow.mode = "failed"
    if world.draw.random() < 0.5:
        record_failure(world, flow)
        return
    inside = [each.bag for each in running_in(flow) if "segments_in_parent" not in each.plain]
    _leave_record(world, flow, world.draw.sample(inside, len(inside)))
