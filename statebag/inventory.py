"""What is in a bucket: the listing and the deletion that the core itself never needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from statebag.errors import UnavailableError
from universal_sync_core.store import Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
DELETE_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """One object, as a listing tells of it."""

    location: Location
    size: int
    modified: datetime

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.location.key.rsplit("/", 1)[-1]


class Inventory(Protocol):
    """Lists objects, reads their beginnings, and deletes them."""

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose keys begin with `prefix`, in the order of the keys."""

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the prefixes, up to the next `/`, that begin with `prefix`."""

    def head(self, location: Location, size: int) -> bytes:
        """Return the first `size` bytes of an object as they are stored."""

    def delete(self, locations: Sequence[Location]) -> None:
        """Delete objects of one bucket, at most 1,000."""


class S3Inventory:
    """The inventory of a bucket in S3."""

    def __init__(self, client: "S3Client") -> None:
        """Ask through `client`."""
        self._client = client

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        """Yield the objects, 1,000 for each request."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                location = Location(bucket, item["Key"])
                yield Stored(location, item["Size"], item["LastModified"])

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the folders under a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"]

    def head(self, location: Location, size: int) -> bytes:
        """Return the first bytes by a request for that range."""
        answer = self._client.get_object(
            Bucket=location.bucket, Key=location.key, Range=f"bytes=0-{size - 1}"
        )
        return answer["Body"].read()

    def delete(self, locations: Sequence[Location]) -> None:
        """Delete in one request.

        Raises:
            UnavailableError: S3 left some of them.
        """
        answer = self._client.delete_objects(
            Bucket=locations[0].bucket,
            Delete={"Objects": [{"Key": each.key} for each in locations], "Quiet": True},
        )
        failed = answer.get("Errors", [])
        if failed:
            codes = ", ".join(sorted({error.get("Code", "?") for error in failed}))
            message = f"{len(failed)} objects were not deleted ({codes})"
            raise UnavailableError(message, hint="What was deleted is gone; run it again.")
