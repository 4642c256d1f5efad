"""The built-in segment runner: it replays results that are recorded in the execution's input."""

from typing import Final

from universal_sync_core.bag.fields import BRANCH, field_of
from universal_sync_core.bag.unit_of_work import Context, UnitOfWork, unit_of_work
from universal_sync_core.errors import InvalidRequestError, SegmentFailedError
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import recognise
from universal_sync_core.worker.results import offload_result

SEGMENTS: Final = "segments"
# A recorded segment with only this key fails instead of answering.
_RAISES: Final = "raises"


def recorded_result(
    state: JsonObject | None,
    context: Context | None = None,
    *,
    item: Json = None,
    per_batch: int = 1,
) -> Json:
    """Return the recorded result of the segment that a bag is to run, or of an item.

    A large result is returned as a pointer, as every runner should do.

    Args:
        state: a bag with `segment_to_run` and with `segments`, its own or its `branch`'s.
        context: may carry `execution_id`.
        item: an item of a Distributed Map, or a batch of them. Each is its own recorded result.
        per_batch: how many items a batch has.

    Raises:
        SegmentFailedError: the segment or item is recorded as a failure.
        InvalidRequestError: no such segment is recorded.
    """
    if state is None or item is not None:
        return _recorded_item(item, context, is_batch=per_batch > 1)
    with unit_of_work(context, state) as unit:
        place, result = _recorded(state, unit)
        return offload_result(_replayed(result, place))


def _recorded_item(item: Json, context: Context | None, *, is_batch: bool) -> Json:
    with unit_of_work(context) as unit:
        pointer = recognise(item)
        if pointer is not None:
            item = unit.pages.whole(pointer, unescape=True)
        if not is_batch or type(item) is not list:
            return offload_result(_replayed(item, "the item"))
        return offload_result([_replayed(each, "an item of the batch") for each in item])


def _recorded(state: JsonObject, unit: UnitOfWork) -> tuple[str, Json]:
    """Return the place and the result of the segment to run: the branch's, if it has segments."""
    pages = unit.pages
    branch = pages.some_of(pages.opened(field_of(state, BRANCH, pages)), [SEGMENTS]) or {}
    segments, name = branch.get(SEGMENTS), f"{BRANCH}.{SEGMENTS}"
    if segments is None:
        segments, name = field_of(state, SEGMENTS, pages), SEGMENTS
    number: Json = state.get("segment_to_run", 0)
    if type(number) is int and number >= 0:
        for found in pages.range_of(pages.opened(segments), number, number + 1) or ():
            return f"{name}[{number}]", pages.resolve(found, unescape=True)
    message = f"{name} has no segment at the position that segment_to_run names"
    raise InvalidRequestError(message, field=f"state_data.{name}")


def _replayed(result: Json, place: str) -> Json:
    """Return a recorded result, or fail if it says so; the error does not repeat its text."""
    if type(result) is dict and result.keys() == {_RAISES}:
        raise SegmentFailedError(f"{place} is recorded as a failure")
    return result
