"""JSON to bytes and back, without altering a value.

orjson does the work. It refuses some values that JSON allows (integers beyond 64 bits, unpaired
surrogates, more than 254 levels) and silently alters others (NaN, long integers on reading). These
go through the standard library, or are refused by name.
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from typing import Any, Final, TypeAlias

import orjson
import ormsgpack

from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.values.paths import MAX_STORED_DEPTH, Place

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Json]

# CPython's default of 1,000 frames is not enough to walk this many levels.
_RECURSION_LIMIT: Final = 10_000
sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))

# In a message, this is the path of a value that is not an object in S3.
INLINE: Final = "(inline)"
_STRICT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_FEW: Final = 10
_sorted: Final = partial(orjson.dumps, option=_STRICT | orjson.OPT_SORT_KEYS)
_EXACT: Final = (
    ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)
# A float of 64 bits in MessagePack, big-endian, is not finite if its exponent is all ones: 7 in the
# byte after the mark of a float, 4 in the next. Hardly any other value has a byte with those 7, and
# a single byte is found in a fraction of the time of more.
_NOT_FINITE: Final = {
    0x7F: re.compile(rb"\x7f(?<=\xcb\x7f)[\xf0-\xff]"),
    0xFF: re.compile(rb"\xff(?<=\xcb\xff)[\xf0-\xff]"),
}
# orjson reads integers beyond 64 bits (19 digits and more) as floats. To find one, digits are
# translated to 0, and the bytes that may precede a number to a space, which takes less time than a
# regular expression. Fractions, hashes and times in strings are preceded by other bytes.
_KINDS_OF_BYTES: Final = bytes.maketrans(b"123456789[:,-\t\n\r", b"0" * 9 + b" " * 7)
_LONG_NUMBER: Final = b"0" * 19
_TEXTS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
# Half of a pair cannot be encoded in UTF-8, but has an escape in JSON.
HALF_OF_PAIR: Final = re.compile("[\ud800-\udfff]")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_LEVELS: Final = tuple((byte in b"[{") - (byte in b"]}") for byte in range(256))


def encode(value: Json) -> bytes:
    """Return the compact JSON of `value` in UTF-8.

    Raises:
        InvalidRequestError: the value has no JSON form.
    """
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError:
        return _encode_plainly(value)


def encode_small(values: Iterable[Json], most_bytes: int) -> list[bytes]:
    """Return what `encode` does for each of some values, which takes longer for one at a time.

    It ends before the first that is larger, or that only the standard library encodes.
    """
    encoded = []
    with suppress(TypeError):
        for value in values:
            body = orjson.dumps(value, option=_STRICT)
            if len(body) > most_bytes:
                break
            encoded.append(body)
    return encoded


def canonical(value: Json) -> bytes:
    """Return the encoding with sorted keys: two values are equal if and only if their bytes are."""
    try:  # a copy, so that a million of them may be kept: the bytes of orjson take 4 KB each
        return bytes(memoryview(_sorted(value)))
    except TypeError:
        return _encode_plainly(value, sort_keys=True)


def canonical_whole(values: Sequence[Json]) -> bytes | None:
    """Return the canonical encoding of values if that of each value is a part of it, else None."""
    try:
        return _sorted(values)
    except TypeError:  # the standard library writes some parts differently
        return None


def canonical_among(values: Sequence[Json], whole: bytes, wanted: set[bytes]) -> set[bytes]:
    """Return the wanted bytes that are canonical encodings of values, which `whole` contains."""
    if len(wanted) <= _FEW:  # a search in all of them takes less time than encoding each
        wanted = {each for each in wanted if each in whole}
    return wanted.intersection(map(_sorted, values)) if wanted else wanted


def measure(value: Json) -> tuple[int, bool]:
    """Return the bytes of the JSON of `value`, and whether every JSON library can carry it."""
    try:
        return len(orjson.dumps(value, option=_STRICT)), True
    except TypeError:  # not every library carries what only the standard library encodes
        return len(_encode_plainly(value)), False


def measure_each(values: Iterable[Json]) -> list[int] | None:
    """Return the sizes of some values in less time, or None if not every library carries all."""
    try:
        return [len(orjson.dumps(value, option=_STRICT)) for value in values]
    except TypeError:
        return None


def decode(body: bytes, *, path: str = INLINE, max_depth: int = MAX_STORED_DEPTH) -> Json:
    """Return the value of a JSON document.

    Args:
        body: the document.
        path: its origin, for the message.
        max_depth: the most levels that it may have.

    Raises:
        UnreadableObjectError: the bytes are not JSON, or have more levels.
    """
    if not _may_hold_long_number(body):
        try:
            return _loads(body, max_depth)
        except ValueError:
            pass  # a surrogate, which only the standard library reads, or too many levels for it
    if max(depths(body), default=0) > max_depth:
        raise UnreadableObjectError(f"JSON with over {max_depth:,} levels", path=path)
    try:
        text = body.decode(errors="surrogatepass")
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise UnreadableObjectError("not readable JSON", path=path) from error


def without_texts(body: bytes) -> bytes:
    """Return a JSON document without its strings and keys: only structure and numbers are left."""
    return _TEXTS.sub(b"", body)


def plain_encoding(value: Json) -> bytes | None:
    """Return the encoding of a value, or None if it may not be plain JSON throughout.

    Plain JSON is a tree of exactly dict, list, str, int, float, bool and None, without subclasses.
    None is also returned for more than 254 levels, integers beyond 64 bits and unpaired surrogates.

    orjson cannot be asked first: it encodes tuples, enumerations and UUIDs, writes null for a
    number that is not finite, and crashes the process on a tuple that contains itself. ormsgpack
    refuses those types, and writes the numbers as they are. Bytes it accepts, and orjson does not.
    """
    try:
        may_differ = _may_hold_infinite(ormsgpack.packb(value, option=_EXACT))
        encoded = orjson.dumps(value, option=_STRICT)
    except TypeError:
        return None
    # A number that became null is not read back.
    may_differ = may_differ and b"null" in encoded
    return None if may_differ and reread(encoded) != value else encoded


def reread(encoding: bytes) -> Json:
    """Return a new value from an encoding of `plain_encoding`: a copy that nobody else can change.

    orjson reads back exactly what it wrote, so none of the checks of `decode` is needed.
    """
    return orjson.loads(encoding)


def require_exact(value: Json, field: str) -> None:
    """Raise InvalidRequestError for a part that `encode` and `measure` would take for another.

    It takes half the time of `require_json`. What has no JSON form at all, they refuse themselves.
    """
    try:
        is_exact = not _may_hold_infinite(ormsgpack.packb(value, option=_EXACT))
    except TypeError:
        is_exact = False
    if not is_exact:
        require_json(value, field)


def require_json(value: Json, field: str) -> None:
    """Raise InvalidRequestError for a part that JSON cannot represent, such as an infinite number.

    The value is a caller's, or the standard library read it. The message names it by `field`.
    """
    if plain_encoding(value) is None:
        _refuse_by_name(value, field)


def _loads(body: bytes, max_depth: int) -> Json:
    """Return the value of a document; raise ValueError if it has more than `max_depth` levels."""
    wrappers = MAX_STORED_DEPTH - max_depth
    if not wrappers or body.startswith(b'"'):
        return orjson.loads(body)
    value = orjson.loads(b"[" * wrappers + body + b"]" * wrappers)
    for _ in range(wrappers):
        (value,) = value  # a document that closes the wrapper and opens another has two
    return value


def depths(body: bytes) -> Iterator[int]:
    """Yield how many levels deep it is after each bracket of a part of JSON."""
    brackets = without_texts(body).translate(None, _NO_BRACKETS)
    return accumulate(map(_LEVELS.__getitem__, brackets))


def _may_hold_infinite(packed: bytes) -> bool:
    """Tell whether MessagePack may hold a number that is not finite; other bytes look the same."""
    for ones, wanted in _NOT_FINITE.items():
        if ones not in packed:
            continue
        at, tries = packed.find(ones), 1_000  # where there are more, the expression takes less time
        while at >= 0 and tries and not wanted.match(packed, at):
            at, tries = packed.find(ones, at + 1), tries - 1
        if at >= 0 and wanted.search(packed, at):
            return True
    return False


def _may_hold_long_number(body: bytes) -> bool:
    kinds = body.translate(_KINDS_OF_BYTES)
    # Searching from the end looks at the space first, which few bytes are.
    return kinds.rfind(b" " + _LONG_NUMBER) >= 0 or kinds.startswith(_LONG_NUMBER)


def _encode_plainly(value: Json, *, sort_keys: bool = False) -> bytes:
    _refuse_by_name(value, "value")
    try:
        text = json.dumps(
            value,
            allow_nan=False,
            ensure_ascii=False,  # a part then has the same size alone and in the whole
            separators=(",", ":"),
            sort_keys=sort_keys,
        )
    except RecursionError as error:
        raise _too_deep(Place("value"), "value") from error
    except ValueError as error:  # an integer of more digits than CPython converts
        raise InvalidRequestError(f"not a JSON value: {error}") from error
    return HALF_OF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def _finite(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    raise ValueError(text)


def _refuse_by_name(value: Json, field: str) -> None:
    """Raise for the first part that JSON cannot represent, even if the value contains itself."""
    stack = [(value, Place(field))]
    while stack:
        part, place = stack.pop()
        if type(part) not in (dict, list):
            _require_scalar(part, place)
        elif place.depth >= MAX_STORED_DEPTH:
            raise _too_deep(place, field)
        elif type(part) is list:
            stack.extend((item, place.at(index)) for index, item in enumerate(part))
        else:
            for key in part:
                if type(key) is not str:
                    kind = type(key).__name__
                    raise place.refusal(f"keys must be strings, and one is of type {kind}")
            stack.extend((item, place.at(key)) for key, item in part.items())


def _require_scalar(part: Json, place: Place) -> None:
    if isinstance(part, float) and not math.isfinite(part):
        raise place.refusal(f"JSON has no {part}")
    if part is not None and type(part) not in {str, int, float, bool}:
        raise place.refusal(f"a {type(part).__name__} is not a JSON value")


def _too_deep(place: Place, field: str) -> InvalidRequestError:
    message = f"{place}: objects and arrays are nested over {MAX_STORED_DEPTH:,} levels deep"
    return InvalidRequestError(message, field=field)
