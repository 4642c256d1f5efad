"""Both ends of a Distributed Map: the items it reads, and the result of each of its children."""

import hashlib
from collections.abc import Iterator
from typing import Final

from universal_sync_core.admission import admit
from universal_sync_core.bag import ITEMS
from universal_sync_core.call import Call, Context, open_call
from universal_sync_core.codec import Json, JsonObject, encode
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    PointerNotAllowedError,
)
from universal_sync_core.hydrate import hydrate_state
from universal_sync_core.item_failure import failure_of, shown_beside
from universal_sync_core.json_stream import streamed, with_floats
from universal_sync_core.next_action import require_simple
from universal_sync_core.pointer import Pointer, parse
from universal_sync_core.store import Location
from universal_sync_core.unfinished_map import items_to_run, unfinished_map

ITEMS_FOLDER: Final = "items/"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MAX_KEY_BYTES: Final = 1_024


def stage_items(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return where an ItemReader finds the items: `{"bucket", "key", "count"}`.

    Of a map of which too many items failed these are the items that did.

    Args:
        state: a bag with `distributed_items`: a list, or `{"bucket", "key"}` of a JSON array
            that is in S3 already.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: the bag has no such field, or it is neither.
        PointerNotAllowedError: the array is neither among the items of this execution nor under
            `STATE_ALLOWED_PREFIXES`.
    """
    with open_call(context, state) as call:
        items = hydrate_state(state, [ITEMS]).get(ITEMS)
        unfinished = unfinished_map(state, call)
        if type(items) is dict and items.keys() >= {"bucket", "key"}:
            place = _in_s3(items, call)
            if unfinished is None:
                return place
            items = list(_read(place, call))
        if type(items) is not list:
            message = f"{ITEMS} must be a list, or the bucket and key of one"
            raise InvalidRequestError(message, field=f"state_data.{ITEMS}")
        items = items_to_run(items, unfinished)
        body = encode(items)
        name = f"{ITEMS_FOLDER}{hashlib.sha256(body).hexdigest()}.json"
        location = call.objects.create(name, body)
        return {"bucket": location.bucket, "key": location.key, "count": len(items)}


def _in_s3(items: JsonObject, call: Call) -> JsonObject:
    """Return where items are that the bag says are in S3, if this execution may read them."""
    bucket, key, count = items["bucket"], items["key"], items.get("count")
    if (
        type(bucket) is not str
        or type(key) is not str
        or len(key.encode(errors="replace")) > _MAX_KEY_BYTES
    ):
        message = f"bucket and key of {ITEMS} must be texts, the key of at most 1,024 bytes"
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}")
    if count is not None and (type(count) is not int or count < 0):
        message = f"count of {ITEMS} must be a whole number from 0, or be left out"
        raise InvalidRequestError(message, field=f"state_data.{ITEMS}.count")
    try:
        at = Location.of(bucket, key)
    except MalformedPointerError as error:
        message = f"bucket and key of {ITEMS} name no object of S3"
        raise PointerNotAllowedError(message, field=f"state_data.{ITEMS}") from error
    own = f"{call.objects.folder}{ITEMS_FOLDER}" if call.objects.can_write else None
    call.objects.require_allowed(str(at), also=[] if own is None else [own])
    return {"bucket": bucket, "key": key, "count": count}


def _read(place: JsonObject, call: Call) -> Iterator[Json]:
    location = Location(place["bucket"], place["key"])
    yield from map(with_floats, streamed(call.objects.stream(location)))


def store_result(value: Json, context: Context) -> JsonObject:
    """Return a pointer to the result of a child, so that its output is small whatever it is.

    Args:
        value: what the child's worker answered.
        context: carries the `execution_id` of the parent.

    Raises:
        InvalidRequestError: it asks for what only a segment can ask for, such as a map.
    """
    pointer = pointer_to(value, context)
    require_of_item(pointer)
    return pointer


def require_of_item(result: Json) -> None:
    """Raise InvalidRequestError where the result of an item asks for what no item can have."""
    require_simple(result, "an item of a Distributed Map")


def pointer_to(value: Json, context: Context) -> JsonObject:
    """Return a pointer to a worker's result; its status and a short error stand beside it."""
    with open_call(context) as call:
        admitted = admit(value, call)
        given = parse(admitted)
        if given is None:
            return with_shown(call.pages.store(admitted), call.pages.unpacked(admitted)).render()
        opened = call.pages.opened(admitted)
        if given.kind == "value" and failure_of(opened):  # as other languages store an object
            return with_shown(call.pages.store(opened), opened).render()
        return given.render()


def with_shown(pointer: Pointer, value: Json) -> Pointer:
    """Return a pointer with what tells how a result ended beside it, if it is one to an object."""
    return pointer.with_beside(shown_beside(value)) if type(value) is dict else pointer
