"""Steps of a workflow that runs: results, snapshots, ends and what comes after them."""

from typing import Any

from tests.simulation import oracle, results, strict_maps, values
from tests.simulation.comparing import Plain, same
from tests.simulation.flows import begin, new_execution, settle_mode, take_result, take_result_as
from tests.simulation.steps import again, event_of, step, take
from tests.simulation.world import Flow, SimulationError, World


@step("run", 30)
def sync(world: World, flow: Flow) -> None:
    flow.results.append(results.result(world.draw))
    take_result(world, flow, "sync", "execution_result", flow.results[-1])


@step("run", 6)
def sync_again(world: World, flow: Flow) -> None:
    """A segment brings what one has brought before, as one that is run again does."""
    if flow.results:
        result = world.draw.choice(flow.results)
        take_result(world, flow, "sync", "execution_result", result)


@step("run", 6)
def update_and_compress(world: World, flow: Flow) -> None:
    result = results.result(world.draw)
    take_result(world, flow, "update_and_compress", "execution_result", result)


@step("run", 5)
def sync_stored_result(world: World, flow: Flow) -> None:
    """A worker has stored its result, and answers the pointer."""
    result = results.result(world.draw)
    event = {"action": "store_result", "execution_id": flow.owner, "execution_result": result}
    pointer = world.call(event)["result"]
    take_result_as(world, flow, pointer, result)


@step("run", 4)
def echo(world: World, flow: Flow) -> None:
    """A worker passes on a part of the state, pointers and all, under another name."""
    state, plain = flow.bag.get("current_state"), flow.plain.get("current_state")
    if not isinstance(state, dict) or not isinstance(plain, dict):
        return
    shared = [key for key in ("report", "rows", "wide", "text") if key in state and key in plain]
    if not shared or "__s3_offloaded" in state:
        return
    key = world.draw.choice(shared)
    name = f"copy of {key}"
    answer = {"current_state": {name: state[key]}}
    take_result_as(world, flow, answer, {"current_state": {name: plain[key]}})


@step("run", 12)
def run_recorded_segment(world: World, flow: Flow) -> None:
    """The built-in runner answers what the input has recorded."""
    segments, number = flow.plain.get("segments"), flow.plain.get("segment_to_run", 0)
    if not isinstance(segments, list) or number >= len(segments):
        return
    answer = world.call({"action": "run_segment", "state_data": flow.bag})
    recorded = segments[number]
    world.require_same("run_segment", {"is": flow.reader.answer(answer)}, {"is": recorded})
    take_result_as(world, flow, answer, recorded)


@step("run", 4)
def create_snapshot(world: World, flow: Flow) -> None:
    kind = world.draw.choice(("pre", "post"))
    snapshot(world, flow, kind)


def snapshot(world: World, flow: Flow, kind: str) -> None:
    """Keep a snapshot of the bag as it is now."""
    before, plain = flow.bag, flow.plain
    event = event_of(world, "create_snapshot", before, snapshot_type=kind)
    expected = oracle.advance(plain, plain, {}, "create_snapshot")
    take(world, flow, event, expected, flow.reader)
    path = flow.bag[f"{kind}_snapshot_s3_path"]
    document = flow.reader.document(path)
    if document["snapshot_type"] != kind or document["execution_id"] != flow.owner:
        raise SimulationError("wrong snapshot", path)
    world.require_same("snapshot", flow.reader.bag(document["state_data"]), plain)
    flow.kept.append((path, document["state_data"], plain))


@step("run", 3)
def restore_snapshot(world: World, flow: Flow) -> None:
    """The bag comes back as it was; it may be what the workflow goes on with."""
    snapshots = [kept for kept in flow.kept if "snapshot_id" in flow.reader.document(kept[0])]
    if not snapshots:
        return
    path, bag, plain = world.draw.choice(snapshots)
    restored = world.call({"action": "restore_snapshot", "s3_path": path})["state_data"]
    if not same(restored, bag):
        raise SimulationError("wrong snapshot", f"{path} was restored as another bag")
    # The execution goes on with a bag of its own.
    is_own = plain.get("execution_chain") == flow.plain.get("execution_chain")
    if is_own and plain["next_action"] == "CONTINUE" and world.draw.random() < 0.3:
        flow.bag, flow.plain = restored, plain


