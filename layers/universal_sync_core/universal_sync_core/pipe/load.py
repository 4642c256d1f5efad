"""Single values in S3: stored under a pointer, loaded from a path."""

import re
from codecs import BOM_UTF8
from typing import Final

from universal_sync_core.bag.unit_of_work import Context, unit_of_work
from universal_sync_core.errors import ChecksumMismatchError, InvalidRequestError
from universal_sync_core.ingestion.ingest import ingest
from universal_sync_core.packs.frames import to_frame
from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages.page_format import is_node
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.pages.trees import pointer_to
from universal_sync_core.storage import runtime
from universal_sync_core.storage.cache import ByteCache
from universal_sync_core.storage.keys import content_key, execution_in
from universal_sync_core.storage.retry import RetryStrategy
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.budget import Budget
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.item_failure import failure_beside
from universal_sync_core.values.pointer import has_mark

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


class StateHydrator:
    """Loads values from S3, verifies them, and retries if that may help."""

    def __init__(
        self,
        retry_strategy: RetryStrategy | None = None,
        *,
        execution_id: str | None = None,
        cache: ByteCache | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Set how to load.

        Args:
            retry_strategy: None for exponential backoff within the time of the invocation.
            execution_id: the execution whose objects may be loaded; None for the one in the path.
            cache: keeps loaded objects, bounded by bytes; None for no cache.
            budget: how much one load may read; None for what the settings allow a call.
        """
        self._retry = retry_strategy
        self._execution_id = execution_id
        self._cache = ByteCache(0) if cache is None else cache
        self._budget = budget

    def load_from_s3(self, s3_path: str, expected_checksum: str | None = None) -> Json:
        """Return the value at an `s3://` path; a list or map is read with all its pages.

        In a pack, this is the value that was written last.

        Args:
            s3_path: the path of an execution's object, or of one under an allowed prefix.
            expected_checksum: SHA-256 of the stored bytes in hex. The path of a pointer carries
                it already.

        Raises:
            InvalidRequestError: `expected_checksum` is not a SHA-256.
            PointerNotAllowedError: the path leads out of the allowed places.
            MissingObjectError: there is no such object.
            ChecksumMismatchError: its bytes have another digest.
            UnreadableObjectError, MalformedPointerError: it is not JSON, or not a page that can be
                read.
            StateTooLargeError: it is larger than the budget of one load.
            StoreUnavailableError, StoreThrottledError: S3 did not answer in time.
        """
        process = runtime.current()
        execution_id = self._execution_id or execution_in(s3_path)
        budget = self._budget and self._budget.renewed()
        objects = Objects(
            process, execution_id, retry=self._retry, cache=self._cache, budget=budget
        )
        checksum = sha256_in(expected_checksum, "expected_checksum")
        if digest_in(s3_path) is None:
            body = objects.read(s3_path, checksum)
            text = body.removeprefix(BOM_UTF8)  # some editors and PowerShell write one
            return objects.budget.decode(text, s3_path)
        if checksum not in (None, digest_in(s3_path)):
            raise ChecksumMismatchError("the object has another checksum", path=s3_path)
        at, document = objects.record(s3_path)
        reader = PageReader(objects)
        value = document.value
        if is_node(value):
            value = pointer_to(reader.keep(at, document), at).render()
        return reader.resolve(value, unescape=True)


def sha256_in(text: Json, field: str) -> str | None:
    """Return the SHA-256 that a caller gave, or None if they gave none.

    Args:
        text: its hex digits, in lower or upper case.
        field: the name of the field, for the message.

    Raises:
        InvalidRequestError: the value is not a SHA-256.
    """
    if text is None:
        return None
    if type(text) is not str or _SHA256.fullmatch(text) is None:
        given = f"{len(text):,} characters" if type(text) is str else f"a {type(text).__name__}"
        message = f"{field} must be a SHA-256 of 64 hex digits, not {given}"
        raise InvalidRequestError(message, field=field)
    return text.lower()


def load_from_s3(s3_path: str, expected_checksum: str | None = None) -> Json:
    """Return the value at an `s3://` path, as `StateHydrator` does."""
    return StateHydrator().load_from_s3(s3_path, expected_checksum)


def cached_load_from_s3(s3_path: str, expected_checksum: str | None = None) -> Json:
    """Return the value at an `s3://` path, from the cache of this process if it is there."""
    cache = runtime.current().cache
    return StateHydrator(cache=cache).load_from_s3(s3_path, expected_checksum)


def store_to_s3(value: Json, context: Context) -> JsonObject:
    """Store a value in S3 and return the pointer to it, for instance as a worker's result.

    If an item's result reports failure, the report is kept beside the pointer.

    Args:
        value: any JSON value; a pointer of this execution is returned unchanged.
        context: must carry `execution_id`.

    Raises:
        InvalidRequestError: JSON cannot represent a part of it.
        PointerNotAllowedError: it contains a pointer that leads out of the allowed places.
    """
    with unit_of_work(context) as unit:
        ingested = ingest(value, unit)
        if has_mark(ingested):
            given: JsonObject = ingested
            return given
        return unit.pages.store(ingested).with_beside(failure_beside(ingested)).render()


def generate_s3_key(value: Json, execution_id: str) -> str:
    """Return the key under which the JSON of a value is stored for an execution."""
    if not execution_id:
        raise InvalidRequestError("a key needs an execution_id", field="execution_id")
    settings = runtime.current().settings
    return content_key(settings, execution_id, to_frame(encode(value)))


def calculate_payload_size(value: Json) -> int:
    """Return the bytes of a value's compact JSON in UTF-8, as Step Functions counts them."""
    return len(encode(value))
