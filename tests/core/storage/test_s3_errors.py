"""How the S3 store names what goes wrong on the wire.

Hazards held here: a missing object tried again as if it were a hiccup, a refusal tried again for
ever, a body cut short taken for the whole.
"""

import http.client
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import botocore.exceptions
import pytest
import urllib3
from botocore.credentials import RefreshableCredentials
from botocore.session import Session

from tests.core.storage.answering import LOCATION, SECRET, Answering, Handler, store_at
from universal_sync_core.errors import (
    ConfigurationError,
    MissingObjectError,
    StateSyncError,
    StoreAccessDeniedError,
    StoreThrottledError,
    StoreUnavailableError,
)
from universal_sync_core.storage.s3_errors import CODES, STATUSES, error_for
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location


@pytest.fixture(scope="module")
def s3() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def s3_store(s3: Answering) -> S3Store:
    return store_at(s3.endpoint)


def get(store: S3Store) -> object:
    return store.get(LOCATION)


def stream(store: S3Store) -> object:
    return list(store.stream(LOCATION))


def exists(store: S3Store) -> object:
    return store.exists(LOCATION)


def put(store: S3Store) -> object:
    return store.put(LOCATION, SECRET.encode())


# What S3 and servers like it say, beside each code the status it comes with.
THROTTLED = [
    (503, "SlowDown"),
    (503, "Busy"),
    (400, "ThrottlingException"),
    (400, "KMS.ThrottlingException"),
    (400, "RequestLimitExceeded"),
    (429, "TooManyRequestsException"),
    (429, "TooManyRequests"),
    (429, "SomethingElse"),
    (429, ""),
    (503, ""),
]
UNAVAILABLE = [
    (503, "ServiceUnavailable"),
    (500, "InternalError"),
    (501, "NotImplemented"),
    (502, ""),
    (504, "GatewayTimeout"),
    (599, ""),
    (400, "RequestTimeout"),
    (408, ""),
    (400, "IncompleteBody"),
    (400, "BadDigest"),
    (400, "XAmzContentSHA256Mismatch"),
    (400, "XAmzContentChecksumMismatch"),
    (400, "MalformedTrailerError"),
    (400, "ConnectionClosedByRequester"),
    (409, "ConditionalRequestConflict"),
    (409, "OperationAborted"),
    (409, "SomethingElse"),
    (409, ""),
    (403, "RequestTimeTooSkewed"),
    (400, "TokenRefreshRequired"),
    (400, "ExpiredToken"),
    (400, ""),
]
DENIED = [
    (403, "AccessDenied"),
    (403, "SomethingElse"),
    (403, ""),
    (403, "InvalidAccessKeyId"),
    (403, "SignatureDoesNotMatch"),
    (403, "InvalidObjectState"),
    (400, "InvalidArgument"),
    (400, "KeyTooLongError"),
    (400, "KMS.DisabledException"),
    (405, "MethodNotAllowed"),
]
MISSING = [(404, "NoSuchKey"), (404, "SomethingElse"), (404, "")]
ELSEWHERE = [(404, "NoSuchBucket"), (400, "IllegalLocationConstraintException")]
ANSWERS = [
    *((answer, StoreThrottledError) for answer in THROTTLED),
    *((answer, StoreUnavailableError) for answer in UNAVAILABLE),
    *((answer, StoreAccessDeniedError) for answer in DENIED),
    *((answer, MissingObjectError) for answer in MISSING),
    *((answer, ConfigurationError) for answer in ELSEWHERE),
]


@pytest.mark.parametrize("verb", [get, stream, put])
@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_every_answer_has_one_class(
    s3: Answering,
    s3_store: S3Store,
    verb: Callable[[S3Store], object],
    answer: tuple[int, str],
    expected: type[StateSyncError],
) -> None:
    s3.answer(*answer)
    with pytest.raises(StateSyncError) as caught:
        verb(s3_store)
    assert type(caught.value) is expected
    assert caught.value.__cause__ is not None
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, StoreAccessDeniedError),
        (400, StoreUnavailableError),
        (409, StoreUnavailableError),
        (429, StoreThrottledError),
        (500, StoreUnavailableError),
        (503, StoreThrottledError),
    ],
)
def test_an_answer_without_a_body_is_told_by_its_status(
    s3: Answering, s3_store: S3Store, status: int, expected: type[StateSyncError]
) -> None:
    s3.answer(status, "")
    with pytest.raises(StateSyncError) as caught:
        s3_store.exists(LOCATION)
    assert type(caught.value) is expected