@step("run", 4)
def ask_for_what_comes_next(world: World, flow: Flow) -> None:
    """A result ends the workflow, or makes it wait or fail."""
    ends = ("COMPLETE", "SUCCEEDED", "FAILED", "HALTED", "SIGKILL")
    status = world.draw.choice((*ends, "PAUSED_FOR_HITP", "PAUSE", "ASYNC", "ASYNC"))
    result: Plain = {"status": status}
    if world.draw.random() < 0.5:
        result |= {"prompt": values.text(world.draw), "current_state": values.mapping(world.draw)}
    take_result(world, flow, "sync", "execution_result", result)


@step("run", 2)
def decompress(world: World, flow: Flow) -> None:
    """A compressed value is given back."""
    for value in [*flow.bag.values(), *_fields(flow.bag.get("current_state"))]:
        if isinstance(value, dict) and value.keys() == {"__gzip_base64", "__size_bytes"}:
            answer = world.call({"action": "decompress", "compressed_data": value})
            expected = {"value": flow.reader.value(value)}
            given = {"value": flow.reader.answer(answer["value"])}
            world.require_same("decompress", given, expected)
            return


def _fields(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def whole_by_handler(product: Any, event: Any, context: Any) -> Any:
    """Return what the function hydrates."""
    return product.handler(event, context)


@step("any", 6)
def hydrate(world: World, flow: Flow) -> None:
    """The whole state is read back, in bad weather and in a container without a memory."""
    event = {"action": "hydrate", "state_data": flow.bag}
    is_cold = world.draw.random() < 0.5
    answer = world.cold(whole_by_handler, event) if is_cold else world.call(event)
    shown = {name: value for name, value in flow.plain.items() if name != strict_maps.UNFINISHED}
    world.require_same("hydrate", answer["state_data"], shown)


@step("any", 5)
def old_event(world: World, _: Flow) -> None:
    """An event that was answered long ago comes again."""
    if world.old:
        again(world, world.draw.choice(world.old))


@step("any", 2)
def redeploy(world: World, _: Flow) -> None:
    """A container is replaced by one of another deployment."""
    world.draw.choice(world.containers).redeploy(world.draw)


@step("any", 1)
def let_time_pass(world: World, _: Flow) -> None:
    """Minutes pass, or the clock on the wall is set."""
    if world.draw.random() < 0.5:
        world.clock.sleep(world.draw.choice((1, 60, 600, 86_400)))
    else:
        world.clock.jump(world.draw.choice((-7_200, -1, 3_600)))


@step("run", 1)
def hand_over(world: World, flow: Flow) -> None:
    """The history is full: the workflow goes on in another execution."""
    following = world.call(event_of(world, "hand_over", flow.bag))["next"]
    go_on(world, flow, following["resume_from"], flow.plain)


def go_on(world: World, flow: Flow, path: str, plain: Plain, *, also: tuple[str, ...] = ()) -> None:
    """Start the execution that goes on from a snapshot or a record.

    Args:
        world: the world.
        flow: whose state it is.
        path: of the snapshot or record.
        plain: what that stands for.
        also: names of errors that it may be refused with.
    """
    arn = new_execution(world)
    given: Plain = {}
    if world.draw.random() < 0.3:
        given["current_state"] = {"report": values.mapping(world.draw, 1)}
    if strict_maps.UNFINISHED in plain and world.draw.random() < 0.3:
        given["tolerated_failed_items"] = world.draw.choice((0, 2, 10_000))
    event = {"action": "init", "execution_id": arn, "input": {"resume_from": path, **given}}
    flow.executions[flow.execution] |= _end_of(world, flow, path)
    flow.executions[arn] = {"status": "RUNNING", "input": event["input"]}
    flow.execution = arn
    left = strict_maps.entered_again(plain)
    take(world, flow, event, oracle.resumed(left, given, arn), flow.reader, also=also)
    settle_mode(flow)


def _end_of(world: World, flow: Flow, path: str) -> Plain:
    """Return what is told of an execution that another goes on from."""
    stopped = {"stopped": world.clock.wall}
    if flow.mode == "failed":
        return {"status": "FAILED", "error": "Boom", "cause": f"[record: {path}]", **stopped}
    told = {"status": "SUCCEEDED", "output": {"state_data": flow.bag}, **stopped}
    return flow.executions[flow.execution] if flow.mode == "over" else told


@step("over", 3)
def end(world: World, flow: Flow) -> None:
    """The workflow is over; another one begins."""
    world.flows.remove(flow)
    begin(world)
