"""Steps of a workflow in branches."""

import json
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any, Final

from tests.simulation import forking, joining, oracle, results, values
from tests.simulation.comparing import Plain, same
from tests.simulation.flows import settle_mode
from tests.simulation.holding import released
from tests.simulation.steps import event_of, step, take
from tests.simulation.timers import end_wait
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Branch, Flow, SimulationError, World

_ANSWERS: Final = {"merge_callback": "callback_result", "merge_async": "async_result"}
_HOW: Final = ("latest", "first", "last", "collect", "fail")


def group(draw: Random, how: Sequence[str]) -> Plain:
    """Return a result that asks for branches, with one of these conflict strategies."""
    branches: list[Plain] = [
        {"branch_id": f"b{number}", "note": values.text(draw)}
        for number in range(draw.randrange(1, 4))
    ]
    for branch in branches:
        if draw.random() < 0.3:
            branch["total_segments"] = draw.randrange(1, 4)
        if draw.random() < 0.2:
            branch |= {"status": "NEW", "segment_to_run": values.scalar(draw)}  # data
    return {
        "status": "PARALLEL_GROUP",
        "pending_branches": branches,
        "branch_conflict_strategy": draw.choice(how),
    }


@step("run", 5)
def ask_for_branches(world: World, flow: Flow) -> None:
    result = group(world.draw, _HOW)
    if world.draw.random() < 0.3:
        result["current_state"] = values.mapping(world.draw)
    expected = oracle.sync(flow.plain, result, "sync", STRATEGIES)
    event = event_of(world, "sync", flow.bag, execution_result=result)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)


@step("group", 10)
def fork_branch(world: World, flow: Flow) -> None:
    """One more branch begins, or one that runs goes on, or all are joined."""
    wanted = flow.plain["pending_branches"]
    if len(flow.branches) < len(wanted):
        flow.branches.append(forked(world, flow, flow, len(flow.branches)))
    elif running := running_in(flow):
        end(world, flow, world.draw.choice(running))
    else:
        _join(world, flow)


def forked(world: World, flow: Flow, parent: Flow | Branch, number: int) -> Branch:
    """Return the branch of this number of a group."""
    branch, wanted = Branch(bag={}, plain={}), parent.plain["pending_branches"]
    element = parent.bag["pending_branches"][number]
    bag = released(parent.bag)
    event = {"action": "fork_branch", "state_data": bag, "branch": element}
    expected = forking.fork(parent.plain, wanted[number], len(wanted))
    take(world, branch, event, expected, flow.reader)
    return branch


def running_in(flow: Flow) -> list[Branch]:
    """Return the branches that have not ended."""
    return [branch for branch in flow.branches if branch.end is None]


def bring(world: World, flow: Flow, branch: Branch, action: str, result: Any, **more: Any) -> None:
    """Let a branch bring a result; `more` are strategies beside the usual ones."""
    strategies = STRATEGIES | more
    name = _ANSWERS.get(action, "execution_result")
    event = event_of(world, action, branch.bag, **{name: result})
    event["merge_strategy"] = strategies
    if action == "sync_branch" and world.draw.random() < 0.3:
        event["branch_state"] = event.pop("state_data")
    expected = oracle.sync(branch.plain, result, action, strategies)
    take(world, branch, event, expected, flow.reader)
    end_wait(branch)


@step("group", 14)
def sync_branch(world: World, flow: Flow) -> None:
    if running := running_in(flow):
        more = values.other_strategies(world.draw)
        result = branch_result(world)
        bring(world, flow, world.draw.choice(running), "sync_branch", result, **more)


@step("group", 2)
def ask_in_branch(world: World, flow: Flow) -> None:
    """A branch asks a person or starts a job, and is answered while the others go on."""
    if running := running_in(flow):
        branch, action = world.draw.choice(running), world.draw.choice([*_ANSWERS])
        status = "ASYNC" if action == "merge_async" else "PAUSED_FOR_HITP"
        bring(world, flow, branch, "sync_branch", {"status": status})
        bring(world, flow, branch, action, {"current_state": values.mapping(world.draw)})


@step("group", 3)
def compress_in_branch(world: World, flow: Flow) -> None:
    if running := running_in(flow):
        result = branch_result(world)
        bring(world, flow, world.draw.choice(running), "update_and_compress", result)


