"""Maps of which only some items may fail: whoever resumes runs those again, and no others."""

import json
from dataclasses import dataclass
from typing import Any, Final

from tests.core import map_runs
from tests.simulation import oracle, results, values
from tests.simulation.comparing import Plain
from tests.simulation.merging import merge
from tests.simulation.world import Flow, World

LENIENT: Final = 10_000
TOLERANCES: Final = (LENIENT, LENIENT, 0, 0, 1, "20%", "50%")
UNFINISHED: Final = "unfinished_map"
_ENDS: Final = ("SUCCEEDED",) * 5 + ("FAILED", "PENDING")


def is_strict(flow: Flow) -> bool:
    """Tell whether the map of a workflow may end it, or has ended it before."""
    return UNFINISHED in flow.plain or flow.plain["tolerated_failed_items"] != LENIENT


def positions_to_run(plain: Plain) -> list[int]:
    """Return which items a map runs: all, or those that are left of it."""
    if UNFINISHED in plain:
        positions: list[int] = plain[UNFINISHED]["failed"]
        return positions
    return list(range(len(plain["distributed_items"])))


def entered_again(plain: Plain) -> Plain:
    """Return a bag that a map has ended, ready for the items that are left, without reports."""
    if UNFINISHED not in plain or plain["next_action"] != "FAILED":
        return plain
    gone = ("status", "failed_segments", "stopped_by")
    again = {name: value for name, value in plain.items() if name not in gone}
    if earlier := plain["failed_segments"][: plain[UNFINISHED]["reports_before"]]:
        again["failed_segments"] = earlier
    return again | {"next_action": "DISTRIBUTED_MAP"}


@dataclass(frozen=True, kw_only=True)
class _Child:
    """What became of an item.

    Attributes:
        position: among all items of the map.
        report: of an item without an output.
    """

    position: int
    output: Any = None
    report: Plain | None = None


Records = dict[str, list[Plain]]


def run(world: World, flow: Flow) -> tuple[Records, Plain]:
    """Return the records of the items that run, and the bag once they are joined."""
    size = flow.plain["items_per_batch"]
    positions = positions_to_run(flow.plain)
    records: Records = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    children: list[_Child] = []
    for number, start in enumerate(range(0, len(positions), size)):
        kind = world.draw.choice(_ENDS)
        batch = positions[start : start + size]
        outputs = [results.output(world.draw) for _ in batch]
        record = _record(flow, kind, number, batch, outputs)
        records[kind].append(record)
        children += [_child(kind, flow, *pair, record) for pair in zip(batch, outputs, strict=True)]
    return records, _joined(flow.plain, children)


def _record(flow: Flow, kind: str, number: int, batch: list[int], outputs: list[Any]) -> Plain:
    """Return the record of a child; its input says which it is, as the machine makes it."""
    items = [flow.plain["distributed_items"][each] for each in batch]
    is_batch = flow.plain["items_per_batch"] > 1
    given = {"execution_id": flow.owner, "item": items if is_batch else items[0], "index": number}
    given |= {"items_per_batch": flow.plain["items_per_batch"]} if is_batch else {}
    sent = {"Input": json.dumps(given)}
    if kind == "SUCCEEDED":
        return map_runs.record(number, outputs if is_batch else outputs[0]) | sent
    made = map_runs.failed(number) if kind == "FAILED" else map_runs.pending(number)
    return made | sent


def _child(kind: str, flow: Flow, position: int, output: Any, record: Plain) -> _Child:
    if kind == "SUCCEEDED":
        return _Child(position=position, output=output)
    report = {
        "index": position,
        "status": kind,
        "input": flow.plain["distributed_items"][position],
        "error": record.get("Error"),
        "cause": record.get("Cause"),
    }
    return _Child(position=position, report=report)


def _joined(plain: Plain, children: list[_Child]) -> Plain:
    """Return the bag with the outputs joined to those that an earlier run has left."""
    count = len(plain["distributed_items"])
    outputs = _kept(plain) | {each.position: each.output for each in children if not each.report}
    places = sorted(outputs)
    reports = [each.report for each in children if each.report]
    delta = oracle.map_run([outputs[place] for place in places], reports, places)
    merged = merge(plain, delta, values.STRATEGIES)
    merged.pop(UNFINISHED, None)
    failed = delta.get("failed_segments", [])
    tolerated = plain["tolerated_failed_items"]
    if not _are_too_many(len(failed), count, tolerated):
        return oracle.advance(plain, merged, delta, "aggregate_distributed")
    without = sorted(report["index"] for report in reports)
    again = sorted(report["index"] for report in failed)
    left = {"count": count, "failed": again, "without_output": without, "inputs": None}
    left["reports_before"] = len(plain.get("failed_segments", []))
    failing = delta | {"status": "FAILED"}
    merged |= oracle.stop(
        f"{len(failed)} of {count} items of the map", "tolerated_failed_items", tolerated
    )
    merged |= {"status": "FAILED", UNFINISHED: left}
    return oracle.advance(plain, merged, failing, "aggregate_distributed")


def _kept(plain: Plain) -> dict[int, Any]:
    """Return by position the outputs that the bag has of items that do not run again."""
    if UNFINISHED not in plain:
        return {}
    left = plain[UNFINISHED]
    places = [each for each in range(left["count"]) if each not in left["without_output"]]
    known = dict(zip(places, plain["distributed_outputs"], strict=True))
    return {place: known[place] for place in places if place not in left["failed"]}


def _are_too_many(failed: int, count: int, tolerated: Any) -> bool:
    if isinstance(tolerated, str):
        return failed * 100 > int(tolerated.removesuffix("%")) * count
    return failed > int(tolerated)
