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


def cause_to_fail(base: JsonObject, delta: JsonObject) -> str | None:
    """Return the cause to fail with if more items of a map failed than its bag tolerates.

    Args:
        base: the bag; it tolerates none by default.
        delta: the results of the map, as `flatten_result` returned them.
    """
    reports: Json = delta.get(FAILED_SEGMENTS)
    if type(reports) is not list:
        return None
    total = _total(delta, reports)
    given: Json = delta.get(TOLERATED_ITEMS, base.get(TOLERATED_ITEMS))
    tolerated = given if is_tolerance(given) else 0
    if len(reports) <= _most(tolerated, total):
        return None
    failed = f"{len(reports):,} of {total:,} items of the map failed"
    limit = f"{TOLERATED_ITEMS} allows {tolerated}"
    return f"{failed}, and {limit}. {FAILED_SEGMENTS} reports each of them."


def _most(tolerated: Json, total: int) -> int:
    """Return how many of the `total` items may fail."""
    share = _share(tolerated)
    most: int = tolerated if share is None else share[0] * total // (100 * share[1])
    return most


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
