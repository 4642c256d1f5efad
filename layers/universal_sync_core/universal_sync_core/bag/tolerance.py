"""How many items of a Distributed Map may fail before the workflow fails."""

import re
from typing import Final

from universal_sync_core.bag.fields import FAILED_SEGMENTS
from universal_sync_core.values.codec import Json, JsonObject

TOLERATED_ITEMS: Final = "tolerated_failed_items"
_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?%", re.ASCII)


def is_tolerance(value: Json) -> bool:
    """Tell whether a value says how many items may fail: a count, or a string such as `5%`."""
    if type(value) is int:
        return value >= 0
    share = _share(value)
    return share is not None and share[0] <= 100 * share[1]


def too_many_failed(base: JsonObject, delta: JsonObject) -> bool:
    """Tell whether more items of a map failed than its bag tolerates: none by default.

    Args:
        base: the bag.
        delta: the results of the map, as `flatten_result` returned them.
    """
    reports: Json = delta.get(FAILED_SEGMENTS)
    if type(reports) is not list:
        return False
    tolerated: Json = delta.get(TOLERATED_ITEMS, base.get(TOLERATED_ITEMS, 0))
    share = _share(tolerated)
    if share is None:
        return len(reports) > (tolerated if type(tolerated) is int else 0)
    return len(reports) * 100 * share[1] > share[0] * _total(delta, reports)


def _total(delta: JsonObject, reports: list[Json]) -> int:
    """Return how many items there were; the report of one without an output has its input."""
    without = sum(type(report) is dict and "input" in report for report in reports)
    outputs: Json = delta.get("chunk_count")
    return without + (outputs if type(outputs) is int else len(reports))


def _share(value: Json) -> tuple[int, int] | None:
    """Return a percentage as a fraction of whole numbers, or None if the value is not one."""
    match = _PERCENT.fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    whole, fraction = match[1], match[2] or ""
    return int(whole + fraction), 10 ** len(fraction)
