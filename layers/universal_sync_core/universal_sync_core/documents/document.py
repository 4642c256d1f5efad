"""Any JSON document: offloaded until it is small enough for a state machine, and hydrated again."""

from typing import Final

from universal_sync_core.bag.unit_of_work import (
    Context,
    Encode,
    UnitOfWork,
    unit_of_work,
    with_encode,
)
from universal_sync_core.documents.opening import opened
from universal_sync_core.documents.owners import places_of_children
from universal_sync_core.documents.pointers import to_stored
from universal_sync_core.documents.splitting import split
from universal_sync_core.documents.words import FREE, Need, words
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.limits import KIB, STEP_FUNCTIONS_PAYLOAD_BYTES
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import WHOLE, Paths
from universal_sync_core.values.pointer import may_hold_marks

# A quarter of a state's limit: three more answers of this size fit beside the document.
DOCUMENT_BYTES: Final = 64 * KIB


def offload(  # noqa: PLR0913 - the three words are three
    document: Json,
    context: Context | None = None,
    *,
    at_most: int = DOCUMENT_BYTES,
    open: Paths = (),  # noqa: A002 - the three words, as a state machine writes them
    list: Paths = (),  # noqa: A002
    plain: Paths = (),
    encode: Encode | None = None,
) -> Json:
    """Return a document of at most `at_most` bytes, with its largest parts in S3.

    Nothing is copied: a value is either in the document or in S3, with a pointer in its place.
    Everything above a path of the three words stays open. Paths are like `order.lines[*].sku`.

    Args:
        document: any JSON value, or a value that stands for one; it is not changed. Pointers in it
            stay, unless a path needs their values.
        context: must carry the `execution_id` that owns the objects.
        at_most: the most bytes of JSON of the returned document.
        open: paths of objects and lists that stay containers; their members may be pointers.
        list: paths of lists that stay lists; their elements may be pointers.
        plain: paths of values that stay without pointers; `$` is the whole document.
        encode: converts a value that is not accepted directly to JSON, or raises TypeError.

    Returns:
        The document itself if nothing has to be offloaded.

    Raises:
        StateTooLargeError: the parts that the paths keep inline are over `at_most`.
        InvalidRequestError: JSON cannot represent a part of the document; it has extra keys beside
            a pointer; or something has to be offloaded, and there is no bucket or `execution_id`.
        PointerNotAllowedError: a pointer leads to the objects of another owner.
        StoredDataError: a value that a path needs is in S3, and missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
    """
    need = words(open=open, list=list, plain=plain)
    require_bytes(at_most)
    with unit_of_work(with_encode(context, encode)) as unit:
        unit.objects.readable += places_of_children(unit.objects.execution_id, unit.settings)
        return offloaded(document, need, at_most, unit)


def offloaded(document: Json, need: Need, at_most: int, unit: UnitOfWork) -> Json:
    """Return a document as `offload` does, in a unit of work that is open."""
    return split(_as_needed(document, need, unit), need, at_most, unit)


def hydrate(document: Json, paths: Paths | None = None, context: Context | None = None) -> Json:
    """Return a document with its pointers replaced by their values.

    Args:
        document: any JSON value; it is not changed.
        paths: paths of the values to read, such as `order.lines[*].sku`; every other pointer stays.
            None for everything.
        context: must carry the `execution_id` that owns the objects.

    Raises:
        InvalidRequestError: a path is not valid, or there are extra keys beside a pointer.
        PointerNotAllowedError: a pointer leads to the objects of another owner.
        StoredDataError: the value of a pointer is missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
    """
    need = words(plain=(WHOLE,) if paths is None else paths)
    with unit_of_work(context) as unit:
        unit.objects.readable += places_of_children(unit.objects.execution_id, unit.settings)
        return _as_needed(document, need, unit)


def _as_needed(document: Json, need: Need, unit: UnitOfWork) -> Json:
    """Return a document as JSON, without pointers to values that its readers need in place."""
    document, encoded = as_json(document, unit, _taken)
    return opened(document, need, unit) if may_hold_marks(encoded) else document


def _taken(value: Json, unit: UnitOfWork) -> Json:
    """Return an element of a list that is stored while it is made, ready to store."""
    return to_stored(_as_needed(value, FREE, unit))


def require_bytes(at_most: Json) -> None:
    """Raise InvalidRequestError if a bound is not a number of bytes that a state may carry."""
    most = STEP_FUNCTIONS_PAYLOAD_BYTES
    if type(at_most) is not int or not 0 < at_most <= most:
        message = f"at_most must be a number of bytes from 1 to {most:,}"
        raise InvalidRequestError(message, field="at_most")
