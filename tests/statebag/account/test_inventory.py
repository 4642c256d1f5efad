"""The inventory and the store of real S3 requests, answered by moto in this process."""

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from statebag.account.aws import Cloud, Connection
from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.retention.inventory import S3Inventory
from universal_sync_core.storage.store import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketVersioningStatusType

BUCKET = "state-bucket"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        for key in ("v1/a/packs/1", "v1/a/callbacks/2.json", "v1/b/packs/3", "other"):
            client.put_object(Bucket=BUCKET, Key=key, Body=f"body of {key}".encode())
        yield client


def test_objects_under_a_prefix(s3: "S3Client") -> None:
    found = list(S3Inventory(s3).objects(BUCKET, "v1/a/"))

    assert [each.location.key for each in found] == ["v1/a/callbacks/2.json", "v1/a/packs/1"]
    assert found[1].size == len("body of v1/a/packs/1")


def test_folders_are_the_executions(s3: "S3Client") -> None:
    assert list(S3Inventory(s3).folders(BUCKET, "v1/")) == ["v1/a/", "v1/b/"]


def test_beginning_of_an_object(s3: "S3Client") -> None:
    assert S3Inventory(s3).head(Location(BUCKET, "v1/a/packs/1"), 4) == b"body"


def test_deletion(s3: "S3Client") -> None:
    inventory = S3Inventory(s3)

    inventory.delete([Location(BUCKET, "v1/a/packs/1"), Location(BUCKET, "v1/b/packs/3")])

    assert [each.location.key for each in inventory.objects(BUCKET, "v1/")] == [
        "v1/a/callbacks/2.json"
    ]


def test_deletion_that_s3_did_not_do_is_an_error(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"Errors": [{"Key": "v1/a/packs/1", "Code": "AccessDenied"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: answer)

    with pytest.raises(StoreUnavailableError, match="AccessDenied"):
        S3Inventory(s3).delete([Location(BUCKET, "v1/a/packs/1")])


def keep_versions(s3: "S3Client", status: "BucketVersioningStatusType") -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def test_bucket_keeps_versions_only_while_it_says_so(s3: "S3Client") -> None:
    inventory = S3Inventory(s3)
    assert not inventory.keeps_versions(BUCKET)

    keep_versions(s3, "Enabled")
    assert inventory.keeps_versions(BUCKET)

    keep_versions(s3, "Suspended")
    assert not inventory.keeps_versions(BUCKET)


def test_what_was_deleted_comes_back_and_what_is_there_stays(s3: "S3Client") -> None:
    keep_versions(s3, "Enabled")
    inventory = S3Inventory(s3)
    keys = ["v1/a/packs/1", "v1/a/packs/10", "v1/b/packs/3", "v1/b/packs/4"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=f"body of {key}".encode())
    inventory.delete([Location(BUCKET, key) for key in keys[:3]])
    s3.put_object(Bucket=BUCKET, Key=keys[2], Body=b"written again")

    inventory.undelete([Location(BUCKET, key) for key in (keys[0], *keys[2:], "v1/never")])

    bodies = {
        each.location.key: inventory.head(each.location, 99)
        for each in inventory.objects(BUCKET, "v1/")
    }
    assert bodies == {
        "v1/a/callbacks/2.json": b"body of v1/a/callbacks/2.json",
        "v1/a/packs/1": b"body of v1/a/packs/1",
        "v1/b/packs/3": b"written again",
        "v1/b/packs/4": b"body of v1/b/packs/4",
    }


def test_what_was_deleted_twice_because_an_answer_was_lost_comes_back(s3: "S3Client") -> None:
    keep_versions(s3, "Enabled")
    inventory = S3Inventory(s3)
    keys = ["v1/a/packs/7", "v1/a/packs/8"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=f"body of {key}".encode())
    deleted = [Location(BUCKET, key) for key in keys]
    inventory.delete(deleted)
    inventory.delete(deleted[:1])  # as the client does, which hears nothing of the first time

    inventory.undelete(deleted)

    assert {key: inventory.head(Location(BUCKET, key), 99) for key in keys} == {
        key: f"body of {key}".encode() for key in keys
    }


@pytest.mark.usefixtures("s3")
def test_cloud_asks_with_an_ordinary_session() -> None:
    cloud = Cloud(Connection(region="us-east-1", bucket=BUCKET, prefix="team"))

    assert cloud.store.get(Location(BUCKET, "other")).body == b"body of other"
    assert cloud.place is not None
    assert cloud.place.layout == "team/v1/"