@step("group", 3)
def work_on_one_report(world: World, flow: Flow) -> None:
    """Each branch adds to a report that is large, and small where it is packed; all may end so."""
    lines = {f"line {number}": "the same text " * 3 for number in range(60)}
    running = running_in(flow)
    for branch in running:
        name = branch.plain["branch_id"]
        own = {"by": name} if world.draw.random() < 0.3 else {}
        result = {"current_state": {"report": lines | {f"of {name}": True} | own}}
        bring(world, flow, branch, "update_and_compress", result)
    are_all = len(flow.branches) == len(flow.plain["pending_branches"])
    if are_all and world.draw.random() < 0.5:
        for branch in running:
            end(world, flow, branch)
        _join(world, flow)


@step("group", 2)
def come_to_one_list(world: World, flow: Flow) -> None:
    """Branches come to the same list by different ways."""
    whole = [f"{number} ".ljust(90, "x") for number in range(world.draw.randrange(3, 90))]
    for branch in running_in(flow):
        cut = world.draw.randrange(len(whole))
        parts = [whole[:cut], whole[cut:]] if world.draw.random() < 0.5 else [whole]
        for number, part in enumerate(parts):
            more = {"rows": "append"} if number else {}
            result = {"current_state": {"rows": part}}
            bring(world, flow, branch, "sync_branch", result, **more)


def branch_result(world: World) -> Any:
    """Return what a segment of a branch answers."""
    if world.draw.random() < 0.1:
        return results.outputs(world.draw)
    return results.result(world.draw, of_branch=True)


def end(world: World, flow: Flow, branch: Branch) -> None:
    """A branch completes, or fails and leaves a record."""
    if world.draw.random() < 0.15:
        failure = {"Error": "BranchError", "Cause": "a cause"}
        event = {"action": "record_failure", "state_data": branch.bag, "failure": failure}
        told = world.call(event)["failure"]
        branch.end = {"status": "FAILED", **told}
        return
    event = {"action": "complete_branch", "state_data": branch.bag}
    answer = world.call(event)["branch"]
    expected = {
        "branch_id": branch.plain["branch_id"],
        "status": branch.plain["next_action"],
        "state_revision": branch.plain["state_revision"],
        "segments_run": branch.plain["loop_counter"],
        "s3_path": answer["s3_path"],
    }
    if "segments_in_parent" in branch.plain:
        expected["segments_in_parent"] = branch.plain["segments_in_parent"]
    elif waits := branch.plain["execution_segments"] - branch.plain["loop_counter"]:
        expected["waits"] = waits
    if not same(answer, expected):
        raise SimulationError("wrong branch pointer", json.dumps(answer))
    world.require_same(
        "branch", flow.reader.bag(flow.reader.document(answer["s3_path"])), branch.plain
    )
    branch.end = answer


def _join(world: World, flow: Flow) -> None:
    event, expected, is_refused = joined(world, flow, flow.branches)
    if not is_refused:
        take(world, flow, event, expected, flow.reader)
        settle_mode(flow)
        return
    try:
        world.call(event, also=("MergeConflictError",))
    except Exception as error:
        if type(error).__name__ != "MergeConflictError":
            raise
        flow.mode = "failed"
    else:
        raise SimulationError("no conflict", f"there are {expected['branch_conflicts']}")


def joined(
    world: World, parent: Flow | Branch, branches: Sequence[Branch]
) -> tuple[Plain, Plain, bool]:
    """Return the event that joins branches, the bag then, and whether it is refused instead."""
    ends = [
        (
            branch.end or {},
            branch.plain if "s3_path" in (branch.end or {}) else None,
            _time(branch.bag),
        )
        for branch in branches
    ]
    strategies = STRATEGIES | values.other_strategies(world.draw)
    expected, conflicts = joining.join(parent.plain, ends, strategies)
    is_refused = bool(conflicts) and parent.plain["branch_conflict_strategy"] == "fail"
    answers = [{"branch": each} if world.draw.random() < 0.1 else each for each, _, _ in ends]
    event = event_of(world, "aggregate_branches", parent.bag, branches=answers)
    event["merge_strategy"] = strategies
    return event, expected, is_refused


def _time(bag: Plain) -> float:
    return datetime.fromisoformat(bag["last_update_time"]).timestamp()
