"""Values kept in the bag as gzip+base64: smaller than inline, and without an S3 request."""

import base64
import gzip
import zlib
from typing import Final

from universal_sync_core.errors import (
    MalformedPointerError,
    UnreadableObjectError,
)
from universal_sync_core.limits import KIB
from universal_sync_core.values.budget import Budget, Cost, Document
from universal_sync_core.values.codec import INLINE, Json, JsonObject, encode
from universal_sync_core.values.pointer import COMPRESSED_MARK, MARK

_SIZE: Final = "__size_bytes"
_LEVEL: Final = 6
# A compressed value lives in a payload of 256 KiB; gzip expands at most about 1,030 times, a real
# document about 20. https://www.zlib.net/zlib_tech.html
MAX_EXPANDED_BYTES: Final = 16 * KIB * KIB


def compress(value: Json) -> JsonObject:
    """Return the compressed form of `value`; it is the same each time for the same value."""
    encoded = encode(value)
    compressed = gzip.compress(encoded, _LEVEL, mtime=0)
    return {COMPRESSED_MARK: base64.b64encode(compressed).decode(), _SIZE: len(encoded)}


def is_compressed(value: Json) -> bool:
    """Tell whether `value` has the compressed form; its content is checked on expanding."""
    return (
        type(value) is dict
        and COMPRESSED_MARK in value
        and value.keys() == {COMPRESSED_MARK, _SIZE}
        and type(value[COMPRESSED_MARK]) is str
        and type(value[_SIZE]) is int
        and 0 < value[_SIZE] <= MAX_EXPANDED_BYTES
    )


def is_open(value: Json) -> bool:
    """Tell whether `value` is an object that is inline, field by field, and no stored form."""
    if type(value) is not dict or value.get(MARK) is True:
        return False
    return COMPRESSED_MARK not in value or not is_compressed(value)


def expanded_size(value: JsonObject) -> int:
    """Return the size of the JSON in a compressed form, as the form states it."""
    size: int = value[_SIZE]
    return size


def expand(value: JsonObject, budget: Budget) -> Document:
    """Return the value of a compressed form; it must not contain another compressed form.

    Raises:
        UnreadableObjectError: it is damaged, or does not have the size that it states.
        MalformedPointerError: it contains another compressed form.
        StateTooLargeError: it is larger than the rest of the budget.
    """
    size = value[_SIZE]
    budget.spend(Cost(size), INLINE)
    encoded = expanded_text(value[COMPRESSED_MARK], size)
    if len(encoded) != size:
        raise UnreadableObjectError(
            "the compressed value does not have its stated size", path=INLINE
        )
    document = budget.document(encoded, INLINE)
    if not document.facts.clean and holds_compressed(document.value):
        raise MalformedPointerError("a compressed value in a compressed value", path=INLINE)
    return document


def expanded_text(text: str, limit: int = MAX_EXPANDED_BYTES) -> bytes:
    """Return the bytes of gzip+base64 text, at most `limit` of them.

    Raises:
        UnreadableObjectError: it is damaged, or contains more.
    """
    try:
        compressed = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error, or characters beyond ASCII
        raise UnreadableObjectError("the compressed value is not base64", path=INLINE) from error
    return gunzip(compressed, limit)


def gunzip(compressed: bytes, limit: int, path: str = INLINE) -> bytes:
    """Return the gunzipped bytes, at most `limit` of them.

    Raises:
        UnreadableObjectError: it is not a whole gzip member, or contains more.
    """
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = member.decompress(compressed, limit + 1)
    except zlib.error as error:
        raise UnreadableObjectError("not readable gzip", path=path) from error
    if len(plain) > limit:
        raise UnreadableObjectError(f"the data expands past {limit:,} bytes", path=path)
    if not member.eof or member.unused_data:
        raise UnreadableObjectError("not a single whole gzip member", path=path)
    return plain


def holds_compressed(value: Json) -> bool:
    """Tell whether a value contains a compressed form anywhere."""
    stack = [value]
    while stack:
        part = stack.pop()
        if is_compressed(part):
            return True
        stack += part.values() if type(part) is dict else part if type(part) is list else ()
    return False
