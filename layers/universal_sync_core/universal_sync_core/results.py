"""What a worker answered, as it can travel: plain JSON that fits beside any bag."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from universal_sync_core.admission import admit
from universal_sync_core.awaiting import drained
from universal_sync_core.call import Call, Context, open_call
from universal_sync_core.codec import KIB, Json, JsonObject, checked_encoding, encode, measure
from universal_sync_core.distributed import store_result
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.pointer import Pointer
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.views import View, passed_on

# A result comes back beside the bag, and the two are at most 262,144 bytes: a bag is bounded to
# 196,608 at most (Settings).
INLINE_RESULT_BYTES: Final = 60 * KIB
_RESULT: Final = "result"
# What is held of a list that is still being made; some hundred pages, sent side by side.
_HELD_BYTES: Final = 8 * KIB * KIB


def offload_result(
    result: Json, context: Context | None = None, *, limit: int = INLINE_RESULT_BYTES
) -> Json:
    """Return a result as it fits beside any bag: itself, or a pointer to it where it is too large.

    Args:
        result: JSON; views of a state, iterators in the place of lists and pydantic models may be
            in it.
        context: carries the `execution_id`.
        limit: bytes of JSON that may stay; 60 KiB fit beside any bag.

    Raises:
        InvalidRequestError: JSON cannot carry a part of it; or it is too large, and there is no
            bucket or execution to write to.
        StoreUnavailableError, StoreThrottledError: S3 did not take it.
    """
    with open_call(context) as call:
        settled = settle(result, call)
        size, portable = measure(settled)
        stays = size <= limit and (portable or not call.objects.can_write)
        return settled if stays else store_result(settled, context or {})


def merge_answer(state: JsonObject, answer: Json, context: Context | None = None) -> JsonObject:
    """Return the bag after a worker's answer.

    A worker may merge its result itself and answer `{"state_data": bag}`: then that is the bag.
    Anything else is a result, and goes through the pipe.

    Args:
        state: the bag that the worker was given.
        answer: what it answered.
        context: as for `universal_sync_core`, whose errors this raises.
    """
    own = answer.get("state_data") if type(answer) is dict and len(answer) == 1 else None
    if type(own) is dict and _follows(own, state):
        return own
    return universal_sync_core(state, answer, context)


def _follows(bag: JsonObject, state: JsonObject) -> bool:
    """Tell whether this is the next bag of the same execution."""
    revision: Json = state.get("state_revision", 0)
    is_next = type(revision) is int and bag.get("state_revision") == revision + 1
    return is_next and bag.get("execution_id") == state.get("execution_id")


def settle(result: Json, call: Call) -> Json:
    """Return a result as plain JSON, with pointers in the place of views and of long iterators.

    Raises:
        InvalidRequestError: a part of it has no JSON form; its place is named.
    """
    if _is_plain(result):
        return result
    settled = _settled(result, call)
    checked_encoding(settled, _RESULT)
    return settled


def _is_plain(result: Json) -> bool:
    try:
        checked_encoding(result, _RESULT)
    except InvalidRequestError:
        return False
    return True


def _settled(value: Json, call: Call) -> Json:
    if isinstance(value, View):
        return passed_on(value)
    if isinstance(value, Mapping):
        return {key: _settled(item, call) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(item, call) for item in value]
    if isinstance(value, Iterator | AsyncIterator):
        return _listed(value if isinstance(value, Iterator) else drained(value), call)
    for kind in (str, int, float):
        if isinstance(value, kind) and type(value) is not bool:
            return value if type(value) is kind else kind(value)
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json", by_alias=True)


def _listed(items: Iterator[Json], call: Call) -> Json:
    """Return the list that an iterator gives, or a pointer to it where it is more than a page."""
    held: list[Json] = []
    size = 0
    pointer: Pointer | None = None
    for item in items:
        held.append(settle(item, call))
        size += len(encode(held[-1]))
        if size > _HELD_BYTES:
            pointer = _extended(pointer, held, call)
            call.objects.flush()
            held, size = [], 0
    if pointer is None and size <= call.settings.page_bytes:
        return held
    return _extended(pointer, held, call).render()


def _extended(pointer: Pointer | None, items: list[Json], call: Call) -> Pointer:
    admitted = [admit(item, call) for item in items]
    return call.pages.store(admitted) if pointer is None else call.pages.extend(pointer, admitted)
