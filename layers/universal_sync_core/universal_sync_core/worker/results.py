"""A worker's answer at both ends of its way: as small as it has to be, and merged into the bag."""

from typing import Final

from universal_sync_core.bag.unit_of_work import Context, Encode, serving, unit_of_work, with_encode
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.limits import KIB
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject, measure
from universal_sync_core.worker.state import SYNC_ACTIONS, kind_of
from universal_sync_core.workflow.distributed import pointer_to

# A result comes back beside the bag, and the two are at most 262,144 bytes: a bag is bounded to
# 196,608 at most (Settings).
INLINE_RESULT_BYTES: Final = 60 * KIB


def offload_result(
    result: Json,
    context: Context | None = None,
    *,
    limit: int = INLINE_RESULT_BYTES,
    encode: Encode | None = None,
) -> Json:
    """Return a result as it fits beside any bag: itself, or a pointer to it where it is too large.

    Args:
        result: JSON, or what stands for it, as `flatten_result` takes it.
        context: carries the `execution_id`.
        limit: bytes of JSON that may stay; 60 KiB fit beside any bag.
        encode: makes JSON of a value that is not taken as it is, or raises TypeError, as the
            `default` of `json.dumps`.

    Raises:
        InvalidRequestError: JSON cannot carry a part of it; or it is too large, and there is no
            bucket or execution to write to.
        StoreUnavailableError, StoreThrottledError: S3 did not take it.
    """
    with unit_of_work(with_encode(context, encode)) as unit:
        result, encoded = as_json(result, unit, ingest)
        if len(encoded) <= limit and (measure(result)[1] or not unit.objects.can_write):
            return result
        return pointer_to(result, context or {})


def merge_answer(state: JsonObject, answer: Json, context: Context | None = None) -> JsonObject:
    """Return the bag after a worker's answer.

    A worker may merge its result itself and answer `{"state_data": bag}`: then that is the bag,
    where it is the next of this execution. Anything else is a result, and goes through the pipe.

    Args:
        state: the bag that the worker was given.
        answer: what it answered.
        context: as for `universal_sync_core`, whose errors this raises.
    """
    return universal_sync_core(state, answer, serving(SYNC_ACTIONS[kind_of(state)], context))
