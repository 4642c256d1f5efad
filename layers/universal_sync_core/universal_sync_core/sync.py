"""The one pipe: whatever the action and whatever the result, the data goes this way.

flatten_result  ->  merge_logic  ->  optimize_and_offload
(normalise)         (state bag)      (size, S3, pointers)
"""

from universal_sync_core.bag.unit_of_work import Context, unit_of_work
from universal_sync_core.ingestion.ingest import BAG, ingest_delta, is_synced
from universal_sync_core.merge.merge import merge_delta
from universal_sync_core.pipe.bookkeeping import record_progress
from universal_sync_core.pipe.flatten import flatten_result
from universal_sync_core.pipe.offload import optimize_and_offload
from universal_sync_core.pipe.synced_bag import next_bag
from universal_sync_core.values.codec import Json, JsonObject


def universal_sync_core(
    base_state: JsonObject | None, new_result: Json, context: Context | None = None
) -> JsonObject:
    """Return the state bag with a result in it: nothing lost, and never over its bound.

    Args:
        base_state: the bag so far; None and `{}` are the same empty one. It stays as it is.
        new_result: whatever a worker, a Map, a callback or a job answered. `{"state_data": bag}`
            is what a worker answers that merged its result itself: then this is the next bag.
        context: may carry `execution_id`, `action`, `merge_strategy` and `keep_inline`.

    Returns:
        A bag of at most three quarters of `MAX_PAYLOAD_KB`, that hydrates to what the same
        merges give with no limits at all.

    Raises:
        InvalidRequestError: the result or the context cannot be taken.
        PointerNotAllowedError: the result points out of the allowed places.
        StateTooLargeError: the control fields alone pass the bound.
        StoredDataError: something the merge needs is missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; another try may.
    """
    bag = base_state or {}
    with unit_of_work(context, bag) as unit:
        if is_synced(new_result, unit):
            return next_bag(new_result[BAG], bag, unit)
        delta = ingest_delta(flatten_result(new_result), bag, unit)
        merged = record_progress(merge_delta(bag, delta, unit), bag, delta, unit)
        return optimize_and_offload(merged)
