"""The port to an object store: four verbs, and the names of objects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from universal_sync_core.errors import MalformedPointerError, UnreadableObjectError
from universal_sync_core.limits import KIB, is_bucket, is_relative

# A key is text in UTF-8, which has no halves of surrogate pairs.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_PATH: Final = re.compile("s3://([^/]*)/([^\ud800-\udfff]+)")
# A record holds at most an answer or a list of names, of some hundred KB.
MOST_RECORD_BYTES: Final = 16 * KIB * KIB


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
        """Return the location that an `s3://` path names.

        Raises:
            MalformedPointerError: the path does not name an object.
        """
        match = _PATH.fullmatch(path)
        if match is None or not is_bucket(match[1]) or is_relative(match[2]):
            raise MalformedPointerError("not the path of an S3 object", path=path)
        return cls(match[1], match[2])

    @classmethod
    def of(cls, bucket: str, key: str) -> "Location":
        """Return the location of a key in a bucket.

        Raises:
            MalformedPointerError: S3 cannot have such a bucket or key.
        """
        location = cls.parse(f"s3://{bucket}/{key}")
        if location.bucket != bucket:
            raise MalformedPointerError("not the path of an S3 object", path=str(location))
        return location


class Part(NamedTuple):
    """Some bytes of an object: where they begin, and how many they are (at least one)."""

    start: int
    length: int

    @property
    def stop(self) -> int:
        """The position after the last byte."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The stored bytes of an object, and their encoding."""

    body: bytes
    content_encoding: str | None = None


class ObjectStore(Protocol):
    """What the core needs of an object store. Objects are written once and never change.

    Every verb raises StoreUnavailableError or StoreThrottledError if a retry may help, and
    StoreAccessDeniedError if it cannot.
    """

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create the object, and return False if one of that name exists already."""

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        """Return the object, or a part of it; raise MissingObjectError if there is none.

        If a part reaches past the end, the bytes up to the end are returned, possibly none.
        """

    def exists(self, location: Location) -> bool:
        """Tell whether the object exists, without reading it.

        S3 distinguishes a missing object from a forbidden one only for a role with s3:ListBucket.
        For any other role, this raises StoreAccessDeniedError.
        """

    def stream(self, location: Location) -> Iterator[bytes]:
        """Yield the stored bytes piece by piece; raise MissingObjectError if there is none."""


def read_record(store: ObjectStore, location: Location) -> bytes:
    """Return the bytes of a record, such as that of a callback, a job or an execution that ended.

    Raises:
        MissingObjectError: there is none.
        UnreadableObjectError: it is larger than any record.
    """
    # Somebody else may have stored terabytes there: one byte too many is enough.
    body = store.get(location, Part(0, MOST_RECORD_BYTES + 1)).body
    if len(body) > MOST_RECORD_BYTES:
        message = f"the record has over {MOST_RECORD_BYTES:,} bytes"
        raise UnreadableObjectError(message, path=str(location))
    return body
