"""The names in a bag, and the three forms in which it keeps values that are not inline.

Besides a pointer in a field's own place, there are a sample or summary of a field with the whole
behind `<field>_s3_path`; the older part of the history behind `state_history_archive`; and, in a
bag with very many small fields, all of them behind `state_s3_path`. A value under these names
counts only if it is a pointer made for that purpose, so data of the same name stays data.
"""

from collections.abc import Collection
from typing import Final

from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import Kind, Pointer, parse

CONTROL_FIELDS_NEVER_OFFLOAD: Final = frozenset(
    {
        "execution_id",
        "idempotency_key",
        "status",
        "next_action",
        "segment_id",
        "segment_to_run",
        "total_segments",
        "loop_counter",
        "state_revision",
        "state_s3_path",
        "pre_snapshot_s3_path",
        "post_snapshot_s3_path",
        "last_update_time",
        "payload_size_kb",
    }
)

# The state machine and the join of branches read these fields in the bag, so they stay inline.
READ_BY_MACHINE: Final = frozenset(
    {
        "awaited_job",
        "branch_conflict_strategy",
        "branch_id",
        "execution_segments",
        "forked_from",
        "held_by_operator",
        "items_per_batch",
        "loop_limit",
        "map_concurrency",
        "preview_paths",
        "segments_in_parent",
        "segments_per_execution",
        "stopped_by",
        "tolerated_branch_failures",
        "tolerated_failed_items",
        "unfinished_map",
        "wait_state",
    }
)
# Fields with one value, which no merge strategy joins with another.
ONE_VALUED: Final = (CONTROL_FIELDS_NEVER_OFFLOAD | READ_BY_MACHINE | {"next_segment_to_run"}) - {
    "preview_paths"
}
# The state machine forks one branch for each element. The list stays inline; large elements may be
# offloaded.
BRANCHES: Final = "pending_branches"
# A Distributed Map runs one child for each element of this list, or of a list in S3.
ITEMS: Final = "distributed_items"
# How many children run at once, if that is fewer than the stack allows.
MAP_CONCURRENCY: Final = "map_concurrency"
# How many items each child gets, in a list.
ITEMS_PER_BATCH: Final = "items_per_batch"
PLACE: Final = ("bucket", "key")
# In a branch's own bag: the element that it was made for, its id, and the bag that it was forked
# from.
BRANCH: Final = "branch"
BRANCH_ID: Final = "branch_id"
FORKED_FROM: Final = "forked_from"

# Every step of the workflow counts it on.
REVISION: Final = "state_revision"
STATE: Final = "current_state"
HISTORY: Final = "state_history"
HISTORY_ALIAS: Final = "new_history_logs"
ARCHIVE: Final = "state_history_archive"
OVERFLOW: Final = "state_s3_path"
# The executions that have worked on a bag after its first one: their ARNs, in order.
CHAIN: Final = "execution_chain"
# The error and the cause of what stopped the workflow, if that told them.
STOPPED_BY: Final = "stopped_by"
# What is left to run after too many items of a map failed.
UNFINISHED: Final = "unfinished_map"
SCHEDULING: Final = "scheduling_metadata"
SCHEDULING_SUMMARY: Final = "scheduling_summary"
OUTPUTS: Final = "distributed_outputs"
# The fields that describe a list of outputs.
ABOUT_OUTPUTS: Final = ("chunk_count", "aggregation_timestamp")
FAILED_SEGMENTS: Final = "failed_segments"
STALE_RESULT: Final = "stale_result"
SAMPLED: Final = ("chunk_results", FAILED_SEGMENTS, OUTPUTS)

# Field that is summarised -> the field that shows it meanwhile.
SHOWN_AS: Final = {name: name for name in SAMPLED} | {SCHEDULING: SCHEDULING_SUMMARY}

# This key beside a pointer says what the pointer is for. A user's field that was offloaded under
# one of these names does not have it.
_ROLE: Final = "of_field"


def is_branch(bag: JsonObject) -> bool:
    """Tell whether a bag belongs to a branch."""
    return FORKED_FROM in bag


def whole_name(field: str) -> str:
    """Return the name of the pointer to the whole of a sampled or summarised field."""
    return f"{field}_s3_path"


_WHOLE_NAMES: Final = frozenset(map(whole_name, SHOWN_AS))
# A user's fields under these names stay in the bag when others are offloaded together, so that the
# bag shows which of the names are taken.
SPOKEN_FOR: Final = _WHOLE_NAMES | {SCHEDULING_SUMMARY}


