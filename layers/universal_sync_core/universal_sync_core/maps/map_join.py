"""Joining the results of a Distributed Map: one delta with outputs in item order, and failures."""

from collections.abc import Sequence
from dataclasses import replace

from universal_sync_core.bag.fields import FAILED_SEGMENTS, OUTPUTS, UNFINISHED, field_of
from universal_sync_core.bag.tolerance import cause_to_fail
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.maps.map_items import Item, input_at
from universal_sync_core.maps.unfinished_map import UnfinishedMap, unfinished_map
from universal_sync_core.merge.lists import Lists
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.item_failure import failure_of
from universal_sync_core.values.pointer import length
from universal_sync_core.values.timestamps import utc_now


def joined_outputs(
    outputs: list[Json],
    unit: UnitOfWork,
    *,
    stored: JsonObject | None = None,
    reports: Sequence[JsonObject] = (),
    positions: Sequence[int] = (),
) -> JsonObject:
    """Return the delta of a list of outputs.

    A report of an output has the item's position among all items as its `index`, or null if nobody
    knows it because other items have no output. If the output is elsewhere, it has that place, too.

    Args:
        outputs: the outputs, in item order.
        unit: the unit of work that opens compressed ones.
        stored: a pointer to the list, if it is in S3 already.
        reports: reports of items without output.
        positions: the position of the item of each output among all items, if they are known.
    """
    delta = {
        OUTPUTS: outputs if stored is None else stored,
        "chunk_count": len(outputs),
        "aggregation_timestamp": utc_now(),
    }
    told = (failure_of(unit.pages.expanded(output)) for output in outputs)
    unknown = [None] * len(outputs) if reports else range(len(outputs))
    failed = [
        {"index": index} | ({} if index == place else {"output_index": place}) | failure
        for place, (index, failure) in enumerate(zip(positions or unknown, told, strict=True))
        if failure
    ]
    every = [*failed, *reports]
    return delta | {FAILED_SEGMENTS: every} if every else delta


def joined_items(items: Sequence[Item], unit: UnitOfWork) -> JsonObject:
    """Return the delta of the items of a map run, in item order.

    If they are the rest of an unfinished map, their outputs are joined with those that the bag has.
    If more failed than are tolerated, the delta says what is left to run.
    """
    if not all(item.is_ours for item in items):
        outputs = [item.result for item in items if item.succeeded]
        return joined_outputs(outputs, unit, reports=_reports(items))
    return _of_our_own(items, unfinished_map(unit.bag, unit), unit)


def _of_our_own(
    items: Sequence[Item], unfinished: UnfinishedMap | None, unit: UnitOfWork
) -> JsonObject:
    """Return the delta of items that have their own positions."""
    by_position: dict[int, Json] = {}
    count = len(items)
    if unfinished is not None:
        items = [_moved(item, unfinished) for item in items]
        by_position, count = dict(unfinished.kept_outputs(unit)), unfinished.count
    by_position |= {item.position: item.result for item in items if item.succeeded}
    positions = sorted(by_position)
    outputs = [by_position[position] for position in positions]
    delta = joined_outputs(outputs, unit, reports=_reports(items), positions=positions)
    is_whole = unfinished is not None or {item.position for item in items} == set(range(count))
    if not is_whole or not cause_to_fail(unit.bag, delta):
        return delta
    without_output = sorted(item.position for item in items if not item.succeeded)
    again = sorted(report["index"] for report in delta[FAILED_SEGMENTS])
    left = UnfinishedMap(
        count=count,
        failed=again,
        without_output=without_output,
        reports_before=_reports_before(unit),
        inputs=_inputs(items, again, unfinished, unit),
    )
    return delta | {UNFINISHED: left.render(unit)}


def _inputs(
    items: Sequence[Item], again: list[int], unfinished: UnfinishedMap | None, unit: UnitOfWork
) -> list[Json] | None:
    """Return the inputs of items that run again, if the function cannot read the items itself."""
    if unfinished is not None:
        kept = unfinished.inputs
        known = None if kept is None else dict(zip(unfinished.failed, kept, strict=True))
        return None if known is None else [known[position] for position in again]
    wanted = set(again)
    texts = {item.position: item.given for item in items if item.position in wanted}
    if None in texts.values():
        return None
    return [
        unit.pages.folded(ingest(input_at(text, position), unit))
        for position in again
        if (text := texts[position]) is not None
    ]


def _reports(items: Sequence[Item]) -> list[JsonObject]:
    return [item.result for item in items if not item.succeeded]


def _reports_before(unit: UnitOfWork) -> int:
    """Return how many reports the bag has that stay before those of this map."""
    strategy = unit.strategies.at((FAILED_SEGMENTS,))
    if strategy is None or not strategy.grows:
        return 0
    reports = unit.pages.opened(field_of(unit.bag, FAILED_SEGMENTS, unit.pages))
    return length(Lists(unit.pages).as_list(reports)) or 0


def _moved(item: Item, unfinished: UnfinishedMap) -> Item:
    """Return an item that ran again, with its position among all items of the map."""
    position = unfinished.position(item.position)
    result = item.result if item.succeeded else item.result | {"index": position}
    return replace(item, index=position, result=result)
