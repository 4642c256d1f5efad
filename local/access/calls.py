"""Requests to services, as the actions and resources of IAM.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from ..clients import ACCOUNT, REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)(?:/([a-z]+))?")
_DELETED = re.compile(r"<Object>\s*<Key>(.*?)</Key>(?:\s*<VersionId>(.*?)</VersionId>)?", re.DOTALL)
_S3_OBJECT = {
    "GET": "GetObject",
    "HEAD": "GetObject",
    "PUT": "PutObject",
    "POST": "PutObject",
    "DELETE": "DeleteObject",
}
# By a word of the query; what it asks of the bucket.
_S3_BUCKET = {"versions": "ListBucketVersions", "versioning": "GetBucketVersioning"}
_LAMBDA = {"invocations": "InvokeFunction", "configuration": "GetFunctionConfiguration"}
# Of Step Functions, the parameter that names what the action is on.
_ON = ("executionArn", "stateMachineArn", "mapRunArn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing that a request asks for.

    Attributes:
        role: name of the role that asks.
        action: as IAM names it, such as `s3:GetObject`.
        resource: ARN of the resource; `*` if the action has none.
        context: condition keys that the request has.
    """

    role: str
    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def calls_of(environ: "WSGIEnvironment") -> list[Call]:
    """Return what a request asks for; nothing of a service that is not known here."""
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None:
        return []
    role, service = unquote(signed[1]), signed[2]
    read = _BY_SERVICE.get(service)
    asked = read(environ) if read else ()
    return [
        Call(role=role, action=f"{service}:{action}", resource=resource, context=_context(environ))
        for action, resource in asked
    ]


def _context(environ: "WSGIEnvironment") -> dict[str, str]:
    condition = environ.get("HTTP_IF_NONE_MATCH")
    return {} if condition is None else {"s3:if-none-match": condition}


def _of_s3(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    bucket, _, key = environ.get("PATH_INFO", "").removeprefix("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    arn = f"arn:aws:s3:::{bucket}"
    if key:
        yield _S3_OBJECT[environ["REQUEST_METHOD"]], f"{arn}/{key}"
    elif "delete" in query:
        for name, version in _DELETED.findall(_body(environ).decode()):
            yield f"DeleteObject{'Version' if version else ''}", f"{arn}/{name}"
    else:
        yield (
            next((action for word, action in _S3_BUCKET.items() if word in query), "ListBucket"),
            arn,
        )


def _of_states(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    given = _document(environ)
    yield _operation(environ), next((given[name] for name in _ON if name in given), "*")


def _of_events(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    for entry in _document(environ).get("Entries", []):
        bus = entry.get("EventBusName", "default")
        yield _operation(environ), f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"


def _of_lambda(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    found = _FUNCTION.match(environ.get("PATH_INFO", ""))
    if found is not None and found[2] in _LAMBDA:
        name = found[1].rpartition(":function:")[2]
        yield _LAMBDA[found[2]], f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _of_cloudformation(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    given = parse_qs(_body(environ).decode())
    for action in given.get("Action", ()):
        name = given.get("StackName", ["*"])[0]
        yield action, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/*"


_BY_SERVICE = {
    "s3": _of_s3,
    "states": _of_states,
    "events": _of_events,
    "lambda": _of_lambda,
    "cloudformation": _of_cloudformation,
}


def _operation(environ: "WSGIEnvironment") -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    return target.rpartition(".")[2]


def _document(environ: "WSGIEnvironment") -> dict[str, Any]:
    found = json.loads(_body(environ) or b"{}")
    return found if isinstance(found, dict) else {}


def _body(environ: "WSGIEnvironment") -> bytes:
    """Read a request's body, and leave it to be read."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
