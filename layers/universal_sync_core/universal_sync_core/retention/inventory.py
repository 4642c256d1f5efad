"""Listing and deleting objects of a bucket, which the rest of the core never needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.storage.parallel import in_parallel
from universal_sync_core.storage.store import Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
DELETE_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a listing."""

    location: Location
    size: int
    modified: datetime


class Inventory(Protocol):
    """Lists objects, reads their first bytes, and deletes them."""

    def objects(self, bucket: str, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose keys begin with `prefix`, in the order of the keys."""

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the prefixes, up to the next `/`, that begin with `prefix`."""

    def head(self, location: Location, size: int) -> bytes:
        """Return the first `size` bytes of an object as they are stored."""

    def keeps_versions(self, bucket: str) -> bool:
        """Tell whether a bucket keeps versions, so that deleted objects can be restored."""

    def delete(self, locations: Sequence[Location]) -> None:
        """Delete at most 1,000 objects of one bucket."""

    def undelete(self, locations: Sequence[Location]) -> None:
        """Restore deleted objects of one bucket; existing objects stay."""


class S3Inventory:
    """The inventory of a bucket in S3. It raises the client's own errors."""

    def __init__(self, client: "S3Client") -> None:
        """Use `client`, which retries on its own."""
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
        """Return the first bytes, with a request for that range."""
        answer = self._client.get_object(
            Bucket=location.bucket, Key=location.key, Range=f"bytes=0-{size - 1}"
        )
        return answer["Body"].read()

    def keeps_versions(self, bucket: str) -> bool:
        """Ask for the bucket's versioning; while it is suspended, deletions are final."""
        return self._client.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"

    def delete(self, locations: Sequence[Location]) -> None:
        """Delete in one request.

        Raises:
            StoreUnavailableError: S3 did not delete some of them.
        """
        objects: list[ObjectIdentifierTypeDef] = [{"Key": each.key} for each in locations]
        self._delete(locations[0].bucket, objects, "deleted")

    def undelete(self, locations: Sequence[Location]) -> None:
        """Remove the delete markers over each object, until it is there again.

        There are several if the answer to a deletion was lost and the client deleted again.

        Raises:
            StoreUnavailableError: S3 did not delete some of them.
        """
        bucket, hidden = locations[0].bucket, list(locations)
        while hidden:
            markers = in_parallel(self._marker, hidden)
            found = [each for each in markers if each is not None]
            for at in range(0, len(found), DELETE_AT_ONCE):
                self._delete(bucket, found[at : at + DELETE_AT_ONCE], "undeleted")
            hidden = [Location(bucket, each["Key"]) for each in found]

    def _marker(self, location: Location) -> "ObjectIdentifierTypeDef | None":
        """Return the newest version of an object if it is a delete marker, or None."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=location.bucket, Prefix=location.key
        )
        for page in pages:
            for each in page.get("DeleteMarkers", ()):
                if each["Key"] == location.key and each["IsLatest"]:
                    return {"Key": location.key, "VersionId": each["VersionId"]}
        return None

    def _delete(self, bucket: str, objects: Sequence["ObjectIdentifierTypeDef"], done: str) -> None:
        answer = self._client.delete_objects(
            Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
        )
        failed = answer.get("Errors", [])
        if failed:
            codes = ", ".join(sorted({error.get("Code", "?") for error in failed}))
            message = f"{len(failed)} objects were not {done} ({codes})"
            raise StoreUnavailableError(f"{message}; what was deleted is in the bucket's versions")
