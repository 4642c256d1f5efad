"""The results of a Distributed Map made one delta: outputs in item order, and what failed."""

from collections.abc import Sequence
from dataclasses import replace

from universal_sync_core.bag import FAILED_SEGMENTS, OUTPUTS
from universal_sync_core.call import Call
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.item_failure import failure_of
from universal_sync_core.map_items import Item
from universal_sync_core.timestamps import utc_now
from universal_sync_core.tolerance import too_many_failed
from universal_sync_core.unfinished_map import UNFINISHED, UnfinishedMap, unfinished_map


def joined_outputs(
    outputs: list[Json],
    call: Call,
    *,
    stored: JsonObject | None = None,
    positions: Sequence[int] | None = None,
    reports: Sequence[JsonObject] = (),
) -> JsonObject:
    """Return the delta of a list of outputs.

    Args:
        outputs: in item order.
        call: through which packed ones are opened.
        stored: a pointer to the list, where it is in S3 already.
        positions: of the outputs among the items, where they are not those in the list.
        reports: of items that have no output.
    """
    delta = {
        OUTPUTS: outputs if stored is None else stored,
        "chunk_count": len(outputs),
        "aggregation_timestamp": utc_now(),
    }
    told = (failure_of(call.pages.unpacked(output)) for output in outputs)
    places = range(len(outputs)) if positions is None else positions
    failed = [{"index": at, **failure} for at, failure in zip(places, told, strict=True) if failure]
    every = [*failed, *reports]
    return delta | {FAILED_SEGMENTS: every} if every else delta


def joined_items(items: Sequence[Item], call: Call) -> JsonObject:
    """Return the delta of the items of a map run, in item order.

    Where they are what was left of a map, their outputs are joined with those that the bag has.
    Where more failed than are tolerated, the delta says what is left of the map to run.
    """
    reports = [item.result for item in items if not item.succeeded]
    done = [item for item in items if item.succeeded]
    if not all(item.is_ours for item in items):
        positions = [at if item.index is None else item.index for at, item in enumerate(done)]
        outputs = [item.result for item in done]
        return joined_outputs(outputs, call, positions=positions, reports=reports)
    return _of_our_own(items, unfinished_map(call.bag, call), call)


def _of_our_own(items: Sequence[Item], unfinished: UnfinishedMap | None, call: Call) -> JsonObject:
    """Return the delta of items that tell their own positions."""
    by_position: dict[int, Json] = {}
    count = len(items)
    if unfinished is not None:
        items = [_moved(item, unfinished) for item in items]
        by_position, count = dict(unfinished.kept_outputs(call)), unfinished.count
    by_position |= {item.position: item.result for item in items if item.succeeded}
    positions = sorted(by_position)
    delta = joined_outputs(
        [by_position[position] for position in positions],
        call,
        positions=positions,
        reports=[item.result for item in items if not item.succeeded],
    )
    if not too_many_failed(call.bag, delta):
        return delta
    left = UnfinishedMap(
        count=count,
        failed=sorted(report["index"] for report in delta[FAILED_SEGMENTS]),
        without_output=sorted(item.position for item in items if not item.succeeded),
    )
    return delta | {UNFINISHED: left.render(call)}


def _moved(item: Item, unfinished: UnfinishedMap) -> Item:
    """Return an item that ran again with its position among all items of the map."""
    position = unfinished.position(item.position)
    result = item.result if item.succeeded else item.result | {"index": position}
    return replace(item, index=position, result=result)
