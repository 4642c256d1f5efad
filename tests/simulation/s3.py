"""S3 as its client shows it: create-only objects in a dict, in any weather."""

from random import Random
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import ProtocolError

from tests.simulation import weather as faults
from tests.simulation.clock import Clock
from tests.simulation.weather import Operation, Weather
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location

if TYPE_CHECKING:
    from datetime import datetime

_URL: Final = "https://s3.invalid"
_THROTTLED: Final = (
    ("SlowDown", 503),
    ("503", 503),
    ("Throttling", 400),
    ("ThrottlingException", 400),
    ("RequestLimitExceeded", 503),
    ("TooManyRequestsException", 429),
)


_DENIED: Final = (
    ("AccessDenied", 403),
    ("KMS.DisabledException", 400),
    ("KMS.KMSInvalidStateException", 400),
    ("InvalidAccessKeyId", 403),
)


def client_error(code: str, status: int, operation: str) -> ClientError:
    """Return what botocore raises for an answer of this code and status."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def unanswered(draw: Random, operation: str) -> Exception:
    """Return what a client raises that got no answer, or a server's apology."""
    return draw.choice(
        (
            ConnectTimeoutError(endpoint_url=_URL),
            EndpointConnectionError(endpoint_url=_URL),
            ReadTimeoutError(endpoint_url=_URL),
            ConnectionClosedError(endpoint_url=_URL),
            client_error("InternalError", 500, operation),
            client_error("ServiceUnavailable", 503, operation),
            client_error("RequestTimeout", 400, operation),
            client_error("RequestTimeTooSkewed", 403, operation),
            client_error("ExpiredToken", 400, operation),
            RuntimeError("the refreshed credentials are still expired"),
        )
    )


def throttled(draw: Random, operation: str) -> Exception:
    """Return what a client raises that was asked to slow down."""
    return client_error(*draw.choice(_THROTTLED), operation)


class Body:
    """A body that arrives, or breaks off."""

    def __init__(
        self, body: bytes, breaks_at: int | None = None, draw: Random | None = None
    ) -> None:
        self._body = body
        self._at = 0
        self._breaks_at = breaks_at
        self._draw = draw or Random(0)

    def read(self, size: int | None = None) -> bytes:
        """Return the next bytes, as botocore's own body does."""
        stop = len(self._body) if size is None else min(len(self._body), self._at + size)
        if self._breaks_at is not None and stop >= self._breaks_at:
            raise self._draw.choice(
                (
                    IncompleteReadError(actual_bytes=self._breaks_at, expected_bytes=10**6),
                    ResponseStreamingError(error="connection broken"),
                    ReadTimeoutError(endpoint_url=_URL),
                    ConnectionResetError("by peer"),
                    ProtocolError("broken"),
                )
            )
        piece, self._at = self._body[self._at : stop], stop
        return piece


class DatedStore(MemoryStore):
    """Notes when each object was created.

    Attributes:
        modified: the times, by key.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.modified: dict[str, datetime] = {}

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        """Create an object, and note the time."""
        is_new = super().put(location, body, content_encoding=content_encoding)
        if is_new:
            self.modified[location.key] = self._clock.wall
        return is_new


class WeatheredS3:
    """An S3 client of one container.

    Attributes:
        weather: of the attempt that is under way.
    """

    def __init__(self, store: MemoryStore, weather: Weather) -> None:
        self._store = store
        self.weather = weather

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **more: Any) -> dict[str, Any]:  # noqa: N803
        """Create an object, or say that it is there; `IfNoneMatch` has to be asked for."""
        if more.get("IfNoneMatch") != "*":
            raise client_error("AccessDenied", 403, "PutObject")
        kind = self._before("put", Key, "PutObject")
        if kind == faults.CONFLICT:
            raise client_error("ConditionalRequestConflict", 409, "PutObject")
        location = Location(Bucket, Key)
        encoding = more.get("ContentEncoding")
        is_there = not self._store.put(location, bytes(Body), content_encoding=encoding)
        if kind == faults.KILL_AFTER:
            self.weather.die()
        if kind == faults.AFTER:
            raise unanswered(self.weather.draw, "PutObject")
        if is_there:
            raise client_error("PreconditionFailed", 412, "PutObject")
        return {"ETag": '"etag"'}

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Range: str | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Return an object, as well as the weather lets it through."""
        kind = self._before("get", Key, "GetObject")
        stored = self._store.objects.get(Location(Bucket, Key))
        if stored is None or kind == faults.MISSING:
            raise client_error("NoSuchKey", 404, "GetObject")
        body = stored.body
        if Range is not None:
            start, stop = map(int, Range.removeprefix("bytes=").split("-"))
            if start >= len(body):
                raise client_error("InvalidRange", 416, "GetObject")
            body = body[start : stop + 1]
        answer: dict[str, Any] = {"Body": self._body(body, kind)}
        if stored.content_encoding:
            answer["ContentEncoding"] = stored.content_encoding
        return answer

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Tell whether an object is there."""
        kind = self._before("head", Key, "HeadObject")
        stored = self._store.objects.get(Location(Bucket, Key))
        if stored is None or kind == faults.MISSING:
            raise client_error("404", 404, "HeadObject")
        return {"ContentLength": len(stored.body)}

    def _before(self, operation: Operation, key: str, name: str) -> str | None:
        kind = self.weather.fault(operation, key)
        if kind == faults.BEFORE:
            raise unanswered(self.weather.draw, name)
        if kind == faults.THROTTLE:
            raise throttled(self.weather.draw, name)
        if kind == faults.DENIED:
            raise client_error(*self.weather.draw.choice(_DENIED), name)
        return kind

    def _body(self, body: bytes, kind: str | None) -> Body:
        draw = self.weather.draw
        if kind == faults.AFTER:
            return Body(body, len(body), draw)
        if kind == faults.MID:
            return Body(body, len(body) // 2, draw)
        if kind == faults.SHORT:
            return Body(body[: draw.randrange(len(body))])
        if kind == faults.FLIP:
            at = draw.randrange(len(body))
            return Body(body[:at] + bytes([body[at] ^ (1 << draw.randrange(8))]) + body[at + 1 :])
        return Body(body)