CALLER = "User: arn:aws:sts::123456789012:assumed-role/worker/run is not authorized to perform: "
KEY = 'kms:Decrypt on resource: "arn:aws:kms:eu-west-1:123456789012:key/with an explicit deny in a"'
DENIALS = [
    (
        f"{KEY} because no resource-based policy allows the kms:Decrypt action",
        "kms:Decrypt, because no resource-based policy allows",
    ),
    (
        "s3:PutObject on resource: x with an explicit deny in a VPC endpoint policy",
        "s3:PutObject, with an explicit deny in a VPC endpoint policy",
    ),
    (f"s3:GetObject, as {SECRET}", "s3:GetObject"),
]


@pytest.mark.parametrize("verb", [get, stream, put])
@pytest.mark.parametrize(("said", "told"), DENIALS, ids=["key", "endpoint", "no reason"])
def test_a_refusal_names_the_action_that_was_denied_and_by_which_policy(
    s3: Answering, s3_store: S3Store, verb: Callable[[S3Store], object], said: str, told: str
) -> None:
    message = f"<Message>{CALLER}{said}</Message>"
    s3.status, s3.body = 403, f"<Error><Code>AccessDenied</Code>{message}</Error>".encode()
    with pytest.raises(StoreAccessDeniedError) as caught:
        verb(s3_store)
    assert str(caught.value) == f"S3 refused access: AccessDenied for {told}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, "AccessDenied"), "S3 refused access: AccessDenied (also for a missing object"),
        ((403, "InvalidObjectState"), "S3 refused the request: InvalidObjectState"),
        ((400, "KMS.DisabledException"), "S3 refused the request: KMS.DisabledException"),
        ((404, "NoSuchBucket"), f"S3 has no bucket {LOCATION.bucket} in this region: NoSuchBucket"),
    ],
)
def test_a_refusal_names_a_permission_or_a_missing_object_only_where_it_may_be_one(
    s3: Answering, s3_store: S3Store, answer: tuple[int, str], said: str
) -> None:
    s3.answer(*answer)
    with pytest.raises(StateSyncError) as caught:
        get(s3_store)
    assert str(caught.value).startswith(said)


def test_an_object_that_is_not_there_is_told_from_one_that_may_not_be_seen(
    s3: Answering, s3_store: S3Store
) -> None:
    s3.answer(404, "")
    assert not s3_store.exists(LOCATION)
    s3.answer(403, "")
    with pytest.raises(StoreAccessDeniedError, match="s3:ListBucket"):
        s3_store.exists(LOCATION)


@pytest.mark.parametrize("code", ["TemporaryRedirect", "Redirect", "307"])
def test_a_redirect_that_the_sdk_could_not_follow_is_worth_another_try(code: str) -> None:
    assert isinstance(error_for(code, 307, str(LOCATION)), StoreUnavailableError)


def test_each_answer_is_listed_once_and_with_its_source() -> None:
    for rules in (CODES, STATUSES):
        assert all(rule.source.startswith("https://") for rule in rules)
    words = [word for rule in CODES for word in rule.answers]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("verb", "status", "expected"),
    [
        (get, 502, StoreUnavailableError),
        (put, 502, StoreUnavailableError),
        (put, 200, StoreUnavailableError),
        (get, 403, StoreAccessDeniedError),
        (put, 403, StoreAccessDeniedError),
    ],
)
def test_an_answer_that_is_no_xml_is_an_error_of_ours(
    s3: Answering,
    s3_store: S3Store,
    verb: Callable[[S3Store], object],
    status: int,
    expected: type[StateSyncError],
) -> None:
    s3.status, s3.body = status, b"<html>by a proxy"
    with pytest.raises(expected) as caught:
        verb(s3_store)
    assert ("s3:ListBucket" in str(caught.value)) is (expected is StoreAccessDeniedError)


