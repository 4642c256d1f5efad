"""What the command says when it cannot do what it was asked, what to do next, and its exit code.

The codes are documented in docs/statebag.md; scripts rely on them.
"""

from http import HTTPStatus
from typing import IO, Any, Final

import click
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from statebag.output.terminal import print_error
from universal_sync_core.errors import (
    ConfigurationError,
    InvalidRequestError,
    MissingObjectError,
    PointerNotAllowedError,
    StateSyncError,
    StateTooLargeError,
    StoreAccessDeniedError,
    StoredDataError,
    StoreError,
)
from universal_sync_core.storage.s3_errors import THROTTLED, denial_in

OK: Final = 0
DIFFERENT: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
NO_ACCESS: Final = 4
DAMAGED: Final = 5
UNAVAILABLE: Final = 6
REFUSED: Final = 7
INTERRUPTED: Final = 130


class StatebagError(click.ClickException):
    """A failure that is told in one line, with another that says what to do.

    Attributes:
        hint: what to do next.
    """

    exit_code = DIFFERENT

    def __init__(self, message: str, *, hint: str) -> None:
        """Keep the hint beside the message."""
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's
        """Print both to standard error."""
        print_error(self.message, self.hint)


class NotFoundError(StatebagError):
    """There is no such execution, object, callback or path."""

    exit_code = NOT_FOUND


class NoAccessError(StatebagError):
    """No credentials, expired ones, or ones that may not do this."""

    exit_code = NO_ACCESS


class DamagedError(StatebagError):
    """Stored state is not what its pointer says."""

    exit_code = DAMAGED


class UnavailableError(StatebagError):
    """AWS did not answer, or asked to slow down."""

    exit_code = UNAVAILABLE


class RefusedError(StatebagError):
    """The request cannot be carried out in this situation."""

    exit_code = REFUSED


class OverError(RefusedError):
    """Nothing waits for this answer any more."""


class WrongSettingError(StatebagError):
    """An option, or a setting of the AWS SDK, has a value that cannot be used."""

    exit_code = USAGE


class ArchivedError(StoredDataError):
    """An archive has taken the object, and gives it to nobody before it is restored."""


