"""What every object store does, held against each one there is.

The servers are moto, which imitates S3, and SeaweedFS, which is one of its own. Hazards held
here: a key overwritten by a retry (objects are created, never replaced), a missing payload read
as something else, an encoding taken from a setting and not from the object.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session
from botocore.session import get_session
from moto.server import ThreadedMotoServer

from local.servers.seaweed import Seaweed
from tests.core.bags import BUCKET, EXECUTION
from universal_sync_core import hydrate_state, universal_sync_core
from universal_sync_core.errors import ConfigurationError, MissingObjectError, StoreUnavailableError
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime, s3_store
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.parallel import MAX_REQUESTS_AT_ONCE
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location, ObjectStore, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def client_of(endpoint: str) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - opens nothing
        config=Config(max_pool_connections=MAX_REQUESTS_AT_ONCE, s3={"addressing_style": "path"}),
    )


def own_store(endpoint: str = "http://127.0.0.1:9") -> S3Store:
    """Return a store with the client that it makes for itself."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    environment = dict.fromkeys(names, "local") | {"AWS_ENDPOINT_URL_S3": endpoint}
    with mock.patch.dict(os.environ, environment | {"AWS_DEFAULT_REGION": "us-east-1"}):
        return S3Store()


@contextmanager
def on_server(endpoint: str, bucket: str = BUCKET) -> Iterator[ObjectStore]:
    """Yield a store in a bucket of its own, which goes with it: moto is shared by a process."""
    client = client_of(endpoint)
    client.create_bucket(Bucket=bucket)
    yield own_store(endpoint)
    for found in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=found["Key"])
    client.delete_bucket(Bucket=bucket)


@contextmanager
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module", params=["memory", "moto", "seaweedfs"])
def any_store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "moto":
        with moto() as endpoint, on_server(endpoint) as store:
            yield store
    else:
        with Seaweed.start() as seaweed, on_server(seaweed.endpoint) as store:
            yield store


@pytest.fixture
def location(request: pytest.FixtureRequest) -> Location:
    """Return a place that no other test uses."""
    return Location(BUCKET, f"v1/arn%3Aaws%3Astates/packs/{request.node.originalname}")


def test_put_creates_and_get_returns_the_same_bytes(
    any_store: ObjectStore, location: Location
) -> None:
    body = bytes(range(256)) * 1_000
    assert any_store.put(location, body)
    assert any_store.get(location) == StoredObject(body)


def test_an_empty_body_is_a_body(any_store: ObjectStore, location: Location) -> None:
    assert any_store.put(location, b"")
    assert any_store.get(location) == StoredObject(b"")


def test_second_put_leaves_the_first_object_and_says_so(
    any_store: ObjectStore, location: Location
) -> None:
    assert any_store.put(location, b"first")
    assert not any_store.put(location, b"second")
    assert any_store.get(location).body == b"first"


def test_of_concurrent_puts_exactly_one_creates(any_store: ObjectStore, location: Location) -> None:
    bodies = [f"writer {number}".encode() for number in range(8)]
    with ThreadPoolExecutor(len(bodies)) as pool:
        created = list(pool.map(lambda body: any_store.put(location, body), bodies))
    assert created.count(True) == 1
    assert any_store.get(location).body == bodies[created.index(True)]


def test_content_encoding_is_kept_and_the_body_stays_encoded(
    any_store: ObjectStore, location: Location
) -> None:
    any_store.put(location, b"\x28\xb5\x2f\xfd", content_encoding="zstd")
    assert any_store.get(location) == StoredObject(b"\x28\xb5\x2f\xfd", "zstd")


def test_missing_object_is_an_error_that_names_its_path(
    any_store: ObjectStore, location: Location
) -> None:
    with pytest.raises(MissingObjectError) as caught:
        any_store.get(location)
    assert caught.value.path == str(location)
    assert not caught.value.retryable


def test_whether_there_is_an_object_is_told_without_reading_it(
    any_store: ObjectStore, location: Location
) -> None:
    assert not any_store.exists(location)
    any_store.put(location, b"body")
    assert any_store.exists(location)
    assert not any_store.exists(Location("no-such-bucket", "key"))


def test_a_bucket_that_s3_does_not_have_is_a_wrong_setting(any_store: ObjectStore) -> None:
    has_buckets = isinstance(any_store, S3Store)
    with pytest.raises(ConfigurationError if has_buckets else MissingObjectError):
        any_store.get(Location("no-such-bucket", "key"))


