"""The port to an object store: four verbs, and the names of objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from universal_sync_core.errors import MalformedPointerError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Names that no bucket can have, or that nothing can be written to. An access point's alias, which
# ends in -s3alias, stands for a bucket in every request that is made here.
_NO_BUCKET: Final = re.compile(
    r"\d+(?:\.\d+){3}|.*\.\..*|(?:xn--|sthree-|amzn-s3-demo-).*|.*(?:\.mrap|--ol-s3|--table-s3)"
)
_PATH: Final = re.compile(r"s3://([^/]*)/(.+)", re.DOTALL)
# S3 takes them literally, a proxy or another server may not.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_RELATIVE: Final = re.compile(r"(?:^|/)\.\.?(?:/|$)")
MOST_KEY_BYTES: Final = 1_024


@lru_cache(maxsize=16)
def is_bucket(name: str) -> bool:
    """Tell whether S3 may have a bucket of that name, or an access point of that alias."""
    return _BUCKET.fullmatch(name) is not None and _NO_BUCKET.fullmatch(name) is None


def is_relative(key: str) -> bool:
    """Tell whether a segment of a key is `.` or `..`."""
    return _RELATIVE.search(key) is not None


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
        if match is None or not is_bucket(match[1]) or is_relative(match[2]):
            raise MalformedPointerError("no path of an S3 object", path=path)
        return cls(match[1], match[2])

    @classmethod
    def of(cls, bucket: str, key: str) -> "Location":
        """Return the location of a key in a bucket.

        Raises:
            MalformedPointerError: S3 has no such bucket or key.
        """
        location = cls.parse(f"s3://{bucket}/{key}")
        if location.bucket != bucket:
            raise MalformedPointerError("no path of an S3 object", path=str(location))
        return location


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
