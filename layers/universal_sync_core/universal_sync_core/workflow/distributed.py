"""Both ends of a Distributed Map: the items that it reads, and the results of its children."""

from collections.abc import Iterator, Sequence
from typing import Final

from universal_sync_core.bag.fields import (
    ITEMS,
    ITEMS_PER_BATCH,
    MAP_CONCURRENCY,
    PLACE,
    field_of,
    with_fields,
)
from universal_sync_core.bag.nesting import at_once
from universal_sync_core.bag.next_action import require_simple
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.ingestion.control_fields import checked
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.limits import S3_KEY_BYTES
from universal_sync_core.maps.batches import batched
from universal_sync_core.maps.item_manifests import (
    INVENTORY,
    MANIFEST_TYPE,
    files_of,
    inventory_items,
    items_of_files,
    manifest_type,
)
from universal_sync_core.maps.items_in_s3 import INPUT_TYPE, JSON, PARQUET, input_type, items_in
from universal_sync_core.maps.unfinished_map import UnfinishedMap, items_to_run, unfinished_map
from universal_sync_core.packs.places import named_by
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.item_failure import failure_of, shown_beside
from universal_sync_core.values.pointer import Pointer, escape, is_whole, parse, unescape, weight_of

# The fields of items that are in S3 already, and what else `stage_items` says of them.
_FIELDS: Final = (*PLACE, INPUT_TYPE, MANIFEST_TYPE, "count")
_SAID: Final = ("max_concurrency", ITEMS_PER_BATCH)
# The most characters of a field's name in a message.
_NAME_CHARS: Final = 60


