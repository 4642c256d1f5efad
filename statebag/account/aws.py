"""The AWS account that the command works on: an ordinary boto3 session, made when needed."""

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from statebag.account.places import Place, place_given
from statebag.account.stacks import Stack, stack_named
from statebag.account.versions import S3Versions, Versions
from statebag.budgets import DEFAULT_MIB, budget_of
from statebag.errors import ArchivedError, UnavailableError, wrong_setting
from universal_sync_core.errors import StoreAccessDeniedError
from universal_sync_core.retention.inventory import Inventory, S3Inventory
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject

if TYPE_CHECKING:
    import boto3
    from botocore.model import OperationModel
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_stepfunctions import SFNClient

# A function may take its whole timeout to answer.
_READ_TIMEOUT_SECONDS: Final = 320
# An account may describe 15 executions a second, and many are asked for at once.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_MANY_ATTEMPTS: Final = 12
_ATTEMPTS: Final = 4
# One of these is in each answer of a service, in errors as well.
# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
_REQUEST_IDS: Final = ("x-amzn-requestid", "x-amz-request-id")

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_ARCHIVED: Final = "InvalidObjectState"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach AWS, and where the state is if the command cannot find that out itself."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    bucket: str | None = None
    prefix: str = ""
    budget_mib: int = DEFAULT_MIB
    stack: str | None = None
    machines: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """Where the state is, if that was said."""
        return place_given(self.bucket, self.prefix)


class Store(S3Store):
    """The objects in S3; to a reader, one that is archived is one that cannot be read."""

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the object, or a part of it.

        Raises:
            ArchivedError: it is archived.
        """
        try:
            return super().get(location, part)
        except StoreAccessDeniedError as error:
            if is_archived(error.__cause__):
                raise ArchivedError("archived", path=str(location)) from error.__cause__
            raise


class Cloud:
    """The services the command asks.

    Attributes:
        budget: what a command may unfold.
        machines: state machines that were named, by ARN or name.
    """

    def __init__(self, connection: Connection) -> None:
        """Connect to nothing yet."""
        self.budget = budget_of(connection.budget_mib)
        self.machines = connection.machines
        self._connection = connection

    @cached_property
    def stack(self) -> Stack | None:
        """The stack that was named, if one was."""
        name = self._connection.stack
        return stack_named(self._client("cloudformation"), name) if name else None

    @cached_property
    def place(self) -> Place | None:
        """Where the state is: as was said, or in the stack's bucket; None where neither tells."""
        return self._connection.place or (self.stack.place if self.stack else None)

    def renewed(self) -> "Cloud":
        """Return the same services with a budget of its own."""
        other = copy.copy(self)
        other.budget = self.budget.renewed()
        return other

    @cached_property
    def store(self) -> ObjectStore:
        """The objects in S3."""
        return Store(client=self._client("s3", attempts=1))

    @cached_property
    def inventory(self) -> Inventory:
        """What is in the buckets."""
        return S3Inventory(self._client("s3"))

    @cached_property
    def versions(self) -> Versions:
        """Every version of what is in the buckets."""
        return S3Versions(self._client("s3"))

    @cached_property
    def states(self) -> "SFNClient":
        """Step Functions."""
        client: SFNClient = self._client("stepfunctions", attempts=_MANY_ATTEMPTS)
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        """Lambda."""
        client: LambdaClient = self._client("lambda")
        return client

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 - a file or standard input needs no AWS, and it loads slowly

        connection = self._connection
        return boto3.Session(profile_name=connection.profile, region_name=connection.region)

    def _client(self, service: str, *, attempts: int = _ATTEMPTS) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - as above

        config = Config(
            connect_timeout=5,
            read_timeout=_READ_TIMEOUT_SECONDS,
            max_pool_connections=MAX_REQUESTS_AT_ONCE,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        try:
            client = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._connection.endpoint_url,
                config=config,
            )
        except ValueError as error:  # no region or endpoint can have that form
            raise wrong_setting(error) from error
        client.meta.events.register_first("needs-retry", _give_up)
        client.meta.events.register("before-parse", _require_aws)
        return client


def is_archived(error: BaseException | None) -> bool:
    """Tell whether S3 says that an archive has taken an object."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == _ARCHIVED


def _give_up(attempts: int, caught_exception: Exception | None, **_: object) -> None:
    """Stop early where nobody answers: a region or an endpoint may be misspelt.

    Only a service that asks to slow down is asked more often.
    """
    if isinstance(caught_exception, NoConnectionError) and attempts >= _ATTEMPTS:
        raise caught_exception


def _require_aws(
    response_dict: dict[str, Any], operation_model: "OperationModel", **_: object
) -> None:
    """Refuse the answer of another server, which says nothing about what is in AWS.

    Raises:
        UnavailableError: a proxy has answered, or the page where a network wants a sign-in.
    """
    if not any(name in response_dict["headers"] for name in _REQUEST_IDS):
        body = response_dict["body"]
        if not isinstance(body, bytes):  # a stream, which nobody reads
            body.close()
        message = f"the server that answered is not one of AWS ({operation_model.name})"
        hint = "A proxy may stand between. Check the network, HTTPS_PROXY and --endpoint-url."
        raise UnavailableError(message, hint=hint)