def test_stream_of_a_missing_object_is_an_error(any_store: ObjectStore, location: Location) -> None:
    with pytest.raises(MissingObjectError):
        list(any_store.stream(location))


def test_stream_yields_the_body_in_pieces(any_store: ObjectStore, location: Location) -> None:
    body = bytes(range(256)) * 4_096
    any_store.put(location, body)
    pieces = list(any_store.stream(location))
    assert b"".join(pieces) == body
    assert len(pieces) > 1


@pytest.mark.parametrize("name", ["a b", "ä/ö", "plus+sign", "per%20cent", "a//b", "emoji-😀"])
def test_keys_of_any_letters_are_told_apart(
    any_store: ObjectStore, location: Location, name: str
) -> None:
    place = Location(BUCKET, f"{location.key}/{name}")
    any_store.put(place, name.encode())
    assert any_store.get(place).body == name.encode()


def test_a_request_says_who_asks(monkeypatch: pytest.MonkeyPatch, location: Location) -> None:
    asked: list[str] = []

    def send(_: URLLib3Session, request: AWSPreparedRequest) -> None:
        asked.append(str(request.headers["User-Agent"]))
        raise EndpointConnectionError(endpoint_url=request.url)

    monkeypatch.setattr(URLLib3Session, "send", send)
    with pytest.raises(StoreUnavailableError):
        own_store().get(location)
    assert ["universal-sync-core botocore/" in agent for agent in asked] == [True]


def test_a_client_is_made_without_looking_for_other_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed: list[str] = []
    list_folder = os.listdir

    def listdir(path: str) -> list[str]:
        listed.append(path)
        return list_folder(path)

    monkeypatch.setattr(os, "listdir", listdir)
    own_store()
    assert {Path(path).name for path in listed} == {"s3"}


@pytest.mark.parametrize("service", s3_store.CREDENTIAL_SERVICES)
def test_services_that_give_credentials_are_found(service: str) -> None:
    client = s3_store._new_session().create_client(service, "us-east-1")
    assert client.meta.service_model.service_name == service


def test_credentials_may_be_those_of_an_assumed_role(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, location: Location
) -> None:
    token = tmp_path / "token"
    token.write_text("token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/worker")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(ConfigurationError, match="NoSuchBucket"):
            S3Store().get(location)


def models(kind: str) -> tuple[Any, Any]:
    """Return a model of S3 as the client of our store has it, and as botocore has it."""
    ours, theirs = (
        session.get_component("data_loader").load_service_model("s3", kind)
        for session in (s3_store._new_session(), get_session())
    )
    return ours, theirs


def test_a_client_has_the_rules_for_endpoints_that_botocore_has() -> None:
    ours, theirs = models("endpoint-rule-set-1")
    assert ours == theirs


def test_a_client_has_the_model_that_botocore_has_except_for_what_is_not_read_of_answers() -> None:
    ours, theirs = models("service-2")
    assert {**ours, "shapes": None} == {**theirs, "shapes": None}
    assert ours["shapes"].keys() == theirs["shapes"].keys()
    other = {name for name, shape in ours["shapes"].items() if shape != theirs["shapes"][name]}
    assert other == {"GetObjectOutput", "HeadObjectOutput", "PutObjectOutput"}


def test_of_an_answer_only_what_is_read_is_parsed() -> None:
    location = Location("bucket-of-answers", "key")
    with moto() as endpoint, on_server(endpoint, location.bucket):
        store = own_store(endpoint)
        store.put(location, b"{}", content_encoding="zstd")
        answer = store._client.get_object(Bucket=location.bucket, Key=location.key)
    assert answer.keys() == {"Body", "ContentEncoding", "ResponseMetadata"}


def test_the_pipe_loses_nothing_on_it(any_store: ObjectStore) -> None:
    result = {
        "current_state": {f"part-{number}": "ä" * 20_000 for number in range(12)},
        "state_history": [{"n": number, "text": "word " * 40} for number in range(120)],
    }
    with runtime.use(settings=Settings(bucket=BUCKET), store=any_store):
        bag = universal_sync_core({"execution_id": EXECUTION}, result)
    with runtime.use(settings=Settings(bucket=BUCKET), store=any_store):
        whole = hydrate_state(bag)
    assert whole["current_state"] == result["current_state"]
    assert whole["state_history"] == result["state_history"]
