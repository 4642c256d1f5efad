"""The S3 store: the only module of this package that knows the AWS SDK.

It uses botocore, which makes boto3's clients. boto3 would add its resources and transfers to every
cold start.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from botocore import __version__ as botocore_version
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.handlers import add_expect_header
from botocore.loaders import JSONFileLoader, Loader
from botocore.parsers import ResponseParserError
from botocore.session import Session, get_session
from urllib3.exceptions import HTTPError

from universal_sync_core.errors import (
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreUnavailableError,
)
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE, in_time
from universal_sync_core.storage.s3_errors import error_for
from universal_sync_core.storage.store import Location, Part, StoredObject
from universal_sync_core.values.codec import Json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

_EXISTS: Final = {"PreconditionFailed", "412"}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BEYOND: Final = {"InvalidRange", "416"}
# Raised before anything is sent, at every try.
_NOT_SENT: Final = (
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
# Anything else that ends a request: the service cannot be reached, the answer is not one of it, or
# the body breaks off. While a body is read, botocore passes on errors of urllib3 and of the socket.
# It raises a RuntimeError if new credentials have expired as well, as by a clock that is off.
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py
INTERRUPTED: Final = (
    BotoCoreError,
    ResponseParserError,
    HTTPError,
    HTTPException,
    OSError,
    RuntimeError,
)
_PIECE_BYTES: Final = 256 * 1024
# An answer may have forty headers, and looking for each takes a tenth of the work of a request.
_READ_OF_ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "GetObjectOutput": ("Body", "ContentEncoding"),
    "HeadObjectOutput": (),
    "PutObjectOutput": (),
}
# botocore asks these for credentials: of a role that is assumed, as on EKS, or of a login.
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py
CREDENTIAL_SERVICES: Final = ("signin", "sso", "sso-oidc", "sts")


class S3Store:
    """Objects in S3, with one client for all threads. It tries once; its callers retry."""

    def __init__(
        self,
        *,
        client: "S3Client | None" = None,
        kms_key_id: str | None = None,
        request_seconds: Callable[[], float] = lambda: inf,
    ) -> None:
        """Use `client`, or make one from the environment.

        Args:
            client: an S3 client.
            kms_key_id: key for SSE-KMS; None leaves encryption to the bucket.
            request_seconds: returns how long the next request may take.

        Raises:
            StoreAccessDeniedError: the environment lacks what is needed to reach S3.
        """
        self._client = client or _new_client()
        self._request_seconds = request_seconds
        self._encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        )

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create the object, and return False if one of that name exists already."""
        encoding: dict[str, Any] = {"ContentEncoding": content_encoding} if content_encoding else {}

        def create() -> bool:
            self._client.put_object(
                Bucket=location.bucket,
                Key=location.key,
                Body=body,
                ContentType="application/json",
                ChecksumAlgorithm="CRC32",
                IfNoneMatch="*",
                **encoding,
                **self._encryption,
            )
            return True

        try:
            return self._asked(create, location)
        except _AlreadyThere:
            return False

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the object, or a part of it; raise MissingObjectError if there is none."""
        only: dict[str, Any] = {} if part is None else {"Range": _range(part)}

        def fetch() -> StoredObject:
            answer = self._client.get_object(Bucket=location.bucket, Key=location.key, **only)
            return StoredObject(answer["Body"].read(), answer.get("ContentEncoding") or None)

        try:
            return self._asked(fetch, location)
        except _BeyondEnd:
            return StoredObject(b"")

    def exists(self, location: Location) -> bool:
        """Tell whether the object exists, without reading it."""
        try:
            self._asked(
                lambda: self._client.head_object(Bucket=location.bucket, Key=location.key), location
            )
        except MissingObjectError:
            return False
        return True

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the body piece by piece; raise MissingObjectError if there is none."""
        answer = self._asked(
            lambda: self._client.get_object(Bucket=location.bucket, Key=location.key), location
        )
        body = answer["Body"]
        while piece := self._asked(lambda: body.read(_PIECE_BYTES), location):
            yield piece

    def _asked(self, request: Callable[[], T], location: Location) -> T:
        """Return what a request returns, and raise its errors as errors of this package."""
        try:
            return in_time(request, self._request_seconds())
        except ClientError as error:
            raise _error_for(error, location) from error
        except _NOT_SENT as error:
            raise StoreAccessDeniedError(f"S3 cannot be asked: {type(error).__name__}") from error
        except INTERRUPTED as error:  # also a TimeoutError of `in_time`
            raise StoreUnavailableError(f"S3 did not answer: {type(error).__name__}") from error


class _Files(JSONFileLoader):
    """Reads the files in which botocore describes services, in a third of the time."""

    def load_file(self, file_path: str) -> Json:
        """Return what is in a file, or None if there is none.

        Args:
            file_path: its path without the ending.
        """
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), opened(file_path + ending, "rb") as file:
                return orjson.loads(file.read())
        return None


class _Models(Loader):
    """Finds the models that are needed without looking for those of four hundred services."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        return ["s3", *CREDENTIAL_SERVICES]

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Json:
        """Return a model of a service; of S3's answers, it has only what is read of them."""
        model = super().load_service_model(service_name, type_name, api_version)
        if (service_name, type_name) == ("s3", "service-2"):
            for name, read in _READ_OF_ANSWERS.items():
                answer = model["shapes"][name]
                answer["members"] = {member: answer["members"][member] for member in read}
        return model


def _new_session() -> Session:
    """Return a session that makes a client of S3 in half the time, with credentials of any kind."""
    session = get_session()
    paths = session.get_component("data_loader").search_paths
    models = _Models(paths, file_loader=_Files(), include_default_search_paths=False)
    session.register_component("data_loader", models)
    return session


def _new_client() -> "S3Client":
    session = _new_session()
    # No time of an answer is asked for, and dates take a tenth of the work of a request.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    try:
        client: Any = session.create_client(
            "s3",
            config=Config(
                # botocore would put a name together for each request.
                user_agent=f"universal-sync-core botocore/{botocore_version}",
                max_pool_connections=MAX_REQUESTS_AT_ONCE,
                retries={"mode": "standard", "total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=30,
                # This package already checks what it sends and receives: names by `Location`,
                # bodies by their SHA-256. A call may make a hundred requests.
                parameter_validation=False,
                response_checksum_validation="when_required",
            ),
        )
    except BotoCoreError as error:
        raise StoreAccessDeniedError(f"S3 cannot be asked: {type(error).__name__}") from error
    # Asking S3 first whether it accepts the body would cost another round trip.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    s3: S3Client = client
    return s3


def _range(part: Part) -> str:
    return f"bytes={part.start}-{part.start + part.length - 1}"


class _BeyondEnd(Exception):  # noqa: N818 - an answer, not an error
    """The object ends before the part begins."""


class _AlreadyThere(Exception):  # noqa: N818 - an answer, not an error
    """The key has an object."""


def _error_for(
    error: ClientError, location: Location
) -> StateSyncError | _AlreadyThere | _BeyondEnd:
    told = error.response.get("Error", {})
    code = told.get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BEYOND:
        return _BeyondEnd()
    if code in _EXISTS:
        return _AlreadyThere()
    return error_for(code, status, str(location), told.get("Message", ""))
