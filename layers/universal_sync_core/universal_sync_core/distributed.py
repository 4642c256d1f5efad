"""Both ends of a Distributed Map: the items it reads, and the result of each of its children."""

import hashlib
from typing import Final

from universal_sync_core.admission import admit
from universal_sync_core.bag import ITEMS
from universal_sync_core.call import Context, open_call
from universal_sync_core.codec import Json, JsonObject, encode
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.hydrate import hydrate_state
from universal_sync_core.next_action import require_simple
from universal_sync_core.pointer import parse

# Readable beside the pointer to a result, so that a failure shows without a read.
_SHOWN: Final = ("status", "error", "cause")
_MAX_SHOWN_BYTES: Final = 256


def stage_items(state: JsonObject, context: Context | None = None) -> JsonObject:
    """Return where an ItemReader finds the items: `{"bucket", "key", "count"}`.

    Args:
        state: a bag with `distributed_items`: a list, or `{"bucket", "key"}` of a JSON array
            that is in S3 already.
        context: may carry `execution_id`.

    Raises:
        InvalidRequestError: the bag has no such field.
    """
    with open_call(context, state) as call:
        items = hydrate_state(state, [ITEMS]).get(ITEMS)
        if type(items) is dict and items.keys() >= {"bucket", "key"}:
            return {"bucket": items["bucket"], "key": items["key"], "count": items.get("count")}
        if type(items) is not list:
            message = f"{ITEMS} must be a list, or the bucket and key of one"
            raise InvalidRequestError(message, field=f"state_data.{ITEMS}")
        body = encode(items)
        name = f"items/{hashlib.sha256(body).hexdigest()}.json"
        location = call.objects.create(name, body)
        return {"bucket": location.bucket, "key": location.key, "count": len(items)}


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
        pointer = parse(admitted) or call.pages.store(admitted)
        if type(admitted) is not dict or pointer.kind != "map":
            return pointer.render()
        shown = {name: admitted[name] for name in _SHOWN if name in admitted}
        small = {
            name: item for name, item in shown.items() if len(encode(item)) <= _MAX_SHOWN_BYTES
        }
        return pointer.with_beside(small).render()
