"""Turns away what a page of a web site asks for: a browser on this machine reaches loopback.

Whoever reaches the cloud can deploy a function, which is to run a program on this machine. A page
needs no permission to send a request, only to read the answer, and moto permits that to every page.
A page reads it as well where its own name is made to lead to this machine (DNS rebinding).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..servers.ports import LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Names that only this machine has, besides those below `localhost`. https://www.rfc-editor.org/rfc/rfc6761#section-6.3
_HERE = ("localhost", LOOPBACK, "::1")
_BODY = b"The local cloud answers programs and pages of this machine only.\n"
_HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(_BODY)))]


class Browsers:
    """Stands before the server; lets through whatever no web site can have sent."""

    def __init__(self, served: "WSGIApplication") -> None:
        """Stand before what is served."""
        self._served = served

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        if _is_of_this_machine(environ):
            return self._served(environ, start_response)
        start_response("403 Forbidden", _HEADERS)
        return [_BODY]


def _is_of_this_machine(environ: "WSGIEnvironment") -> bool:
    """Tell who asks by what a browser says of it, and no page can change.

    https://fetch.spec.whatwg.org/#origin-header and https://www.w3.org/TR/fetch-metadata/
    """
    if not _is_here(f"http://{environ.get('HTTP_HOST', '')}"):
        return False
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return environ.get("HTTP_SEC_FETCH_SITE") != "cross-site"
    return _is_here(origin)


def _is_here(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in _HERE or name.endswith(".localhost")
