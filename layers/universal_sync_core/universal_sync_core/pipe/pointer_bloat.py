"""Pointer bloat: long lists of references keep a sample inline, and the whole list goes to S3."""

from collections.abc import Mapping
from typing import Final

from universal_sync_core.bag.fields import (
    SCHEDULING,
    SCHEDULING_SUMMARY,
    in_role,
    whole_name,
)
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.pointer import has_mark, length, parse
from universal_sync_core.values.portable import is_portable

SAMPLE_ENTRIES: Final[Mapping[str, int]] = {
    "chunk_results": 10,
    "failed_segments": 5,
    "distributed_outputs": 10,
}
# Only these are sampled by their length; the others if they are over the field threshold.
SAMPLED_BY_COUNT: Final = ("chunk_results", "failed_segments")
MAX_BATCH_DETAILS: Final = 5


def prevent_pointer_bloat(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return the bag with samples instead of long lists of results.

    `scheduling_metadata` with more than 5 `batch_details` becomes `scheduling_summary`;
    `chunk_results` keeps 10 entries and `failed_segments` 5. `distributed_outputs` keeps 10 if it
    is over the field threshold. The whole list is behind `<field>_s3_path`.

    Args:
        state: the bag; it is not changed.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: something has to be offloaded, and there is no bucket or execution.
    """
    with unit_of_work(context, state) as unit:
        return without_bloat(state, unit)


def without_bloat(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the bag as `prevent_pointer_bloat` does."""
    for field in SAMPLE_ENTRIES:
        if field in bag and is_to_be_sampled(bag, field, unit):
            bag = _sampled(bag, field, unit)
    return _summarised(bag, unit)


def is_to_be_sampled(bag: JsonObject, field: str, unit: UnitOfWork) -> bool:
    """Tell whether a field of the bag should keep only a sample inline."""
    if field not in SAMPLE_ENTRIES or whole_name(field) in bag:
        return False
    value = bag[field]
    if (length(value) or 0) <= SAMPLE_ENTRIES[field]:
        return False
    is_long = field in SAMPLED_BY_COUNT or has_mark(value)
    return is_long or len(encode(value)) > unit.settings.field_offload_bytes


def _sampled(bag: JsonObject, field: str, unit: UnitOfWork) -> JsonObject:
    pointer = parse(bag[field]) or unit.pages.store(bag[field])
    sample: list[Json] = []
    room = unit.settings.field_offload_bytes
    for stored in unit.pages.slice(pointer, 0, SAMPLE_ENTRIES[field]):
        # A value that a JSON library on the way would alter is replaced by its pointer.
        item = stored if is_portable(stored) else unit.pages.store(stored).render()
        room -= len(encode(item)) + 1
        if room < 0:
            break
        sample.append(item)
    return bag | {field: sample, whole_name(field): in_role(pointer, field)}


def _summarised(bag: JsonObject, unit: UnitOfWork) -> JsonObject:
    value = bag.get(SCHEDULING)
    if type(value) is not dict or SCHEDULING_SUMMARY in bag or whole_name(SCHEDULING) in bag:
        return bag
    if has_mark(value) or not _has_many_batches(value):
        return bag
    summary = {
        "total_batches": value.get("total_batches", len(value["batch_details"])),
        "priority": value.get("priority"),
        "total_items": value.get("total_items", _total_items(value["batch_details"])),
    }
    if len(encode(summary)) > unit.settings.field_offload_bytes:
        return bag
    rest = {name: item for name, item in bag.items() if name != SCHEDULING}
    whole = in_role(unit.pages.store(value), SCHEDULING)
    return rest | {SCHEDULING_SUMMARY: summary, whole_name(SCHEDULING): whole}


def _has_many_batches(value: JsonObject) -> bool:
    batches = value.get("batch_details")
    return type(batches) is list and len(batches) > MAX_BATCH_DETAILS


def _total_items(batches: list[Json]) -> int | None:
    counts = [batch.get("item_count") for batch in batches if type(batch) is dict]
    numbers = [count for count in counts if type(count) is int]
    return sum(numbers) if numbers else None