_SIGN_IN: Final = "Sign in (aws sso login, aws configure), or name a profile: --profile NAME."
_ALLOWED: Final = "docs/statebag.md lists the permissions that each command needs."
_WHERE: Final = "Check --region, --profile and --endpoint-url: it may be somewhere else."
_WHICH_BUCKET: Final = "Check --bucket, --stack, --region and --profile: it may be elsewhere."
# An object that an archive keeps, a key that is disabled, and the like.
_WHOEVER_ASKS: Final = (
    "S3 says so whoever asks: look at the bucket's lifecycle rules and its KMS key."
    " `StoreAccessDeniedError` in docs/troubleshooting.md says more."
)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
_EXPIRED: Final = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
}
_UNKNOWN_KEYS: Final = {
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py
_STILL_EXPIRED: Final = "refreshed credentials are still expired"
_CLOCK: Final = {"RequestInTheFuture", "RequestTimeTooSkewed"}
_DENIED: Final = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "KmsAccessDeniedException",
    "403",
}
_MISSING: Final = {
    "ExecutionDoesNotExist",
    "NoSuchBucket",
    "NoSuchKey",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "404",
}
_NO_ACCESS: Final = (
    (_EXPIRED, "the credentials have expired", _SIGN_IN),
    (_UNKNOWN_KEYS, "AWS does not know these credentials", _SIGN_IN),
    (_CLOCK, "the clock of this computer is wrong", "Set it."),
    (_DENIED, "access denied", f"{_SIGN_IN} {_ALLOWED}"),
)
_NO_SESSION: Final = (
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
_NO_ANSWER: Final = (
    ChecksumError,
    FlexibleChecksumError,
    NoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
)


def explained(error: Exception) -> StatebagError | None:
    """Return what to tell a person about a failure of AWS or of the core, or None if unknown."""
    if isinstance(error, StateSyncError):
        return _of_core(error)
    return _of_sdk(error) or _of_interpreter(error)


def _of_sdk(error: BaseException | None) -> StatebagError | None:
    """Return what to tell about a failure that the AWS SDK raises, or None of any other."""
    if isinstance(error, ClientError):
        return _of_service(error)
    if isinstance(error, NoRegionError):
        return NoAccessError("no region is configured", hint="Give one: --region eu-west-1.")
    if isinstance(error, _NO_SESSION):
        return NoAccessError(f"no usable credentials: {error}", hint=_SIGN_IN)
    if isinstance(error, _NO_ANSWER):
        hint = "Check the network, the region and --endpoint-url, then try again."
        return UnavailableError(
            f"{_endpoint(error)} did not answer: {type(error).__name__}", hint=hint
        )
    if isinstance(error, BotoCoreError):
        return wrong_setting(error)
    is_expired = isinstance(error, RuntimeError) and _STILL_EXPIRED in str(error)
    return NoAccessError("the credentials have expired", hint=_SIGN_IN) if is_expired else None


def wrong_setting(error: Exception) -> StatebagError:
    """Return the explanation of a request that the AWS SDK does not even send."""
    hint = "Check --region, --endpoint-url and --bucket, the other names, and ~/.aws/config."
    return WrongSettingError(f"AWS cannot be asked: {' '.join(str(error).split())}", hint=hint)


def _endpoint(error: Exception) -> str:
    """Return the server that was tried, where botocore says it."""
    url = str(getattr(error, "kwargs", {}).get("endpoint_url") or "AWS")
    return "/".join(url.split("/")[:3])


def _of_service(error: ClientError) -> StatebagError:
    told, status = error.response.get("Error", {}), _status_of(error)
    code = _code_of(error)
    said = f"{error.operation_name}: {code}{denial_in(told.get('Message', ''))}"
    for codes, message, hint in _NO_ACCESS:
        if code in codes:
            return NoAccessError(f"{message} ({said})", hint=hint)
    if code in _MISSING:
        hint = _WHICH_BUCKET if code == "NoSuchBucket" else _WHERE
        return NotFoundError(f"not found ({said})", hint=hint)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in THROTTLED:
        return UnavailableError(
            f"AWS did not carry out the request ({said})", hint="Try again in a moment."
        )
    return RefusedError(f"AWS refused the request ({said})", hint=_WHERE)


def _status_of(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _code_of(error: ClientError) -> str:
    """Return a service's own code or, where somebody else answers, the status."""
    return error.response.get("Error", {}).get("Code") or str(_status_of(error))


def _of_interpreter(error: Exception) -> StatebagError | None:
    if not isinstance(error, RecursionError | MemoryError):
        return None
    hint = "Show only a part of it: --path."
    return RefusedError("the state is nested too deeply, or is too large, to be shown", hint=hint)


def _of_core(error: StateSyncError) -> StatebagError:
    cause = error.__cause__
    code = _code_of(cause) if isinstance(cause, ClientError) else None
    if code is None or code in _EXPIRED | _UNKNOWN_KEYS | _CLOCK:
        told = _of_sdk(cause)  # a function gets new credentials, and a person signs in
        if told is not None:
            return told
    elif isinstance(error, ArchivedError | StoreAccessDeniedError) and code not in _DENIED:
        return RefusedError(str(error), hint=_WHOEVER_ASKS)
    known = (each for each in _EXPLANATIONS if isinstance(error, each[0]))
    _, kind, hint = next(known, _OTHER)
    return kind(str(error), hint=hint)


_OTHER: Final = (StateSyncError, RefusedError, "`statebag COMMAND --help` explains the arguments.")
_EXPLANATIONS: Final[tuple[tuple[type[StateSyncError], type[StatebagError], str], ...]] = (
    (
        MissingObjectError,
        NotFoundError,
        (
            "It was deleted or never written; `statebag verify` lists everything that is missing."
            " A deletion can be undone for 30 days: `Undo a deletion` in docs/operations.md."
        ),
    ),
    (
        StoredDataError,
        DamagedError,
        "`statebag verify` lists all damage; `statebag snapshots` lists states to go back to.",
    ),
    (
        PointerNotAllowedError,
        DamagedError,
        "State may only point into its own execution's prefix; set it with --bucket and --prefix.",
    ),
    (StateTooLargeError, RefusedError, "Show only a part of it, or allow more: --budget-mb."),
    (InvalidRequestError, RefusedError, "Check the arguments."),
    (ConfigurationError, NotFoundError, _WHICH_BUCKET),
    (StoreAccessDeniedError, NoAccessError, f"{_SIGN_IN} {_ALLOWED}"),
    (StoreError, UnavailableError, "Try again in a moment."),
)
