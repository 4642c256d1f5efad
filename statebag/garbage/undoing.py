"""Undoing a deletion, or telling what stays deleted."""

from collections.abc import Sequence

from statebag.account.aws import Cloud
from statebag.errors import UnavailableError
from statebag.output.rendering import some_of
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.store import Location

_MOST_NAMED = 3
_HINT = (
    "Deleted objects stay in the bucket's versions for 30 days: remove their delete markers, as"
    " docs/operations.md says under `Undo a deletion`."
)


def undelete(cloud: Cloud, locations: Sequence[Location]) -> None:
    """Bring back deleted objects of one bucket.

    Raises:
        UnavailableError: some of them may stay deleted.
    """
    if not locations:
        return
    try:
        cloud.inventory.undelete(locations)
    except BaseException as error:
        owners = sorted({execution_in(str(each)) or each.key for each in locations})
        message = (
            f"{len(locations):,} objects were deleted and could not be undeleted"
            f" ({type(error).__name__}), of {some_of(owners, _MOST_NAMED)}"
        )
        raise UnavailableError(message, hint=_HINT) from error
