"""The port to an object store: four verbs, and the names of objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from universal_sync_core.errors import MalformedPointerError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_PATH: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Location:
    """Where an object is."""

    bucket: str
    key: str

    def __str__(self) -> str:
        """Return the `s3://` path."""
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def parse(cls, path: str) -> "Location":
        """Return the location an `s3://` path names.

        Raises:
            MalformedPointerError: it names none.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise MalformedPointerError("no path of an S3 object", path=path)
        return cls(match[1], match[2])


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The bytes of an object as they are stored, and how they are encoded."""

    body: bytes
    content_encoding: str | None = None


class ObjectStore(Protocol):
    """What the core asks of an object store. Objects are written once and never change.

    Every verb raises StoreUnavailableError or StoreThrottledError where another try may help,
    StoreAccessDeniedError where it may not.
    """

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create the object; return False where one of that name is there already."""

    def get(self, location: Location) -> StoredObject:
        """Return the whole object; MissingObjectError where there is none."""

    def exists(self, location: Location) -> bool:
        """Tell whether there is an object, without reading it.

        S3 tells a missing object from a forbidden one only to a role with s3:ListBucket; to any
        other it is StoreAccessDeniedError.
        """

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the decoded body piece by piece; MissingObjectError where there is none."""