def whole_of(bag: JsonObject, field: str) -> Pointer | None:
    """Return the pointer to the whole of a field that the bag only samples, or None."""
    kind: Kind = "map" if field == SCHEDULING else "list"
    name = whole_name(field)
    return _in_role(bag, name, field, kind) if name in bag else None


def archive_of(bag: JsonObject) -> Pointer | None:
    """Return the pointer to the older entries of the history, or None if all are inline."""
    return _in_role(bag, ARCHIVE, HISTORY, "list") if ARCHIVE in bag else None


def overflow_of(bag: JsonObject) -> Pointer | None:
    """Return the pointer to the fields that are not in the bag itself, or None."""
    return _in_role(bag, OVERFLOW, OVERFLOW, "map") if OVERFLOW in bag else None


def unfinished_of(bag: JsonObject) -> Pointer | None:
    """Return the pointer to what is left to run of a map, or None if nothing is."""
    return _in_role(bag, UNFINISHED, UNFINISHED, "map") if UNFINISHED in bag else None


def in_role(pointer: Pointer, role: str, **beside: Json) -> JsonObject:
    """Return the pointer as the bag keeps it for `role`: a field, or `state_s3_path`."""
    return pointer.with_beside({_ROLE: role, **beside}).render()


def _in_role(bag: JsonObject, name: str, role: str, kind: Kind) -> Pointer | None:
    pointer = parse(bag[name])
    if pointer is None or pointer.kind != kind or pointer.beside.get(_ROLE) != role:
        return None
    return pointer


def without_samples(bag: JsonObject, touched: Collection[str] | None = None) -> JsonObject:
    """Return the bag with pointers instead of samples and summaries.

    Args:
        bag: the bag; it is not changed.
        touched: only for fields that these names are a part of; None for all.
    """
    if _WHOLE_NAMES.isdisjoint(bag):
        return bag
    plain = bag
    for field, shown in SHOWN_AS.items():
        if whole_name(field) not in bag:
            continue
        names = {field, shown, whole_name(field)}
        is_meant = touched is None or not names.isdisjoint(touched)
        pointer = whole_of(bag, field) if is_meant else None
        if pointer is None:
            continue
        whole = pointer.with_beside({}).render()
        plain = {
            field if name == shown else name: whole if name == shown else value
            for name, value in plain.items()
            if name != whole_name(field)
        }
    return plain


def unwrap(state_data: object) -> object:
    """Return the bag itself, however deeply it is nested in `{"state_data": {...}}`.

    With this package's ResultSelector, `"ResultPath": "$.state_data"` nests it one level deeper at
    each call. Only exactly that shape is unwrapped; a bag with other fields is left alone.
    """
    while isinstance(state_data, dict) and len(state_data) == 1:
        inner = state_data.get("state_data")
        if not isinstance(inner, dict):
            break
        state_data = inner
    return state_data


def with_fields(bag: JsonObject, names: Collection[str], pages: PageReader) -> JsonObject:
    """Return the bag with those of the named fields that are behind `state_s3_path`.

    Use this to look for a field by its name, since a bag with very many fields keeps it there.
    """
    pointer = overflow_of(bag)
    if pointer is None or not (missing := set(names) - bag.keys()):
        return bag
    return pages.lookup(pointer, missing) | bag


def with_overflow(bag: JsonObject, pages: PageReader) -> JsonObject:
    """Return the bag with all its fields; those in the bag itself are newer and win."""
    pointer = overflow_of(bag)
    if pointer is None:
        return bag
    own = {name: value for name, value in bag.items() if name != OVERFLOW}
    return pages.entries(pointer) | own


def in_place(
    bag: JsonObject, pages: PageReader, names: Collection[str] | None = None
) -> JsonObject:
    """Return the bag with its fields, or those of some names, in their own places, not sampled."""
    whole = with_overflow(bag, pages) if names is None else with_fields(bag, names, pages)
    return without_samples(whole, names)


def field_of(bag: JsonObject, name: str, pages: PageReader) -> Json:
    """Return a field of the bag wherever it is kept, or None; it may be a pointer."""
    return in_place(bag, pages, {name}).get(name)


def without_fields(bag: JsonObject, names: Collection[str], pages: PageReader) -> JsonObject:
    """Return the bag without some of its fields, those behind `state_s3_path` included."""
    pointer = overflow_of(bag)
    if pointer is not None and pages.lookup(pointer, set(names)):
        bag = with_overflow(bag, pages)
    return {name: value for name, value in bag.items() if name not in names}
