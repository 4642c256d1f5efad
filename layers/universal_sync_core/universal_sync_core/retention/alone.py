"""One run of the daily deletion at a time.

Of two, one could open a state again that the other is deleting, and an execution would go on with
it. EventBridge may deliver an event more than once, and a person may start a run.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Final

from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.limits import LAMBDA_TIMEOUT_SECONDS
from universal_sync_core.retention.ended import ended_prefix
from universal_sync_core.retention.inventory import Inventory
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.storage.store import Location

# A run that began longer ago is over; the last of its requests may still have been on their way.
_LONGEST: Final = timedelta(seconds=LAMBDA_TIMEOUT_SECONDS + 30)


class _OtherRunError(StoreUnavailableError):
    """Another run is under way, or has begun at the same time."""


@contextmanager
def alone(used: Runtime, inventory: Inventory) -> Iterator[bool]:
    """Yield whether no other run is under way, and keep others from beginning meanwhile.

    Of two that begin at once, both may find the other's object. Both then withdraw, and try again
    after a random time.
    """
    own = None
    with suppress(_OtherRunError):
        own = used.retry.execute(_begun, used, inventory)
    try:
        yield own is not None
    finally:
        if own is not None:
            inventory.delete([own])


def _begun(used: Runtime, inventory: Inventory) -> Location:
    """Leave an object of this run, look for those of others, and return its place.

    What a run left that was killed counts no longer than a run can take.
    """
    bucket, prefix = used.settings.bucket or "", f"{ended_prefix(used.settings)}runs/"
    own = Location(bucket, f"{prefix}{uuid.uuid4().hex}.json")
    with ExitStack() as withdrawing:
        used.create(own, b"{}\n")
        withdrawing.callback(inventory.delete, [own])
        began = {each.location: each.modified for each in inventory.objects(bucket, prefix)}
        now = began.pop(own, None)  # by the clock of S3; without it the listing is not complete
        over = [each for each, time in began.items() if now and now - time > _LONGEST]
        if over:
            inventory.delete(over)
        if now is None or len(over) < len(began):
            raise _OtherRunError("another run of the daily deletion is under way")
        withdrawing.pop_all()
    return own
