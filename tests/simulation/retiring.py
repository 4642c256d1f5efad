"""Steps in which all of a workflow is deleted: by the daily deletion, or as somebody asks."""

from datetime import datetime, timedelta
from typing import Any, Final

from tests.core.meanwhile import At
from tests.simulation.actions import end
from tests.simulation.comparing import Plain
from tests.simulation.operators import (
    MACHINE,
    Command,
    is_over,
    over,
    place_of,
    require_kept,
    side_by_side,
)
from tests.simulation.steps import step
from tests.simulation.world import Flow, SimulationError, World
from tests.statebag.bucket import MemoryInventory
from universal_sync_core.retention.daily import DailyDeletion
from universal_sync_core.retention.ended import EndedExecution, LastState, write_record
from universal_sync_core.retention.standing import Standing, standing_at
from universal_sync_core.retention.terms import Terms
from universal_sync_core.storage import runtime

_KEEP: Final = timedelta(days=90)
_UNTIL_NEXT: Final = timedelta(days=91)
# A run that was killed puts off the others for so long.
_LONGEST_RUN: Final = timedelta(minutes=16)
_RECORDED: Final = 0.8
# An end that has no record is recorded by one run, and counts from then; then members settle.
_MOST_RUNS: Final = 8


@step("over", 2)
def delete_daily(world: World, flow: Flow) -> None:
    """Months after its end a workflow is deleted; somebody may go on with it just then."""
    over(world, flow)
    world.clock.sleep(_UNTIL_NEXT.total_seconds())
    world.old.clear()
    deletion = _DailyDeletion(world)
    side_by_side(world, flow, deletion, lambda: None)
    for _ in range(_MOST_RUNS):
        deletion.run()
        _require_others(world, flow, "after the daily deletion")
        if not is_over(flow) or not _left(world, flow):
            break
        world.clock.sleep(_UNTIL_NEXT.total_seconds())
    _end_if_over(world, flow)


@step("over", 2)
def forget(world: World, flow: Flow) -> None:
    """Somebody has a workflow erased; another may go on with it just then."""
    over(world, flow)
    world.old.clear()
    command = Command(world, "forget", flow.owner, *place_of(world), "--erase", typed=flow.owner)
    command.cloud.inventory.versioned = world.draw.random() < 0.5
    side_by_side(world, flow, command, command.look)
    if is_over(flow) and 0 not in command.codes:
        command.run()
    _require_others(world, flow, "after forget")
    _end_if_over(world, flow)


def _require_others(world: World, flow: Flow, after: str) -> None:
    for each in world.flows:
        require_kept(world, each, after, is_erased=each is flow and is_over(flow))


def _end_if_over(world: World, flow: Flow) -> None:
    if not is_over(flow):
        return
    if left := _left(world, flow):
        raise SimulationError("state is left", left[0])
    end(world, flow)


def _left(world: World, flow: Flow) -> list[str]:
    """Return what there is of the state of a workflow."""
    paths = [f"s3://{each.bucket}/{each.key}" for each in world.store.objects]
    return [path for path in paths if path.startswith(flow.reader.folder)]


class _DailyDeletion:
    """Runs of the daily deletion, and what Step Functions tells them."""

    def __init__(self, world: World) -> None:
        """Record most of the ends that there were."""
        self._world = world
        self._inventory = MemoryInventory(world.store)
        self._inventory.modified = world.store.modified
        for flow in world.flows:
            for arn, told in flow.executions.items():
                if "stopped" in told and world.draw.random() < _RECORDED:
                    self._recorded(arn, flow.owner)

    def _recorded(self, arn: str, owner: str) -> None:
        self._world.attempt("record_end", {}, lambda *_: self.record(arn, owner))

    def notice(self, at: At) -> None:
        """Let `at` count its requests."""
        at.notice(self._inventory, "objects", "folders", "delete")
        self._world.meanwhile = at

    def run(self) -> None:
        """Run until one is not put off, and meets nothing that it has to leave to the next."""
        while self._world.attempt("daily deletion", {}, self._run_once):
            self._world.clock.sleep(_LONGEST_RUN.total_seconds())
        self._world.meanwhile = None
        self._world.counters.steps["daily"] += 1

    def _run_once(self, *_: Any) -> bool:
        terms = Terms(now=self._world.clock.wall, keep=_KEEP, machines={MACHINE})
        outcome = DailyDeletion(runtime.current(), self._inventory, self, terms).run()
        return outcome.is_put_off or outcome.is_cut_short or bool(outcome.failed)

    def standing(self, execution_arn: str, since: datetime) -> Standing:
        """Return how an execution stands, of whichever workflow it is."""
        told = self._told(execution_arn)
        return standing_at(told.get("stopped"), since) if told else Standing.FORGOTTEN

    def map_run_of(self, child_arn: str) -> None:
        """Return None: no child of a map has state of its own."""

    def record(self, execution_arn: str, owner: str) -> None:
        """Record an end."""
        stopped = (self._told(execution_arn) or {}).get("stopped", self._world.clock.wall)
        end = EndedExecution(arn=execution_arn, status="SUCCEEDED", stopped=stopped)
        write_record(runtime.current(), end, LastState(owner=owner, bag={}))

    def _told(self, arn: str) -> Plain | None:
        found = (flow.executions.get(arn) for flow in self._world.flows)
        return next(filter(None, found), None)
