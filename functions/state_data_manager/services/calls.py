"""Calls of Step Functions and EventBridge, with their errors as errors of this package."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeAlias, TypeVar

from botocore.exceptions import (
    ClientError,
    EndpointProviderError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    UnsupportedS3AccesspointConfigurationError,
    UnsupportedS3ArnError,
    UnsupportedS3ConfigurationError,
    UnsupportedS3ControlArnError,
)

from universal_sync_core.errors import (
    CallbackExpiredError,
    InvalidRequestError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.s3_errors import THROTTLED, denial_in
from universal_sync_core.storage.s3_store import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

Kind: TypeAlias = Literal["gone", "refused", "denied", "throttled", "stale", "unknown"]

_ERRORS: Final[dict[Kind, type[StateSyncError]]] = {
    "gone": CallbackExpiredError,
    "refused": InvalidRequestError,
    "denied": StoreAccessDeniedError,
    "throttled": StoreThrottledError,
    "stale": StoreUnavailableError,
    "unknown": StoreUnavailableError,
}
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
_GONE: Final = {"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"}
# https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
_UNKNOWN: Final = {
    "InternalException",
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
}
# A clock that is off, a container that was frozen between signing and sending, or credentials that
# are to be replaced.
_STALE: Final = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
}
_DENIED: Final = {
    "AccessDenied",
    "AccessDeniedException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "KmsAccessDeniedException",
    "KmsInvalidStateException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "UnrecognizedClientException",
}
# Raised before anything is sent.
_NO_IDENTITY: Final = (NoCredentialsError, NoRegionError, PartialCredentialsError)
# Raised for parameters with which no request can be made, such as an ARN that leads to no endpoint.
_NO_REQUEST: Final = (
    EndpointProviderError,
    ParamValidationError,
    UnsupportedS3AccesspointConfigurationError,
    UnsupportedS3ArnError,
    UnsupportedS3ConfigurationError,
    UnsupportedS3ControlArnError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that did not succeed.

    Attributes:
        kind: `gone`: nothing waits under this token. `refused`: the service will never take this
            request. `stale`: it came too late. `unknown`: the service may have taken it.
        tries: how often the client sent the request.
        code: the service's own error code, if any.
    """

    kind: Kind
    message: str
    tries: int = 1
    code: str | None = None

    @property
    def may_have_been_taken(self) -> bool:
        """Whether the service may have accepted one of the tries."""
        return self.kind == "unknown" or self.tries > 1

    @property
    def error(self) -> StateSyncError:
        """The error to raise for a caller."""
        if self.kind == "gone":
            return CallbackExpiredError(f"the state is no longer waiting ({self.message})")
        return _ERRORS[self.kind](self.message)


def attempt(operation: "Callable[P, T]", *args: "P.args", **kwargs: "P.kwargs") -> T | Failure:
    """Return the answer of a service, or how the call failed.

    Errors of the SDK are not kept: their messages may quote the request, and with it the token.
    Of them, only the action that was denied is told.
    """
    try:
        return operation(*args, **kwargs)
    except ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
        status = metadata.get("HTTPStatusCode", HTTPStatus.BAD_REQUEST)
        code = error.response["Error"]["Code"]
        tries = 1 + metadata.get("RetryAttempts", 0)
        denial = denial_in(error.response["Error"].get("Message", ""))
        return failure(error.operation_name, code, status, tries, denial)
    except _NO_IDENTITY as error:
        return Failure(kind="denied", message=f"nothing was sent: {type(error).__name__}")
    except _NO_REQUEST:
        return Failure(kind="refused", message="the service does not accept such a request")
    except INTERRUPTED as error:
        return Failure(kind="unknown", message=f"no answer: {type(error).__name__}")


def called(operation: "Callable[P, T]", *args: "P.args", **kwargs: "P.kwargs") -> T:
    """Return the answer of a service; every failure is raised as an error of this package."""
    answer = attempt(operation, *args, **kwargs)
    if isinstance(answer, Failure):
        raise answer.error
    return answer


def failure(
    operation: str,
    code: str,
    status: int = HTTPStatus.BAD_REQUEST,
    tries: int = 1,
    denial: str = "",
) -> Failure:
    """Return the failure for a service's own error code."""
    message = f"{operation}: {code}{denial}"
    return Failure(kind=_kind(code, status), message=message, tries=tries, code=code)


def _kind(code: str, status: int) -> Kind:
    if code in _GONE:
        return "gone"
    if code in THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return "throttled"
    if code in _STALE:
        return "stale"
    if code in _DENIED or status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "denied"
    if code in _UNKNOWN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unknown"
    return "unknown" if status == HTTPStatus.REQUEST_TIMEOUT else "refused"
