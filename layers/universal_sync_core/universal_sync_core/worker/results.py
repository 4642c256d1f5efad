"""A worker's answer: made small enough where it leaves, merged into the bag where it arrives."""

from typing import Final

from universal_sync_core.bag.unit_of_work import Context, Encode, serving, unit_of_work, with_encode
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.ingestion.ingest import ingest, ingested
from universal_sync_core.limits import KIB
from universal_sync_core.sync import universal_sync_core
from universal_sync_core.values.codec import Json, JsonObject, measure
from universal_sync_core.worker.state import SYNC_ACTIONS, kind_of
from universal_sync_core.workflow.distributed import pointer_to_result

# A result comes back beside the bag, and both together have at most 262,144 bytes. The bag takes at
# most 196,608 of them (Settings).
INLINE_RESULT_BYTES: Final = 60 * KIB


def offload_result(
    result: Json,
    context: Context | None = None,
    *,
    limit: int = INLINE_RESULT_BYTES,
    encode: Encode | None = None,
) -> Json:
    """Return a result that fits beside any bag: the value itself, or a pointer if it is too large.

    Args:
        result: a value that `flatten_result` accepts.
        context: must carry `execution_id` if the result may be too large.
        limit: the most bytes of JSON to return inline; 60 KiB fit beside any bag.
        encode: converts a value that is not accepted directly to JSON, or raises TypeError, like
            the `default` of `json.dumps`.

    Raises:
        InvalidRequestError: JSON cannot represent a part of the result; or it is too large, and
            there is no bucket or execution to write to.
        StoreUnavailableError, StoreThrottledError: S3 did not store it.
    """
    with unit_of_work(with_encode(context, encode)) as unit:
        result, encoded = as_json(result, unit, ingest)
        if len(encoded) <= limit and (measure(result)[1] or not unit.objects.can_write):
            return result
        return pointer_to_result(ingested(result, encoded, unit), unit)


def merge_answer(state: JsonObject, answer: Json, context: Context | None = None) -> JsonObject:
    """Return the bag after a worker's answer.

    A worker may merge its result itself and answer `{"state_data": bag}`. That bag is returned if
    it is the next one of this execution. Anything else is a result and goes through the pipe.

    Args:
        state: the bag that the worker received.
        answer: what the worker answered.
        context: as for `universal_sync_core`, whose errors it may raise.
    """
    return universal_sync_core(state, answer, serving(SYNC_ACTIONS[kind_of(state)], context))
