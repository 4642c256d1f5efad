"""Values kept in the bag as gzip+base64: smaller than inline, and no S3 request."""

import base64
import gzip
import zlib
from typing import Final

from universal_sync_core import workspace
from universal_sync_core.budget import Budget, Cost, Document
from universal_sync_core.codec import KIB, Json, JsonObject, encode
from universal_sync_core.errors import (
    InvalidRequestError,
    MalformedPointerError,
    UnreadableObjectError,
)
from universal_sync_core.pointer import PACKED_MARK, unescape

_SIZE: Final = "__size_bytes"
_INLINE: Final = "(inline)"
_LEVEL: Final = 6
# A packed value lives in a payload of 256 KiB; gzip expands at most about 1,030 times, a real
# document about 20. https://www.zlib.net/zlib_tech.html
MAX_UNPACKED_BYTES: Final = 16 * KIB * KIB


def pack(value: Json) -> JsonObject:
    """Return the packed form of `value`; the same value always gives the same form."""
    encoded = encode(value)
    packed = gzip.compress(encoded, _LEVEL, mtime=0)
    return {PACKED_MARK: base64.b64encode(packed).decode(), _SIZE: len(encoded)}


def is_packed(value: Json) -> bool:
    """Tell whether `value` has the packed form; what is inside is seen on unpacking."""
    return (
        type(value) is dict
        and value.keys() == {PACKED_MARK, _SIZE}
        and type(value[PACKED_MARK]) is str
        and type(value[_SIZE]) is int
        and 0 < value[_SIZE] <= MAX_UNPACKED_BYTES
    )


def unpacked_size(value: JsonObject) -> int:
    """Return the bytes of JSON that a packed form says are in it."""
    size: int = value[_SIZE]
    return size


def unpack(value: JsonObject, budget: Budget) -> Document:
    """Return the value of a packed form, in which there is no other packed one.

    Raises:
        UnreadableObjectError: it is damaged, or not of the size it states.
        MalformedPointerError: there is another in it.
        StateTooLargeError: it is larger than what is left of the budget.
    """
    size = value[_SIZE]
    budget.spend(Cost(size), _INLINE)
    try:
        encoded = gunzip(base64.b64decode(value[PACKED_MARK], validate=True), size)
    except ValueError as error:  # binascii.Error, or letters beyond ASCII
        raise UnreadableObjectError("packed value is no base64", path=_INLINE) from error
    if len(encoded) != size:
        raise UnreadableObjectError("packed value has another size", path=_INLINE)
    document = budget.document(encoded, _INLINE)
    if not document.facts.clean and holds_packed(document.value):
        raise MalformedPointerError("a packed value in a packed value", path=_INLINE)
    return document


def decompress(compressed_data: Json) -> Json:
    """Return the value of compressed data: a packed form, or its gzip+base64 text alone.

    Keys that were escaped on their way into the bag are as they were before.

    Raises:
        InvalidRequestError: it is neither.
        UnreadableObjectError: it is damaged, or expands past 16 MiB.
        StateTooLargeError: it is more than the budget of a call.
    """
    budget = Budget.of(workspace.current().settings)
    if is_packed(compressed_data):
        return unescape(unpack(compressed_data, budget).value)
    if type(compressed_data) is not str:
        message = "compressed_data must be gzip+base64 text or a packed value"
        raise InvalidRequestError(message, field="compressed_data")
    try:
        packed = base64.b64decode(compressed_data, validate=True)
    except ValueError as error:  # binascii.Error, or letters beyond ASCII
        raise UnreadableObjectError("compressed data is no base64", path=_INLINE) from error
    encoded = gunzip(packed, MAX_UNPACKED_BYTES)
    budget.spend(Cost(len(encoded)), _INLINE)
    return unescape(budget.decode(encoded, _INLINE))


def gunzip(packed: bytes, limit: int, path: str = _INLINE) -> bytes:
    """Return the gunzipped bytes, never more than `limit` of them.

    Raises:
        UnreadableObjectError: no whole gzip member, or one that holds more.
    """
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = member.decompress(packed, limit + 1)
    except zlib.error as error:
        raise UnreadableObjectError("no readable gzip", path=path) from error
    if len(plain) > limit:
        raise UnreadableObjectError(f"expands past {limit:,} bytes", path=path)
    if not member.eof or member.unused_data:
        raise UnreadableObjectError("no single whole gzip member", path=path)
    return plain


def holds_packed(value: Json) -> bool:
    """Tell whether a packed form stands anywhere in a value."""
    stack = [value]
    while stack:
        part = stack.pop()
        if is_packed(part):
            return True
        stack += part.values() if type(part) is dict else part if type(part) is list else ()
    return False
