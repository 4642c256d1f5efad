"""A page of a web site, in a browser on this machine, gets nothing from the local cloud."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from local.access.browsers import Browsers
from local.cloud import LocalCloud

SITE = "https://site.example"
FROM_A_SITE = [
    {"Origin": SITE},
    {"Origin": "null"},
    {"Origin": "http://localhost.site.example"},
    {"Origin": "http://localhost@site.example"},
    {"Origin": "http://[site"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "site.example:4566"},
    {"Host": "site.example:4566", "Sec-Fetch-Site": "same-origin"},
    {"Host": "127.0.0.1.site.example"},
    {"Host": ""},
]
FROM_THIS_MACHINE = [
    {},
    {"Host": "localhost:4566"},
    {"Host": "LOCALHOST"},
    {"Host": "bucket.localhost:4566"},
    {"Host": "[::1]:4566"},
    {"Origin": "http://127.0.0.1:4566", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
]


def status_of(headers: dict[str, str]) -> int:
    """Ask what stands before a server that answers everything."""
    told: list[str] = []

    def served(_environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [])  # type: ignore[operator]
        return []

    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ = {"HTTP_HOST": "127.0.0.1:4566", **given}
    Browsers(served)(environ, lambda status, _headers, _error=None: told.append(status))  # type: ignore[arg-type]
    return int(told[0].split()[0])


@pytest.mark.parametrize("headers", FROM_A_SITE, ids=str)
def test_what_a_web_site_asks_for_is_refused(headers: dict[str, str]) -> None:
    assert status_of(headers) == 403


@pytest.mark.parametrize("headers", FROM_THIS_MACHINE, ids=str)
def test_what_is_asked_for_on_this_machine_is_answered(headers: dict[str, str]) -> None:
    assert status_of(headers) == 200


def test_web_site_deploys_no_function(cloud: LocalCloud) -> None:
    """It would by moto's recorder, which takes two requests that a browser asks nobody about."""
    host = urlsplit(cloud.endpoint).netloc
    deploying = {"method": "GET", "url": cloud.endpoint, "headers": {}}
    for step, body in (("upload", json.dumps(deploying)), ("replay", "")):
        connection = http.client.HTTPConnection(host)
        headers = {"Origin": SITE, "Content-Type": "text/plain"}
        connection.request("POST", f"/moto-api/recorder/{step}-recording", body, headers)
        answer = connection.getresponse()

        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
        connection.close()
