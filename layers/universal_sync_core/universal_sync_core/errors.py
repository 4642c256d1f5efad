"""Every way this package refuses or fails.

Step Functions matches the bare class name of an error and knows no inheritance, so each name
below is wire contract: the state machine lists it in a Retry or a Catch.
"""

from collections.abc import Sequence
from typing import ClassVar


class StateSyncError(Exception):
    """Root of all errors of this package."""

    retryable: ClassVar[bool] = False


class ConfigurationError(StateSyncError):
    """A setting in the environment is missing or wrong."""


class InvalidRequestError(StateSyncError):
    """The caller sent something this action cannot take.

    Attributes:
        field: dotted path of what is wrong, or None where no single field is.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        """Keep the path of the wrong field beside the message."""
        super().__init__(message)
        self.field = field


class UnknownActionError(InvalidRequestError):
    """The event names no registered action."""


class StateTooLargeError(InvalidRequestError):
    """What must stay inline is larger than the bound, or a call reads more than its budget.

    Attributes:
        size: how large it is, in bytes or values.
        limit: how large it may be.
    """

    def __init__(self, message: str, *, size: int, limit: int, unit: str = "bytes") -> None:
        """Keep both sides of the comparison that failed."""
        super().__init__(f"{message}: {size:,} {unit}, at most {limit:,} are allowed")
        self.size = size
        self.limit = limit


class PointerNotAllowedError(InvalidRequestError):
    """A pointer leads out of the places this state may read."""


class MergeConflictError(InvalidRequestError):
    """Branches changed the same leaf differently and the strategy says fail.

    Attributes:
        paths: dotted paths of all these leaves. They may have keys of the state in them, so the
            message names the fields of the bag alone.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Keep the paths beside the message."""
        fields = ", ".join(dict.fromkeys(path.split(".", 1)[0] for path in paths))
        message = (
            f"branches disagree on {len(paths)} value(s), in {fields}, and branch_conflict_strategy"
            " is fail; with any other the bag says in branch_conflicts where they do"
        )
        super().__init__(message, field=paths[0])
        self.paths = tuple(paths)


class SegmentFailedError(StateSyncError):
    """A recorded segment replays a failure."""


class CallbackExpiredError(StateSyncError):
    """The state that waited for this callback waits no longer."""


class CallbackAlreadyAnsweredError(StateSyncError):
    """This callback has been answered differently before."""


class StoredDataError(StateSyncError):
    """Stored data is not what its pointer says; another try cannot mend it.

    Attributes:
        path: the `s3://` path concerned.
    """

    def __init__(self, message: str, *, path: str) -> None:
        """Keep the path beside the message."""
        super().__init__(f"{message}: {path}")
        self.path = path


class MalformedPointerError(StoredDataError):
    """A pointer, page or path has a form this version cannot read."""


class MissingObjectError(StoredDataError):
    """The object does not exist."""


class ChecksumMismatchError(StoredDataError):
    """The stored bytes are not the ones that were written."""


class UnreadableObjectError(StoredDataError):
    """The object is no JSON, has an unknown encoding, or expands past the cap."""


class MalformedManifestError(StoredDataError):
    """A Distributed Map manifest or result file cannot be read as one."""


class StoreError(StateSyncError):
    """The object store did not do what it was asked."""


class StoreAccessDeniedError(StoreError):
    """The role of the function lacks a permission."""


class StoreUnavailableError(StoreError):
    """The store did not answer, or answered with a server error."""

    retryable = True


class StoreThrottledError(StoreError):
    """The store asked to slow down."""

    retryable = True
