"""What S3's answers mean for a caller: wait, retry, missing, or refused for good.

S3's own error code counts first. If there is none (a HEAD has no body), or it is not listed, the
HTTP status counts.
"""

import re
from typing import Final, NamedTuple, TypeAlias

from universal_sync_core.errors import (
    ConfigurationError,
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)

Class: TypeAlias = type[StateSyncError]

_CODES: Final = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_SLOW_DOWN: Final = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorBestPractices.html"
_CONDITIONAL: Final = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
)
_SDKS: Final = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"
_CHECKSUMS: Final = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html"
)
_REDIRECTS: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html"
_HEAD: Final = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"
_HTTP: Final = "https://www.rfc-editor.org/rfc/rfc9110#name-status-codes"
_TOO_MANY: Final = "https://www.rfc-editor.org/rfc/rfc6585#section-4"
# With these, services ask for fewer requests: any service, KMS by way of others, and S3.
# https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMS.ThrottlingException",
        "KMSThrottlingException",
        "KmsThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


# A service's words beside AccessDenied: which action was denied, its own or KMS's, by which policy.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
_DENIED: Final = re.compile(
    r"not authorized to perform: (?P<action>[a-z0-9-]+:[A-Za-z]+)\b"
    r"(?:.*(?P<why>because no [a-z-]+ policy allows|with an explicit deny in an? [A-Za-z -]+))?"
)
_ALSO_MISSING: Final = " (also for a missing object if the role lacks s3:ListBucket)"


class Rule(NamedTuple):
    """The meaning of some answers.

    Attributes:
        error: the error class to raise.
        source: the documentation of the answers.
        answers: their codes or statuses.
    """

    error: Class
    source: str
    answers: tuple[str, ...] | tuple[int, ...]


CODES: Final = (
    Rule(StoreThrottledError, _SDKS, tuple(THROTTLED)),
    Rule(StoreThrottledError, _CODES, ("Busy", "TooManyRequests")),
    # Two requests for one key at the same time, or one while the bucket was being changed.
    Rule(StoreUnavailableError, _CONDITIONAL, ("ConditionalRequestConflict",)),
    Rule(
        StoreUnavailableError, _CODES, ("OperationAborted", "InternalError", "ServiceUnavailable")
    ),
    # A body that came late, short or damaged.
    Rule(
        StoreUnavailableError,
        _CODES,
        ("RequestTimeout", "IncompleteBody", "ConnectionClosedByRequester", "BadDigest"),
    ),
    Rule(StoreUnavailableError, _SDKS, ("RequestTimeoutException",)),
    Rule(
        StoreUnavailableError,
        _CHECKSUMS,
        ("XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "MalformedTrailerError"),
    ),
    # A clock that is off, a container that was frozen between signing and sending, or credentials
    # that are to be replaced: the SDK does so before each request, and Lambda with the container.
    Rule(
        StoreUnavailableError,
        _CODES,
        ("RequestTimeTooSkewed", "RequestExpired", "TokenRefreshRequired", "ExpiredToken"),
    ),
    # What S3 says of expired credentials where the answer has no body.
    Rule(StoreUnavailableError, _HEAD, ("400",)),
    # A new bucket is not known everywhere yet.
    Rule(StoreUnavailableError, _REDIRECTS, ("TemporaryRedirect", "Redirect")),
    Rule(MissingObjectError, _CODES, ("NoSuchKey", "NoSuchVersion")),
    # A setting or a path names a bucket that is nowhere, or is in another region.
    Rule(
        ConfigurationError,
        _CODES,
        (
            "NoSuchBucket",
            "PermanentRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ),
    ),
    Rule(StoreAccessDeniedError, _CODES, ("AccessDenied",)),
    Rule(StoreAccessDeniedError, _HEAD, ("403",)),
)
STATUSES: Final = (
    Rule(MissingObjectError, _HEAD, (404,)),
    Rule(StoreUnavailableError, _HTTP, (408, 409, 425)),
    Rule(StoreThrottledError, _TOO_MANY, (429,)),
    # Without a listed code, as in the answer to a HEAD, it is most often SlowDown.
    Rule(StoreThrottledError, _SLOW_DOWN, (503,)),
    Rule(StoreUnavailableError, _CODES, tuple(range(500, 600))),
    Rule(StoreUnavailableError, _REDIRECTS, (307,)),
)

_BY_CODE: Final[dict[object, Class]] = {
    answer: rule.error for rule in CODES for answer in rule.answers
}
_BY_STATUS: Final[dict[object, Class]] = {
    answer: rule.error for rule in reversed(STATUSES) for answer in rule.answers
}


def error_for(code: str, status: int, path: str, message: str = "") -> StateSyncError:
    """Return the error for an answer of S3.

    Args:
        code: S3's own error code; for an answer without a body, the status as a string.
        status: the status of the HTTP answer; 0 if there was none.
        path: the `s3://` path that was asked for.
        message: S3's own; only the action that was denied, and by which policy, is taken from it.
    """
    error = _BY_CODE.get(code or str(status)) or (
        _BY_STATUS.get(status) if status else StoreUnavailableError
    )
    if error is MissingObjectError:
        return MissingObjectError("no such object", path=path)
    word = code or status or "no answer"
    if error is ConfigurationError:
        bucket = path.split("/")[2]
        return ConfigurationError(f"S3 has no bucket {bucket} in this region: {word}")
    if error is StoreThrottledError:
        return StoreThrottledError(f"S3 asked to slow down: {word}")
    if error is StoreUnavailableError:
        return StoreUnavailableError(f"S3 failed: {word}")
    if error is StoreAccessDeniedError:
        return StoreAccessDeniedError(
            f"S3 refused access: {word}{denial_in(message) or _ALSO_MISSING}"
        )
    return StoreAccessDeniedError(f"S3 refused the request: {word}")


def denial_in(message: str) -> str:
    """Return which action a service's message says was denied, and why; empty if it does not."""
    denied = _DENIED.search(message)
    if denied is None:
        return ""
    why = f", {denied['why']}" if denied["why"] else ""
    return f" for {denied['action']}{why}"
