"""The way into an account, for whoever has said which one."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .errors import RefusedError

_ACCOUNT_ID = re.compile(r"\d{12}")
# TestState and DescribeExecution are asked often.
_CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 10}, max_pool_connections=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Clients of one account in one region, with the credentials of this process.

    Attributes:
        region: name of the region.
    """

    region: str
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, always the same."""
        with self._lock:
            if service not in self._clients:
                session = boto3.Session(region_name=self.region)
                self._clients[service] = session.client(
                    service,  # type: ignore[call-overload]
                    config=_CONFIG,
                )
            return self._clients[service]

    @property
    def account(self) -> str:
        """Id of the account, 12 digits."""
        return str(self.client("sts").get_caller_identity()["Account"])


def access_to(region: str | None) -> Access:
    """Return access with the credentials that there are, in a region or in their own.

    Raises:
        RefusedError: no region is set.
    """
    chosen = region or boto3.Session().region_name
    if chosen is None:
        raise RefusedError("nothing was done: set AWS_DEFAULT_REGION, or a region in your profile")
    return Access(region=chosen)


def granted(said: str, region: str | None = None) -> Access:
    """Return access to the account that was named, if the credentials are of that account.

    Args:
        said: the account's id, as somebody wrote it on the command line.
        region: by default that of the credentials' profile.

    Raises:
        RefusedError: it is not an account's id, or the credentials are missing or another's.
    """
    if not _ACCOUNT_ID.fullmatch(said):
        raise RefusedError(
            "nothing was done: this deploys to an AWS account, which costs a little"
            " money. Name the account by its 12 digits: `make account YES=123456789012`"
        )
    access = access_to(region)
    try:
        found = access.account
    except (BotoCoreError, ClientError) as error:
        raise RefusedError(f"nothing was done: AWS does not know who you are ({error})") from error
    if found != said:
        raise RefusedError(
            f"nothing was done: you named account {said}, but your credentials belong to {found}"
        )
    return access
