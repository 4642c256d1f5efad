"""The built-in segment runner: it replays results that the execution's input recorded."""

from typing import Final

from universal_sync_core.bag import spill_of
from universal_sync_core.call import Call, Context, open_call
from universal_sync_core.codec import Json, JsonObject
from universal_sync_core.errors import InvalidRequestError, SegmentFailedError
from universal_sync_core.hydrate import hydrate_state
from universal_sync_core.pointer import parse
from universal_sync_core.results import offload_result

SEGMENTS: Final = "segments"
_BRANCH: Final = "branch"
# A recorded segment of this form fails instead of answering.
_RAISES: Final = "raises"


def recorded_result(
    state: JsonObject | None, context: Context | None = None, *, item: Json = None
) -> Json:
    """Return the recorded result of the segment a bag is to run, or of an item.

    A large result of a segment is returned as a pointer to it, as it should be by every runner.

    Args:
        state: a bag with `segments`, its own or its `branch`'s, and `segment_to_run`.
        context: may carry `execution_id`.
        item: of a Distributed Map: it is its own recorded result.

    Raises:
        SegmentFailedError: the segment or item is recorded as a failure.
        InvalidRequestError: there is no such segment.
    """
    if state is None or item is not None:
        return _replayed(item)
    with open_call(context, state) as call:
        return offload_result(_replayed(_recorded(_with_branch(state, call))))


def _with_branch(state: JsonObject, call: Call) -> JsonObject:
    """Return the bag with its branch in it, also where its fields are behind a pointer."""
    spilled = spill_of(state)
    return state if spilled is None else call.pages.lookup(spilled, [_BRANCH]) | state


def _recorded(state: JsonObject) -> Json:
    """Return what is recorded for the segment to run, of the bag's branch if it has segments."""
    branch = state.get(_BRANCH)
    in_branch = type(branch) is dict and (SEGMENTS in branch or parse(branch) is not None)
    path = [_BRANCH, SEGMENTS] if in_branch else [SEGMENTS]
    number = state.get("segment_to_run", 0)
    found: Json = hydrate_state(state, [f"{'.'.join(path)}[{number}]"])
    for name in path:
        found = found.get(name, {})
    if parse(found) is not None and f"[{number}]" in found:
        return found[f"[{number}]"]
    if type(found) is list and number < len(found):
        return found[number]
    name = ".".join(path)
    message = f"no segment {number} is recorded in {name}"
    raise InvalidRequestError(message, field=f"state_data.{name}")


def _replayed(result: Json) -> Json:
    if type(result) is dict and result.keys() == {_RAISES}:
        raise SegmentFailedError(f"recorded failure: {result[_RAISES]}")
    return result
