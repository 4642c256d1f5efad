"""The one pipe: data goes this way, whatever the action and the shape of the result.

flatten      ->  merge        ->  offload
(normalise)      (state bag)      (size, S3, pointers)
"""

from universal_sync_core.bag.unit_of_work import Context, unit_of_work
from universal_sync_core.ingestion.ingest import BAG, ingest_delta, is_synced
from universal_sync_core.merge.merge import merge_delta
from universal_sync_core.pipe.bookkeeping import record_progress
from universal_sync_core.pipe.flatten import flatten
from universal_sync_core.pipe.offload import offload
from universal_sync_core.pipe.synced_bag import next_bag
from universal_sync_core.values.codec import Json, JsonObject


def universal_sync_core(
    base_state: JsonObject | None, new_result: Json, context: Context | None = None
) -> JsonObject:
    """Return the state bag with a result merged in: nothing is lost, and it stays within its bound.

    Args:
        base_state: the bag so far; None and `{}` both mean an empty bag. It is not changed.
        new_result: whatever a worker, a Map, a callback or a job answered. A worker that merged its
            result itself answers `{"state_data": bag}`, and that bag is the next one.
        context: may carry `execution_id`, `action`, `merge_strategy` and `keep_inline`.

    Returns:
        A bag of at most three quarters of `MAX_PAYLOAD_KB`. Hydrated, it equals what the same
        merges give without any limits. It may share values with the arguments, so do not change
        these in place afterwards.

    Raises:
        InvalidRequestError: the result or the context is not acceptable.
        PointerNotAllowedError: the result has a pointer that leads out of the allowed places.
        StateTooLargeError: the control fields alone pass the bound.
        StoredDataError: an object that the merge needs is missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
    """
    bag = base_state or {}
    with unit_of_work(context, bag) as unit:
        if is_synced(new_result, unit):
            return next_bag(new_result[BAG], bag, unit)
        delta = ingest_delta(flatten(new_result, unit), bag, unit)
        merged = record_progress(merge_delta(bag, delta, unit), bag, delta, unit)
        return offload(merged, unit)
