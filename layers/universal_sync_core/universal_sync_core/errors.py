"""Every error that this package raises.

Step Functions matches the bare class name of an error and knows no inheritance, so each name below
is part of the wire contract: the state machine lists it in a Retry or a Catch.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

# A message names keys, which may have any length; then it keeps its beginning and its end.
_MESSAGE_CHARS: Final = 4_000
_END_CHARS: Final = 1_000


class StateSyncError(Exception):
    """Root of all errors of this package."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        """Keep the message in a form that every log and every JSON library carries.

        Lambda's runtime crashes on half of a surrogate pair, and the caller would not see which
        error it was.
        """
        if len(message) > _MESSAGE_CHARS:
            message = f"{message[: _MESSAGE_CHARS - _END_CHARS]}...{message[-_END_CHARS:]}"
        super().__init__(message.encode(errors="backslashreplace").decode())

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle an error with its attributes; no constructor is called again."""
        return _empty, (type(self), *self.args), vars(self)


def _empty(kind: type[StateSyncError], *args: object) -> StateSyncError:
    return kind.__new__(kind, *args)


class ConfigurationError(StateSyncError):
    """A setting in the environment is missing or wrong, or S3 has no bucket of that name."""


class InvalidRequestError(StateSyncError):
    """The caller sent something that this action cannot accept.

    Attributes:
        field: dotted path of the wrong value, or None if no single field is wrong.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        """Keep the path of the wrong field beside the message."""
        super().__init__(message)
        self.field = field


class UnknownActionError(InvalidRequestError):
    """The event does not name a registered action."""


class StateTooLargeError(InvalidRequestError):
    """The values that must stay inline pass the bound, or a call reads more than its budget.

    Attributes:
        size: the actual size, in bytes or values.
        limit: the largest size allowed.
    """

    def __init__(self, message: str, *, size: int, limit: int, unit: str = "bytes") -> None:
        """Keep both sides of the comparison that failed."""
        super().__init__(f"{message}: {size:,} {unit}, at most {limit:,} are allowed")
        self.size = size
        self.limit = limit


class PointerNotAllowedError(InvalidRequestError):
    """A pointer leads out of the places this state may read."""


class MergeConflictError(InvalidRequestError):
    """Branches changed the same leaf differently, and the strategy is `fail`.

    Attributes:
        paths: dotted paths of all these leaves. They may contain keys of the state, so the message
            names only the fields of the bag.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Keep the paths beside the message."""
        fields = ", ".join(dict.fromkeys(path.split(".", 1)[0] for path in paths))
        message = (
            f"branches disagree on {len(paths)} value(s), in {fields}, and branch_conflict_strategy"
            " is fail; with any other strategy, branch_conflicts in the bag lists these places"
        )
        super().__init__(message, field=paths[0])
        self.paths = tuple(paths)


class SegmentFailedError(StateSyncError):
    """A recorded segment replayed a failure."""


class CallbackExpiredError(StateSyncError):
    """The state that waited for this callback is no longer waiting."""


class CallbackAlreadyAnsweredError(StateSyncError):
    """This callback already has another answer."""


class StoredDataError(StateSyncError):
    """Stored data is not what its pointer says; a retry cannot help.

    Attributes:
        path: the `s3://` path of the data.
    """

    def __init__(self, message: str, *, path: str) -> None:
        """Keep the path beside the message."""
        super().__init__(f"{message}: {path}")
        self.path = path


class MalformedPointerError(StoredDataError):
    """A pointer, page or path has a form that this version cannot read."""


class MissingObjectError(StoredDataError):
    """The object does not exist."""


class ChecksumMismatchError(StoredDataError):
    """The stored bytes are not the ones that were written."""


class UnreadableObjectError(StoredDataError):
    """The object is not JSON, has an unknown encoding, or expands past the cap."""


class MalformedManifestError(StoredDataError):
    """A manifest or result file of a Distributed Map has a form that cannot be read."""


class StoreError(StateSyncError):
    """The object store refused a request or did not answer it."""


class StoreAccessDeniedError(StoreError):
    """The role of the function lacks a permission, or the store refuses the request to anyone."""


class StoreUnavailableError(StoreError):
    """The store did not answer, or answered with a server error."""

    retryable = True


class StoreThrottledError(StoreError):
    """The store asked for fewer requests."""

    retryable = True