# What ends the reading of a body: all but the last come out of botocore as they are.
BROKEN_BODIES = [
    urllib3.exceptions.SSLError("bad record"),
    urllib3.exceptions.ProtocolError("broken"),
    urllib3.exceptions.IncompleteRead(1, 2),
    urllib3.exceptions.DecodeError("no gzip"),
    http.client.IncompleteRead(b"", 2),
    ssl.SSLError("bad record"),
    ConnectionResetError(),
    TimeoutError(),
    botocore.exceptions.ReadTimeoutError(endpoint_url="url"),
]


@pytest.mark.parametrize("verb", [get, stream])
@pytest.mark.parametrize("error", BROKEN_BODIES, ids=lambda error: type(error).__name__)
def test_a_body_that_breaks_off_is_worth_another_try(
    verb: Callable[[S3Store], object], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Body:
        def read(self, _: int | None = None) -> bytes:
            raise error

    store = store_at("http://127.0.0.1:9")
    monkeypatch.setattr(store._client, "get_object", lambda **_: {"Body": Body()})
    with pytest.raises(StoreUnavailableError) as caught:
        verb(store)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("verb", [get, stream, put, exists])
def test_new_credentials_that_have_expired_as_well_are_worth_another_try(
    verb: Callable[[S3Store], object],
) -> None:
    def refreshed() -> dict[str, str]:
        expired = datetime.now(UTC) - timedelta(minutes=1)
        keys = {"access_key": "key", "secret_key": SECRET, "token": "token"}
        return keys | {"expiry_time": expired.isoformat()}

    session = Session()
    session._credentials = RefreshableCredentials.create_from_metadata(  # type: ignore[attr-defined]
        refreshed(), refreshed, "container"
    )
    store = S3Store(client=session.create_client("s3", region_name="eu-west-1"))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailableError) as caught:
        verb(store)
    assert type(caught.value.__cause__) is RuntimeError


@pytest.mark.parametrize("verb", [get, stream, put, exists])
def test_a_name_that_does_not_resolve_is_worth_another_try(
    verb: Callable[[S3Store], object],
) -> None:
    with pytest.raises(StoreUnavailableError):
        verb(store_at("http://s3.invalid"))


def test_precondition_failed_says_that_the_object_is_there(
    s3: Answering, s3_store: S3Store
) -> None:
    s3.answer(412, "PreconditionFailed")
    assert not s3_store.put(LOCATION, b"body")


@pytest.mark.parametrize("verb", [get, stream])
def test_body_cut_short_is_worth_another_try(
    s3: Answering,
    s3_store: S3Store,
    verb: Callable[[S3Store], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3, "length", 1_000)
    s3.status, s3.body = 200, b"only the begin"
    with pytest.raises(StoreUnavailableError):
        verb(s3_store)


@pytest.mark.parametrize("verb", [get, stream, put, exists])
def test_refused_connection_is_worth_another_try(verb: Callable[[S3Store], object]) -> None:
    with Answering(("127.0.0.1", 0), Handler) as closed:
        endpoint = closed.endpoint
    with pytest.raises(StoreUnavailableError) as caught:
        verb(store_at(endpoint))
    assert caught.value.retryable


def test_a_request_that_cannot_be_made_is_not_tried_again(s3_store: S3Store) -> None:
    with pytest.raises(StoreAccessDeniedError) as caught:
        s3_store.get(Location("no bucket's name", "key"))
    assert not caught.value.retryable


def test_writes_use_the_key_of_the_settings_and_never_replace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: dict[str, object] = {}
    store = store_at("http://127.0.0.1:9")
    monkeypatch.setattr(store._client, "put_object", sent.update)
    encrypting = S3Store(client=store._client, kms_key_id="alias/state")
    assert encrypting.put(LOCATION, b"{}", content_encoding="zstd")
    assert sent["IfNoneMatch"] == "*"
    assert sent["ChecksumAlgorithm"]
    assert (sent["ServerSideEncryption"], sent["SSEKMSKeyId"]) == ("aws:kms", "alias/state")
    assert (sent["ContentType"], sent["ContentEncoding"]) == ("application/json", "zstd")
