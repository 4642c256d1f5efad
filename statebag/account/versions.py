"""Every version of the objects in a bucket, and erasing them so that nothing brings them back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from universal_sync_core.errors import StoreUnavailableError
from universal_sync_core.storage.store import Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object, or the marker that a deletion left over it.

    Attributes:
        number: the id of the version; `null` in a bucket that keeps none.
        size: bytes; none of a marker.
        is_newest: whether it is what a request for the object finds.
    """

    location: Location
    number: str
    is_newest: bool
    size: int = 0
    is_marker: bool = False


class Versions(Protocol):
    """Lists and erases versions."""

    def of(self, bucket: str, prefix: str) -> Iterator[Version]:
        """Yield the versions of the objects whose keys begin with `prefix`."""

    def erase(self, versions: Sequence[Version]) -> None:
        """Erase versions of one bucket for good, at most 1,000."""


class S3Versions:
    """The versions in a bucket in S3. Errors of the client are raised as they are."""

    def __init__(self, client: "S3Client") -> None:
        """Ask through `client`, which tries again by itself."""
        self._client = client

    def of(self, bucket: str, prefix: str) -> Iterator[Version]:
        """Yield the versions and markers, 1,000 for each request."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=prefix
        )
        for page in pages:
            for each in page.get("Versions", ()):
                yield Version(
                    location=Location(bucket, each["Key"]),
                    number=each["VersionId"],
                    size=each["Size"],
                    is_newest=each["IsLatest"],
                )
            for marker in page.get("DeleteMarkers", ()):
                yield Version(
                    location=Location(bucket, marker["Key"]),
                    number=marker["VersionId"],
                    is_marker=True,
                    is_newest=marker["IsLatest"],
                )

    def erase(self, versions: Sequence[Version]) -> None:
        """Erase in one request.

        Raises:
            StoreUnavailableError: S3 left some of them.
        """
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": each.location.key, "VersionId": each.number} for each in versions
        ]
        answer = self._client.delete_objects(
            Bucket=versions[0].location.bucket, Delete={"Objects": objects, "Quiet": True}
        )
        failed = answer.get("Errors", [])
        if failed:
            codes = ", ".join(sorted({error.get("Code", "?") for error in failed}))
            message = f"{len(failed)} versions were not erased ({codes}); run the command again"
            raise StoreUnavailableError(message)
