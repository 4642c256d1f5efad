"""The states that an execution can go on from: what a failure left, a snapshot, or a step."""

from dataclasses import dataclass

from statebag.account.aws import Cloud
from statebag.account.deployment import manager_function, place_of_machine, require_place
from statebag.account.manager import ask
from statebag.account.places import Place, place_of
from statebag.errors import NotFoundError, RefusedError
from statebag.executions.chain import owner_of
from statebag.executions.executions import Execution, Executions, machine_of
from statebag.executions.naming import execution_named, with_step
from statebag.resuming.going_on import START_AGAIN, has_begun
from statebag.resuming.restarts import require_restartable
from statebag.resuming.starts import left_by
from statebag.sources.failures import is_own
from statebag.sources.sources import after_step, open_source
from universal_sync_core.bag.fields import is_branch
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.values.codec import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A state to go on from.

    Attributes:
        owner: the execution that began the state.
        bag: the state.
        path: of the record or snapshot; None where none has been made yet.
        execution: the one that is gone on from; None where only the path is known.
        is_fork: whether that execution may have gone on from here itself.
    """

    owner: str
    machine_arn: str
    place: Place
    bag: JsonObject
    path: str | None = None
    execution: Execution | None = None
    is_fork: bool = False


def base_of(cloud: Cloud, source: str) -> Base:
    """Return the state that a SOURCE of `resume` names.

    Raises:
        NotFoundError: there is none.
        RefusedError: it is not one to go on from, or not on that state machine.
    """
    if source.startswith("s3://"):
        return _of_path(cloud, source)
    name, step = with_step(source)
    execution = execution_named(cloud, name)
    require_restartable(cloud, execution.machine_arn, execution.arn)
    return _of_step(cloud, execution, step) if step else of_execution(cloud, execution)


def of_execution(cloud: Cloud, execution: Execution) -> Base:
    """Return what an execution that failed has left, or the newest state of one that left nothing.

    Raises:
        NotFoundError: it had not begun.
        RefusedError: it still runs, or has succeeded.
    """
    path = left_by(cloud, execution)
    if path is not None:
        return _left_at(cloud, path, execution.machine_arn, execution)
    bag = Executions(cloud.states).last_bag(execution.arn)
    if bag is None or not has_begun(bag) or not _is_of(cloud, bag, execution):
        require_place(cloud, execution.machine_arn)  # else nobody can say what it has left
        raise NotFoundError(f"{execution.name} never began", hint=START_AGAIN)
    return _of_bag(cloud, execution, bag, is_fork=False)


def snapshot_of(cloud: Cloud, base: Base, function: str | None) -> str:
    """Return the path of the base, of which the function makes a snapshot where there is none.

    Raises:
        RefusedError: the function made none of this workflow.
    """
    if base.path is not None or base.execution is None:
        return base.path or ""
    asked = function or manager_function(cloud, base.machine_arn)
    event = {"action": "create_snapshot", "snapshot_type": "pre", "state_data": base.bag}
    path: str = ask(cloud, asked, event)["state_data"]["pre_snapshot_s3_path"]
    if not is_own(cloud, base.execution, path):
        hint = "That function belongs to another deployment: give the right one with --function."
        raise RefusedError(f"{asked} made a snapshot somewhere else", hint=hint)
    return path


def _of_path(cloud: Cloud, path: str) -> Base:
    machine = machine_of(execution_in(path) or "")
    if machine is None:
        hint = "`statebag snapshots` lists the paths to go on from."
        raise RefusedError(f"this is not the state of an execution: {path}", hint=hint)
    require_restartable(cloud, machine, execution_in(path) or "")
    return _left_at(cloud, path, machine)


def _left_at(cloud: Cloud, path: str, machine_arn: str, execution: Execution | None = None) -> Base:
    place = place_of(path) or require_place(cloud, machine_arn)
    source = open_source(cloud, path)
    if not source.is_bag:
        hint = f"Give a snapshot, or the record of a failure after the first state. {START_AGAIN}"
        raise RefusedError(f"there is no bag to go on from: {path}", hint=hint)
    return Base(
        owner=execution_in(path) or "",
        machine_arn=machine_arn,
        place=place,
        bag=source.bag,
        path=path,
        execution=execution,
    )


def _of_step(cloud: Cloud, execution: Execution, step: str) -> Base:
    bag = after_step(cloud, execution, step)
    if is_branch(bag):
        hint = "Give a step before the branches began; they run again from there."
        raise RefusedError(f"step {step} is inside a branch", hint=hint)
    if not _is_of(cloud, bag, execution):
        hint = "Give a step of the execution that began the state."
        raise RefusedError(f"the state after step {step} belongs to another execution", hint=hint)
    return _of_bag(cloud, execution, bag, is_fork=True)


def _of_bag(cloud: Cloud, execution: Execution, bag: JsonObject, *, is_fork: bool) -> Base:
    place = require_place(cloud, execution.machine_arn)
    return Base(
        owner=owner_of(cloud, place, execution),
        machine_arn=execution.machine_arn,
        place=place,
        bag=bag,
        execution=execution,
        is_fork=is_fork,
    )


def _is_of(cloud: Cloud, bag: JsonObject, execution: Execution) -> bool:
    owner = owner_of(cloud, place_of_machine(cloud, execution.machine_arn), execution)
    return bag.get("execution_id") in (execution.arn, owner)
