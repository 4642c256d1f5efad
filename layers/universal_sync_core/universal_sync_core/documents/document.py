"""Any JSON document made small enough for a state machine, and made whole again."""

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
from universal_sync_core.documents.words import FREE, WHOLE, Need, words
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.ingestion.conversion import as_json
from universal_sync_core.limits import KIB, STEP_FUNCTIONS_PAYLOAD_BYTES
from universal_sync_core.values.codec import Json
from universal_sync_core.values.paths import Paths
from universal_sync_core.values.pointer import may_hold_marks

# A quarter of what a state may carry: three more answers of that size fit beside the document.
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
    """Return a document with its largest parts in S3, so that it is `at_most` so many bytes.

    Nothing is copied: a value stands in the document or in S3, with a pointer in its place. What
    lies above a path of the three words is open by itself. Paths are like `order.lines[*].sku`.

    Args:
        document: any JSON value, or what stands for one; it stays as it is. Pointers in it stay,
            but where a path needs what they lead to.
        context: carries the `execution_id` that owns the objects.
        at_most: bytes of the JSON of what is returned.
        open: paths of objects and lists that stay containers; their members may be pointers.
        list: paths of lists that stay lists; their elements may be pointers.
        plain: paths of values without a pointer in them; `$` is the whole document.
        encode: makes JSON of a value that is not taken as it is, or raises TypeError.

    Returns:
        The document itself where nothing has to leave.

    Raises:
        StateTooLargeError: the parts that the paths keep inline are over `at_most`.
        InvalidRequestError: JSON cannot represent a part of the document; it has extra keys beside
            a pointer; or something has to be offloaded, and there is no bucket or `execution_id`.
        PointerNotAllowedError: a pointer leads to the objects of another owner.
        StoredDataError: what a path needs is behind a pointer, and missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
    """
    need = words(open=open, list=list, plain=plain)
    require_bytes(at_most)
    with unit_of_work(with_encode(context, encode)) as unit:
        unit.objects.readable += places_of_children(unit.objects.execution_id, unit.settings)
        return offloaded(document, need, at_most, unit)


def offloaded(document: Json, need: Need, at_most: int, unit: UnitOfWork) -> Json:
    """Return a document as `offload` does."""
    return split(_as_needed(document, need, unit), need, at_most, unit)


def hydrate(document: Json, paths: Paths | None = None, context: Context | None = None) -> Json:
    """Return a document with values in place of its pointers.

    Args:
        document: any JSON value; it stays as it is.
        paths: what to read, such as `order.lines[*].sku`; every other pointer stays. None for
            everything.
        context: carries the `execution_id` that owns the objects.

    Raises:
        InvalidRequestError: a path that cannot be read, or keys beside a pointer.
        PointerNotAllowedError: a pointer leads to the objects of another owner.
        StoredDataError: what a pointer leads to is missing or damaged.
        StoreUnavailableError, StoreThrottledError: S3 did not answer; a retry may succeed.
    """
    need = words(plain=(WHOLE,) if paths is None else paths)
    with unit_of_work(context) as unit:
        unit.objects.readable += places_of_children(unit.objects.execution_id, unit.settings)
        return _as_needed(document, need, unit)


def _as_needed(document: Json, need: Need, unit: UnitOfWork) -> Json:
    """Return a document as JSON, without pointers where its readers need what they lead to."""
    document, encoded = as_json(document, unit, _taken)
    return opened(document, need, unit) if may_hold_marks(encoded) else document


def _taken(value: Json, unit: UnitOfWork) -> Json:
    """Return an element of a list that is stored as it is made."""
    return to_stored(_as_needed(value, FREE, unit))


def require_bytes(at_most: Json) -> None:
    """Raise InvalidRequestError where a bound is no number of bytes that a state may carry."""
    most = STEP_FUNCTIONS_PAYLOAD_BYTES
    if type(at_most) is not int or not 0 < at_most <= most:
        message = f"at_most is a number of bytes from 1 to {most:,}"
        raise InvalidRequestError(message, field="at_most")
