"""Outages on demand: a service of moto's that is unavailable for a while."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What S3 answers when it cannot serve a request.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BODY = (
    b"<Error><Code>ServiceUnavailable</Code>"
    b"<Message>Service is unable to handle request.</Message></Error>"
)
_HEADERS = [
    ("Content-Type", "application/xml"),
    ("Content-Length", str(len(_BODY))),
    ("x-amz-request-id", "unavailable"),
]


class Outages:
    """Stands before the server and turns requests away."""

    def __init__(self, served: "WSGIApplication") -> None:
        """Let every request through, for now."""
        self._served = served
        self._down: list[str] = []

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        # `Credential=<key>/<date>/<region>/<service>/aws4_request`
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if any(f"/{service}/aws4_request" in authorization for service in self._down):
            start_response("503 Service Unavailable", _HEADERS)
            return [_BODY]
        return self._served(environ, start_response)

    @contextmanager
    def of(self, service: str) -> Iterator[None]:
        """Make a service unavailable, as `s3`, for as long as the context lasts."""
        self._down.append(service)
        try:
            yield
        finally:
            self._down.remove(service)
