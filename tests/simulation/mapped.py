"""Steps of a workflow that runs a Distributed Map."""

import json
from typing import Any

from tests.core import map_runs
from tests.simulation import oracle, results, strict_maps, values
from tests.simulation.actions import snapshot
from tests.simulation.comparing import Plain, same
from tests.simulation.flows import settle_mode
from tests.simulation.merging import merge
from tests.simulation.steps import event_of, step, take
from tests.simulation.values import STRATEGIES
from tests.simulation.world import Flow, SimulationError, World

# The execution that the inputs of `map_runs.record` name.
_OF_RECORDS = "run-1"


@step("run", 4)
def ask_for_a_map(world: World, flow: Flow) -> None:
    result: Plain = {
        "status": "DISTRIBUTED_MAP",
        "distributed_items": values.rows(world.draw) or [1],
    }
    result["items_per_batch"] = world.draw.choice((1, 1, 3))
    result["tolerated_failed_items"] = world.draw.choice(strict_maps.TOLERANCES)
    expected = oracle.sync(flow.plain, result, "sync", STRATEGIES)
    event = event_of(world, "sync", flow.bag, execution_result=result)
    take(world, flow, event, expected, flow.reader)
    settle_mode(flow)


@step("map", 10)
def run_the_map(world: World, flow: Flow) -> None:
    """Items are staged, run, and their results joined, with a snapshot on both sides."""
    if not flow.staged:
        snapshot(world, flow, "pre")
        _stage(world, flow)
        return
    world.begun += 1
    answered, expected = _answered(world, flow)
    event = event_of(world, "aggregate_distributed", flow.bag, execution_result=answered)
    take(world, flow, event, expected, flow.reader)
    snapshot(world, flow, "post")
    settle_mode(flow)


def _answered(world: World, flow: Flow) -> tuple[Any, Plain]:
    """Return what the map answers, and the bag once that is joined."""
    if strict_maps.is_strict(flow):
        records, expected = strict_maps.run(world, flow)
        return _written(world, flow, records), expected
    is_listed = world.draw.random() < 0.5
    answered, delta = _as_list(world, flow) if is_listed else _as_manifest(world, flow)
    merged = merge(flow.plain, delta, STRATEGIES)
    return answered, oracle.advance(flow.plain, merged, delta, "aggregate_distributed")


def _stage(world: World, flow: Flow) -> None:
    staged = world.call({"action": "stage_items", "state_data": flow.bag})["items"]
    stored = world.fetch(f"s3://{staged['bucket']}/{staged['key']}")
    every = flow.plain["distributed_items"]
    items = [every[position] for position in strict_maps.positions_to_run(flow.plain)]
    given = [] if stored is None else json.loads(stored[0])
    read = [flow.reader.answer(item) for item in given]
    if flow.plain["items_per_batch"] > 1:
        read = [item for batch in read for item in batch]
    if not same(read, items):
        raise SimulationError("wrong items", staged["key"])
    flow.staged = items


def _as_list(world: World, flow: Flow) -> tuple[list[Any], Plain]:
    """Items whose answers are stored by the children, as an array that the map answers."""
    outputs = results.outputs(world.draw)
    answers = [_stored(world, flow, output) for output in outputs]
    return answers, oracle.flatten(outputs)


def _stored(world: World, flow: Flow, output: Any) -> Any:
    if world.draw.random() < 0.6:
        return output
    event = {"action": "store_result", "execution_id": flow.owner, "execution_result": output}
    return world.call(event)["result"]


def _as_manifest(world: World, flow: Flow) -> tuple[Plain, Plain]:
    """Items whose records a ResultWriter has written, in the order in which they ended."""
    draw = world.draw
    if flow.plain["items_per_batch"] > 1:
        return _as_batches(world, flow)
    outputs: list[Any] = []
    positions: list[int] = []
    failed: list[Plain] = []
    records: dict[str, list[Plain]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    for index, output in enumerate(results.outputs(draw)):
        kind = (
            draw.choice(("SUCCEEDED", "SUCCEEDED", "FAILED", "PENDING")) if index else "SUCCEEDED"
        )
        if kind == "SUCCEEDED":
            record = map_runs.record(index, _stored(world, flow, output))
            outputs.append(output)
            positions.append(index)
        else:
            record = map_runs.failed(index) if kind == "FAILED" else map_runs.pending(index)
            failed.append(_report(index, kind, record))
        records[kind].append(record)
    is_ours = flow.owner.rsplit(":", 1)[-1] == _OF_RECORDS  # else the items are anybody's
    told = oracle.map_run(outputs, failed, positions if is_ours else ())
    return _written(world, flow, records), told


def _as_batches(world: World, flow: Flow) -> tuple[Plain, Plain]:
    """The same of items that went to the children some at a time."""
    every, size = results.outputs(world.draw), flow.plain["items_per_batch"]
    outputs: list[Any] = []
    positions: list[int] = []
    failed: list[Plain] = []
    records: dict[str, list[Plain]] = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    for number, start in enumerate(range(0, len(every), size)):
        batch = every[start : start + size]
        items = [f"item {start + place}" for place in range(len(batch))]
        given = {"execution_id": flow.owner, "item": items, "index": number}
        sent = {"Input": json.dumps(given | {"items_per_batch": size})}
        if number and world.draw.random() < 0.3:
            record = map_runs.failed(number) | sent
            failed += [_report(start + place, "FAILED", record) for place in range(len(batch))]
            records["FAILED"].append(record)
        else:
            records["SUCCEEDED"].append(map_runs.record(number, _stored(world, flow, batch)) | sent)
            outputs += batch
            positions += range(start, start + len(batch))
    return _written(world, flow, records), oracle.map_run(outputs, failed, positions)


def _written(world: World, flow: Flow, records: dict[str, list[Plain]]) -> Plain:
    if world.draw.random() < 0.3:
        _redrive(world, records)
    for lines in records.values():
        world.draw.shuffle(lines)
    files = {kind: map_runs.array(*lines) for kind, lines in records.items()}
    folder = f"{world.prefix}distributed/{flow.execution.rsplit(':', 1)[-1]}/{world.begun}/"
    return map_runs.write(world.store, files, folder=folder)


def _redrive(world: World, records: dict[str, list[Plain]]) -> None:
    """Let some items have failed before they succeeded; the records of that are still there."""
    for record in records["SUCCEEDED"]:
        if world.draw.random() < 0.5:
            before = {"Status": "FAILED", "Error": "Before", "Cause": "before"}
            kept = {name: record[name] for name in ("ExecutionArn", "Input", "Name")}
            records["FAILED"].append(kept | before)
            record["RedriveCount"] = 1


def _report(index: int, kind: str, record: Plain) -> Plain:
    return {
        "index": index,
        "status": kind,
        "input": f"item {index}",
        "error": record.get("Error"),
        "cause": record.get("Cause"),
    }
