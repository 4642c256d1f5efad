"""Values kept in the bag as gzip+base64: smaller than inline, and no S3 request."""

import base64
import gzip
import zlib
from typing import Final

from universal_sync_core.codec import KIB, Json, JsonObject, decode, encode
from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.pointer import PACKED_MARK, unescape

_SIZE: Final = "__size_bytes"
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


def unpack(value: JsonObject) -> Json:
    """Return the value of a packed form.

    Raises:
        UnreadableObjectError: it is damaged, or not of the size it states.
    """
    size = value[_SIZE]
    try:
        encoded = gunzip(base64.b64decode(value[PACKED_MARK], validate=True), size)
    except ValueError as error:  # binascii.Error, or letters beyond ASCII
        raise UnreadableObjectError("packed value is no base64", path="(inline)") from error
    if len(encoded) != size:
        raise UnreadableObjectError("packed value has another size", path="(inline)")
    return decode(encoded)


def is_sound(value: Json) -> bool:
    """Tell whether `value` is a packed form that unpacks."""
    try:
        return is_packed(value) and unpack(value) is not Ellipsis
    except UnreadableObjectError:
        return False


def decompress(compressed_data: Json) -> Json:
    """Return the value of compressed data: a packed form, or its gzip+base64 text alone.

    Keys that were escaped on their way into the bag are as they were before.

    Raises:
        InvalidRequestError: it is neither.
        UnreadableObjectError: it is damaged, or expands past 16 MiB.
    """
    if is_packed(compressed_data):
        return unescape(unpack(compressed_data))
    if type(compressed_data) is not str:
        message = "compressed_data must be gzip+base64 text or a packed value"
        raise InvalidRequestError(message, field="compressed_data")
    try:
        packed = base64.b64decode(compressed_data, validate=True)
    except ValueError as error:  # binascii.Error, or letters beyond ASCII
        raise UnreadableObjectError("compressed data is no base64", path="(inline)") from error
    return unescape(decode(gunzip(packed, MAX_UNPACKED_BYTES)))


def gunzip(packed: bytes, limit: int) -> bytes:
    """Return the gunzipped bytes, never more than `limit` of them.

    Raises:
        UnreadableObjectError: no whole gzip member, or one that holds more.
    """
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = member.decompress(packed, limit + 1)
    except zlib.error as error:
        raise UnreadableObjectError("no readable gzip", path="(inline)") from error
    if len(plain) > limit:
        raise UnreadableObjectError(f"expands past {limit:,} bytes", path="(inline)")
    if not member.eof or member.unused_data:
        raise UnreadableObjectError("no single whole gzip member", path="(inline)")
    return plain
