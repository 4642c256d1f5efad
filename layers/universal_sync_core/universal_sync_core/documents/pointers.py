"""Pointers in a document, and values on their way into S3 and back.

In a document, only a real pointer has a special meaning. Data that merely resembles one stays as
the user wrote it. In S3 such data is escaped, as in a bag.
"""

from collections.abc import Iterator
from typing import Final

from universal_sync_core.documents.members import members
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.pages.page_reader import PageReader
from universal_sync_core.values.address import Address
from universal_sync_core.values.codec import Json, JsonObject, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.paths import Step, render_path
from universal_sync_core.values.pointer import (
    MARK,
    Pointer,
    escape,
    may_hold_marks,
    parse,
    recognise,
    unescape_key,
)

# Every key of a pointer begins with this.
_OURS: Final = "__"
_DIGEST_CHARS: Final = 64
# More bytes or elements than one call can store.
_MOST: Final = 10**12
# The end of a shortened string beside a pointer.
_CUT: Final = "..."


def pointer_at(value: Json, steps: tuple[Step, ...], pages: PageReader) -> Pointer | None:
    """Return a value of a document as a pointer, or None if it is data.

    Args:
        value: any value of the document.
        steps: its path, for the error.
        pages: reads the value if there are keys beside the pointer, since these may be copies of
            it.

    Raises:
        InvalidRequestError: a key was written beside the pointer, and is not a copy.
    """
    if type(value) is not dict or value.get(MARK) is not True:
        return None
    own = {key: item for key, item in value.items() if key.startswith(_OURS)}
    pointer = recognise(own)
    if pointer is None:
        return None
    beside = {key: item for key, item in value.items() if key not in own} | pointer.beside
    if beside and not _are_copies(beside, pointer, pages):
        path = render_path(steps) or "$"
        message = (
            f"{path} was written into while it was in S3, so the new keys are beside its"
            f" pointer: name {path} in open where the document is offloaded"
        )
        raise InvalidRequestError(message, field=path)
    return pointer.with_beside({})


def pointers_of(
    value: Json, pages: PageReader, steps: tuple[Step, ...] = ()
) -> Iterator[tuple[tuple[Step, ...], Pointer]]:
    """Yield the pointers of a document with their paths; the errors are those of `pointer_at`."""
    pointer = pointer_at(value, steps, pages)
    if pointer is not None:
        yield steps, pointer
        return
    for step, item in members(value):
        yield from pointers_of(item, pages, (*steps, step))


def _are_copies(beside: JsonObject, pointer: Pointer, pages: PageReader) -> bool:
    """Tell whether keys beside a pointer only show its value, as those of a result do."""
    if pointer.kind != "map":
        return False
    stored = pages.lookup(pointer, list(beside))
    found = {key: pages.resolve(item, unescape=True) for key, item in stored.items()}
    return _shows(beside, found)


def _shows(shown: Json, value: Json) -> bool:
    if type(shown) is dict and type(value) is dict:
        return all(key in value and _shows(item, value[key]) for key, item in shown.items())
    if type(shown) is str and type(value) is str and shown.endswith(_CUT):
        return value.startswith(shown.removesuffix(_CUT)) or shown == value
    return encode(shown) == encode(value)


def largest_pointer(home: str) -> int:
    """Return the most bytes of a pointer to an object under an `s3://` prefix."""
    digest = "0" * _DIGEST_CHARS
    at = Address(home + digest, _MOST, _MOST, digest)
    return len(encode(Pointer(kind="value", at=at, size=_MOST, count=_MOST).render()))


def to_stored(value: Json) -> Json:
    """Return a value of a document in its stored form: data that resembles a pointer is escaped."""
    if not may_hold_marks(encode(value)):
        return value
    return escape(value, lambda part: recognise(part) is not None)


def contents(pointer: Pointer, pages: PageReader) -> Json:
    """Return the value of a pointer, with the pointers inside it unchanged."""
    return _from_stored(pages.inside(pointer), pages)


def _from_stored(value: Json, pages: PageReader) -> Json:
    """Return a stored value in the form that a document has."""
    if type(value) is list:
        return [_from_stored(item, pages) for item in value]
    if type(value) is not dict:
        return value
    pointer = parse(value)
    if pointer is not None:
        return pointer.with_beside({}).render()
    if is_compressed(value):
        return _from_stored(pages.expanded(value), pages)
    return {unescape_key(key): _from_stored(item, pages) for key, item in value.items()}
