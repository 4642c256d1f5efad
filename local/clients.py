"""boto3 clients at the local endpoints, one for each service."""

import threading
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "123456789012"
# The access key of requests that nobody's permissions are checked for.
LOCAL_KEY = "local"

# An execution may wait for a function as long as the function may run.
_CONFIG = Config(
    connect_timeout=10,
    read_timeout=900,
    retries={"total_max_attempts": 1},
    max_pool_connections=128,
    s3={"addressing_style": "path"},
)


class Clients:
    """Makes each client once: they are thread-safe, and slow to make."""

    def __init__(self, endpoint: str, s3_endpoint: str | None = None) -> None:
        """Make none yet.

        Args:
            endpoint: moto's.
            s3_endpoint: where the S3 of the run is, if not in moto.
        """
        self.endpoint = endpoint
        self.s3_endpoint = s3_endpoint or endpoint
        self.session = boto3.Session(LOCAL_KEY, LOCAL_KEY, region_name=REGION)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, role: str = LOCAL_KEY) -> Any:
        """Return the client that the run's own code would have, or a role."""
        endpoint = self.s3_endpoint if service == "s3" else self.endpoint
        return self._client(service, endpoint, role)

    def moto(self, service: str) -> Any:
        """Return the client of a service in moto, S3 included: what is deployed lies there."""
        return self._client(service, self.endpoint)

    def _client(self, service: str, endpoint: str, role: str = LOCAL_KEY) -> Any:
        with self._lock:
            key = (service, endpoint, role)
            if key not in self._clients:
                self._clients[key] = self.session.client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=endpoint,
                    aws_access_key_id=role,
                    aws_secret_access_key=role,
                    config=_CONFIG,
                )
            return self._clients[key]

    def environment(self, role: str = LOCAL_KEY) -> dict[str, str]:
        """Return the variables that lead an AWS SDK here."""
        return {
            "AWS_ACCESS_KEY_ID": role,
            "AWS_SECRET_ACCESS_KEY": role,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.s3_endpoint,
        }