def stage_items(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return where an ItemReader finds the items, how many there are, and how to run them.

    The form is `{"bucket", "key", "input_type", "count", "max_concurrency", "items_per_batch"}`. If
    too many items of a map failed, these are the failed ones. With `items_per_batch`, each element
    there is a list of that many items. An item that is too large for the input of a child is staged
    as a pointer. With the type `PARQUET`, the object there lists files, which Step Functions itself
    reads and batches.

    Args:
        state: a bag with `distributed_items`: a list, or `{"bucket", "key"}` of a JSON array in S3,
            of JSON lines, CSV or Parquet with that `input_type`, or of a manifest with its
            `manifest_type`. Its `map_concurrency` says how many children run at once, if that is
            fewer than the settings allow. A branch's map gets only its share, since its siblings
            may map as well.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: the bag has no such field, or the field is neither.
        StateTooLargeError: items in S3 have to be read, and are more than one call may read.
        PointerNotAllowedError: the array is neither among the items of this execution nor under
            `STATE_ALLOWED_PREFIXES`.
    """
    with unit_of_work(context, state) as unit:
        names = {MAP_CONCURRENCY, ITEMS_PER_BATCH}
        asked = checked(with_fields(state, names, unit.pages), "state_data")
        per_batch: int = asked.get(ITEMS_PER_BATCH, 1)
        most = max(1, unit.settings.map_concurrency // at_once(state))
        children = min(most, asked.get(MAP_CONCURRENCY, most))
        place = {INPUT_TYPE: JSON, "count": None} | _place(state, per_batch, unit)
        return place | {"max_concurrency": children, ITEMS_PER_BATCH: per_batch}


def _place(state: JsonObject, per_batch: int, unit: UnitOfWork) -> JsonObject:
    items = unit.pages.opened(field_of(state, ITEMS, unit.pages))
    unfinished = unfinished_map(state, unit)
    listed = unit.pages.list_of(items)
    if listed is not None:
        elements = items_to_run(listed, unfinished)
        staged = _of_bag(batched(elements, per_batch), unit)
        return _staged(staged, unit) | {"count": len(elements)}
    items = unit.pages.resolve(items, unescape=True)
    if type(items) is not dict or not items.keys() >= {"bucket", "key"}:
        message = f"{ITEMS} must be a list, or the bucket and key of one"
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}")
    place = _in_s3(items, unit)
    kind = input_type(items, f"state_data.{ITEMS}")
    manifest = manifest_type(items, f"state_data.{ITEMS}")
    if unfinished is None and per_batch == 1 and kind == JSON and manifest is None:
        return place
    at = Location(place["bucket"], place["key"])
    if kind == PARQUET:
        return place | _of_parquet(at, manifest, per_batch, unfinished, unit)
    raw = items_to_run(list(_read(at, kind, manifest, unit)), unfinished)
    staged = [_given(each, escape(each, lambda _: False), unit) for each in batched(raw, per_batch)]
    return _staged(staged, unit) | {"count": len(raw)}


def _of_parquet(
    at: Location,
    manifest: str | None,
    per_batch: int,
    unfinished: UnfinishedMap | None,
    unit: UnitOfWork,
) -> JsonObject:
    """Return where an ItemReader finds the list of Parquet files, or the rows to run again."""
    if unfinished is not None:
        inputs = unfinished.inputs or []
        return _staged(_of_bag(batched(inputs, per_batch), unit), unit) | {"count": len(inputs)}
    files = [at] if manifest is None else list(files_of(at, unit))
    if any("\n" in file.key for file in files):
        message = (
            f"the key of a Parquet file in {ITEMS} has a line feed, which a manifest cannot contain"
        )
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}.key")
    location = unit.objects.create_items("".join(f"{file}\n" for file in files).encode(), "csv")
    return {"bucket": location.bucket, "key": location.key, INPUT_TYPE: PARQUET}


def _read(at: Location, kind: str, manifest: str | None, unit: UnitOfWork) -> Iterator[Json]:
    """Yield items that are in S3, read by the function itself."""
    if manifest == INVENTORY:
        return inventory_items(at, unit)
    return items_in(at, kind, unit) if manifest is None else items_of_files(at, kind, unit)


def _staged(items: Sequence[bytes], unit: UnitOfWork) -> JsonObject:
    """Store the JSON of items as one array, and return where it is."""
    unit.objects.flush()  # the values that they point to come first
    location = unit.objects.create_items(b"[" + b",".join(items) + b"]")
    return {"bucket": location.bucket, "key": location.key}


def _of_bag(elements: Sequence[Json], unit: UnitOfWork) -> list[bytes]:
    """Return the JSON of items in the form for children, from elements in their stored form.

    An item in S3 that is too large for a child is not read.
    """
    pointers = [_too_large(element, unit) for element in elements]
    rest = [element for element, large in zip(elements, pointers, strict=True) if large is None]
    stored: Iterator[Json] = iter(unit.pages.resolve(rest))
    return [
        _given(unescape(each := next(stored)), each, unit) if large is None else large
        for large in pointers
    ]


def _too_large(element: Json, unit: UnitOfWork) -> bytes | None:
    pointer, most = parse(element), unit.settings.bound_bytes
    if pointer is None and type(element) is list and sum(map(_size, element)) > most:
        pointer = unit.pages.store(element)
    if pointer is None or pointer.size <= most:
        return None
    return encode(pointer.with_beside({}).render())


def _size(element: Json) -> int:
    weight = weight_of(element)
    return len(encode(element)) if weight is None else weight


def _given(item: Json, stored: Json, unit: UnitOfWork) -> bytes:
    """Return the JSON that a child gets: the item itself, or a pointer to it.

    The bound is that of a bag, since a worker's result is beside the item as beside a bag.

    Args:
        item: the item in the user's own form.
        stored: the same item in the form of a bag.
        unit: the unit of work that stores it.
    """
    encoded = encode(item)
    if len(encoded) <= unit.settings.bound_bytes:
        return encoded
    return encode(unit.pages.store(stored).render())


def _in_s3(items: JsonObject, unit: UnitOfWork) -> JsonObject:
    """Return the place of items that are in S3 according to the bag, if it may be read."""
    for name in sorted(items.keys() - {*_FIELDS, *_SAID}):
        path = f"state_data.{ITEMS}.{name[:_NAME_CHARS]}"
        message = f"{path} is not a field of items in S3: {', '.join(_FIELDS)}"
        raise InvalidRequestError(message, field=path)
    bucket, key, count = items["bucket"], items["key"], items.get("count")
    if (
        type(bucket) is not str
        or type(key) is not str
        or len(key.encode(errors="replace")) > S3_KEY_BYTES
    ):
        message = f"bucket and key of {ITEMS} must be strings, the key of at most 1,024 bytes"
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}")
    if count is not None and not is_whole(count):
        message = f"count of {ITEMS} must be a whole number of 0 or more, or be left out"
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}.count")
    try:
        at = Location.of(bucket, key)
    except MalformedPointerError as error:
        message = f"bucket and key of {ITEMS} cannot name an object in S3"
        raise PointerNotAllowedError(message, field=f"state_data.{ITEMS}") from error
    own = [unit.objects.items_home] if unit.objects.can_write else []
    with named_by(f"state_data.{ITEMS}"):
        unit.objects.require_allowed(str(at), also=own)
    return {"bucket": bucket, "key": key, "count": count}


def store_result(value: Json, context: Context) -> JsonObject:
    """Return a pointer to the result of a child, so that its output is always small.

    Args:
        value: the answer of the child's worker.
        context: must carry the `execution_id` of the parent.

    Raises:
        InvalidRequestError: the result asks for something that only a segment can ask for, such as
            a map.
    """
    with unit_of_work(context) as unit:
        pointer = pointer_to_result(ingest(value, unit), unit)
    require_of_item(pointer)
    return pointer


def require_of_item(result: Json) -> None:
    """Raise InvalidRequestError if an item's result asks for something that only a segment can."""
    require_simple(result, "an item of a Distributed Map")


def pointer_to_result(result: Json, unit: UnitOfWork) -> JsonObject:
    """Return a pointer to an ingested result, with its status and a short error beside it."""
    given = parse(result)
    if given is None:
        return _with_shown(unit.pages.store(result), unit.pages.expanded(result)).render()
    opened = unit.pages.opened(result)
    if given.kind == "value" and failure_of(opened):  # as workers in other languages store it
        return _with_shown(unit.pages.store(opened), opened).render()
    return given.render()


def _with_shown(pointer: Pointer, value: Json) -> Pointer:
    """Return a pointer to a result, with the fields that tell how it ended beside it."""
    return pointer.with_beside(shown_beside(value)) if type(value) is dict else pointer
