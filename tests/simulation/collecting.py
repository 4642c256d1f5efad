"""`statebag gc` as a step: weeks pass, and what no workflow that may go on refers to is deleted."""

import contextlib
import io
from datetime import timedelta
from typing import Any
from unittest import mock

from statebag.cli import main
from tests.simulation.actions import end, go_on
from tests.simulation.containers import BUCKET
from tests.simulation.documents import require_document
from tests.simulation.reader import BrokenStateError
from tests.simulation.steps import step
from tests.simulation.world import Flow, SimulationError, World
from tests.statebag.bucket import MemoryInventory
from tests.statebag.cloud import DEFINITION, FakeCloud
from tests.statebag.histories import History

_KEPT_DAYS = 14
# That of the executions, and of the Map Runs of `map_runs`.
_MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:state-data"


@step("over", 4)
def collect_garbage(world: World, flow: Flow) -> None:
    """Weeks after its end a workflow's garbage goes; somebody may go back to what is kept."""
    told = {"status": "SUCCEEDED", "output": {"state_data": flow.bag}}
    flow.executions[flow.execution] |= {**told, "stopped": world.clock.wall}
    world.clock.sleep(timedelta(days=world.draw.randrange(10, 40)).total_seconds())
    flow.document, flow.whole = {}, {}  # no state has it any more
    _collect(world)
    for each in world.flows:
        _require_kept(world, each, is_over=each is flow)
        each.seen.clear()  # nobody keeps a pointer for weeks
    world.old.clear()  # no event comes after weeks
    if flow.kept:
        path, _, plain = world.draw.choice(flow.kept)
        go_on(world, flow, path, plain)
    else:
        end(world, flow)


def _require_kept(world: World, flow: Flow, *, is_over: bool) -> None:
    """Raise where a bag, a snapshot or a record is gone that somebody may go on from."""
    try:
        if not is_over:
            world.require_same("after gc", flow.reader.bag(flow.bag), flow.plain)
            require_document("after gc", flow)
        for path, _, plain in flow.kept:
            world.require_same("after gc", flow.reader.kept(path), plain)
    except BrokenStateError as error:
        raise SimulationError("broken state", f"after gc: {error}") from error


def _collect(world: World) -> None:
    cloud = FakeCloud()
    cloud.states.machines[_MACHINE] = DEFINITION
    cloud.memory = cloud.store.inner = world.store
    cloud.inventory = MemoryInventory(world.store)
    for flow in world.flows:
        for arn in flow.executions:
            _tell(world, flow, arn, cloud)
    answered = io.StringIO()
    now = mock.Mock(now=lambda _: world.clock.wall)
    with (
        mock.patch("statebag.commands.gc.datetime", now),
        contextlib.redirect_stdout(answered),
        contextlib.redirect_stderr(answered),
    ):
        connect: Any = cloud.connect
        options = ["--bucket", BUCKET, "--keep-finished", str(_KEPT_DAYS)]
        try:
            main(["gc", *options, "--delete", "--yes"], connect=connect)
        except SystemExit as ended:
            if ended.code:
                raise SimulationError("gc failed", answered.getvalue()) from ended
    world.counters.collected += len(cloud.inventory.deleted)
    world.counters.steps["gc"] += 1


def _tell(world: World, flow: Flow, arn: str, cloud: FakeCloud) -> None:
    """Put an execution into the cloud that gc sees."""
    known = flow.executions[arn]
    history = History()
    if known["status"] == "RUNNING":
        history.enter("RunSegment", {"state_data": flow.bag})
    told = {name: known[name] for name in ("input", "output", "error", "cause") if name in known}
    name = arn.rsplit(":", 1)[-1]
    cloud.states.add(name, known["status"], events=history.events, machine=_MACHINE, **told)
    began = world.clock.wall - timedelta(days=400)
    cloud.states.executions[arn] |= {"startDate": began}
    if "stopped" in known:
        cloud.states.executions[arn]["stopDate"] = known["stopped"]
