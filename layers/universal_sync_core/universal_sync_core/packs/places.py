"""Where an execution writes its objects, and which objects it may read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import STATE_FOLDER, execution_prefix, items_prefix
from universal_sync_core.values.codec import Json


class Places:
    """The places of one execution."""

    def __init__(self, settings: Settings, execution_id: str | None) -> None:
        """Start with the execution id, if it is known yet."""
        self._settings = settings
        self._execution_id = execution_id
        self.readable: list[str] = []  # `s3://` prefixes besides those of the settings

    @property
    def execution_id(self) -> str | None:
        """The execution that owns these objects, if it is known."""
        return self._execution_id

    def belong_to(self, execution_id: Json) -> None:
        """Take the execution id of a bag, if none is known yet."""
        if self._execution_id is None and type(execution_id) is str and execution_id:
            self._execution_id = execution_id
            self.require_keys()

    def require_keys(self) -> None:
        """Raise InvalidRequestError if S3 would refuse the keys of this execution."""
        if self._settings.bucket and self._execution_id:
            execution_prefix(self._settings, self._execution_id)

    @property
    def can_write(self) -> bool:
        """Whether there is a bucket and an execution to write under."""
        return bool(self._settings.bucket and self._execution_id)

    @cached_property
    def home(self) -> str:
        """The `s3://` prefix under which this execution writes its state."""
        bucket, execution_id = self._require_owner()
        return f"s3://{bucket}/{execution_prefix(self._settings, execution_id)}{STATE_FOLDER}"

    @property
    def items_home(self) -> str:
        """The `s3://` prefix under which this execution stages the items of its maps."""
        bucket, execution_id = self._require_owner()
        return f"s3://{bucket}/{items_prefix(self._settings, execution_id)}"

    def _require_owner(self) -> tuple[str, str]:
        """Return the bucket and the execution; raise InvalidRequestError if one is not known."""
        if not self._settings.bucket:
            raise InvalidRequestError("offloading needs a bucket: set STATE_BUCKET")
        if not self._execution_id:
            message = "offloading needs an execution_id, in the context or in the bag"
            raise InvalidRequestError(message, field="execution_id")
        return self._settings.bucket, self._execution_id

    def require_allowed(self, path: str, *, also: Iterable[str] = ()) -> None:
        """Raise PointerNotAllowedError if `path` leads out of the allowed places.

        Args:
            path: an `s3://` path.
            also: further prefixes that are allowed.
        """
        own = [self.home] if self.can_write else []
        places = [*self._settings.allowed_prefixes, *own, *self.readable, *also]
        if not path.startswith(tuple(places)):
            raise PointerNotAllowedError(self._refusal(), field="s3_path")

    def _refusal(self) -> str:
        if not self._settings.bucket:
            return "nothing in S3 may be read: set STATE_BUCKET"
        if not self._execution_id:
            return (
                "the path leads out of the places that may be read: no execution is named, so only"
                " what STATE_ALLOWED_PREFIXES names; give its execution_id, in the context or in"
                " the bag"
            )
        return (
            "the path leads out of the places that this execution may read: its own state, and"
            " what STATE_ALLOWED_PREFIXES names"
        )


@contextmanager
def named_by(field: str) -> Iterator[None]:
    """Let the error about a path that leads out of the allowed places say where it was given."""
    try:
        yield
    except PointerNotAllowedError as error:
        raise PointerNotAllowedError(f"{field}: {error}", field=field) from error
