"""Stands before the server: notes what is asked for, and turns away what a policy denies."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from ..clients import ACCOUNT, LOCAL_KEY
from .calls import Call, calls_of
from .policies import Statement, is_named, statements_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BODY = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_HEADERS = [
    ("Content-Type", "application/xml"),
    ("Content-Length", str(len(_BODY))),
    ("x-amz-request-id", "denied"),
]
_MISSING = "404"


class Guard:
    """Checks requests to buckets that have a policy.

    Attributes:
        calls: all that was asked for so far by roles, in that order, what was turned away included.
    """

    def __init__(self, served: "WSGIApplication") -> None:
        """Let everything through, until there is a bucket to guard."""
        self.calls: list[Call] = []
        self._served = served
        self._of_buckets: dict[str, list[Statement]] = {}

    def guard(self, bucket: str, policy: Mapping[str, Any]) -> None:
        """Check the requests to a bucket from now on."""
        self._of_buckets[f"arn:aws:s3:::{bucket}"] = statements_of(policy)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        asked = [call for call in calls_of(environ) if call.role != LOCAL_KEY]
        self.calls += asked
        if not all(self._may(call) for call in asked):
            return _denied(start_response)
        hidden = False

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            nonlocal hidden
            hidden = self._hides(asked, status)
            return _ignored if hidden else start_response(status, headers, exc_info)

        answer = self._served(environ, start)
        return _denied(start_response) if hidden else answer

    def _may(self, call: Call) -> bool:
        bucket = call.resource.partition("/")[0]
        if bucket not in self._of_buckets:
            return True
        principal = f"arn:aws:iam::{ACCOUNT}:role/{call.role}"
        context = {
            **call.context,
            "aws:PrincipalArn": principal,
            # Loopback stands for the way to AWS, which is encrypted.
            "aws:SecureTransport": "true",
        }
        asked = (call.action, call.resource, context)
        own = [each for policy in policies_of(call.role) for each in statements_of(policy)]
        denied = is_named([*self._of_buckets[bucket], *own], "Deny", *asked)
        return is_named(own, "Allow", *asked) and not denied

    def _hides(self, asked: list[Call], status: str) -> bool:
        """Tell whether somebody who may not list may not know that an object is missing.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        if not status.startswith(_MISSING) or not asked or asked[0].action != "s3:GetObject":
            return False
        call = asked[0]
        bucket = call.resource.partition("/")[0]
        return not self._may(Call(role=call.role, action="s3:ListBucket", resource=bucket))


def policies_of(role: str) -> list[dict[str, Any]]:
    """Return the documents of a role's policies, attached and inline; none without the role."""
    roles = iam_backends[ACCOUNT]["aws"].roles.values()
    held = next((each for each in roles if each.name == role), None)
    if held is None:
        return []
    attached = [policy.versions[-1].document for policy in held.managed_policies.values()]
    return [_parsed(each) for each in [*attached, *held.policies.values()]]


def _parsed(document: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    # A statement that a condition leaves out is none.
    return parsed | {"Statement": [each for each in parsed["Statement"] if each is not None]}


def _ignored(_data: bytes) -> None:
    pass


def _denied(start_response: "StartResponse") -> list[bytes]:
    start_response("403 Forbidden", _HEADERS)
    return [_BODY]
