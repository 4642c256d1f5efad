"""JSON to bytes and back, without altering a value.

orjson does the work. It refuses some values that JSON carries (integers beyond 64 bits, unpaired
surrogates, more than 254 levels) and quietly alters others (NaN, long integers on reading); those
go through the standard library, or are refused by name.
"""

import gc
import json
import math
import sys
from typing import Any, Final, TypeAlias

import orjson

from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Json]

KIB: Final = 1024

# Levels of containers in a document; CPython's default of 1,000 frames is not enough for them.
MAX_DEPTH: Final = 1_000
_RECURSION_LIMIT: Final = 10_000
sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))

_STRICT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_PLAIN: Final = frozenset({dict, list, str, int, float, bool, type(None)})
# orjson reads integers beyond 64 bits (19 digits and more) as floats. To find one, digits become 0,
# and what may stand before a number becomes a space; translating and searching take a fraction of
# the time of a regular expression. Fractions, hashes and times in texts have something else before.
_MAY_PRECEDE_NUMBER: Final = b"[:,- \t\n\r"
_KINDS_OF_BYTES: Final = bytes(
    ord("0") if byte in b"0123456789" else ord(" ") if byte in _MAY_PRECEDE_NUMBER else ord("x")
    for byte in range(256)
)
_LONG_NUMBER: Final = b"0" * 19


def encode(value: Json) -> bytes:
    """Return the compact JSON of `value` in UTF-8.

    Raises:
        InvalidRequestError: the value has no JSON form.
    """
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError:
        return _encode_plainly(value, sort_keys=False)


def canonical(value: Json) -> bytes:
    """Return the encoding with sorted keys: two values are equal if and only if these bytes are.

    It may be kept for each of a million elements: of orjson's own bytes each holds 4 KB.
    """
    try:
        encoded = orjson.dumps(value, option=_STRICT | orjson.OPT_SORT_KEYS)
    except TypeError:
        return _encode_plainly(value, sort_keys=True)
    return bytes(memoryview(encoded))


def measure(value: Json) -> tuple[int, bool]:
    """Return the bytes of the JSON of `value`, and whether every JSON library can carry it.

    Not every one can where only the standard library could encode it here.
    """
    try:
        return len(orjson.dumps(value, option=_STRICT)), True
    except TypeError:
        return len(_encode_plainly(value, sort_keys=False)), False


def decode(body: bytes, *, path: str = "(inline)") -> Json:
    """Return the value of a JSON document.

    Args:
        body: the document.
        path: where it comes from, for the message.

    Raises:
        UnreadableObjectError: the bytes are not JSON.
    """
    if not _may_hold_long_number(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # a surrogate or a depth that only the standard library reads
    try:
        return json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise UnreadableObjectError("no readable JSON", path=path) from error


def plain_encoding(value: Json) -> bytes | None:
    """Return the encoding of a value, or None if it may not be plain JSON all through.

    Plain are trees of dict, list, str, int, float, bool and None, and no subclass of them. None
    is returned as well for more than 254 levels, integers beyond 64 bits, unpaired surrogates,
    and where one container stands in two places.
    """
    if not _is_plain(value):
        return None
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError:
        return None


def require_json(value: Json, field: str) -> None:
    """Raise InvalidRequestError for a part that JSON cannot carry, such as an infinite number.

    Args:
        value: of a caller's own, or of a document that was read by the standard library.
        field: its name, for the message.
    """
    if not _is_plain(value):
        _refuse_by_name(value, field)


def _is_plain(value: Json) -> bool:
    """Tell whether a value is a tree of plain types; a level at a time, as fast as C loops are.

    orjson cannot be asked first: it takes enumerations for their values, writes null for a number
    that is not finite, and a tuple that contains itself ends the process.
    """
    level, seen = [value], set[int]()
    while level:
        kinds = set(map(type, level))
        if not kinds <= _PLAIN or (float in kinds and not _are_finite(level)):
            return False
        containers = [part for part in level if type(part) is dict or type(part) is list]
        before = len(seen)
        seen.update(map(id, containers))
        if len(seen) < before + len(containers):
            return False
        level = gc.get_referents(*containers)
    return True


def _are_finite(parts: list[Json]) -> bool:
    return all(math.isfinite(part) for part in parts if type(part) is float)


def _may_hold_long_number(body: bytes) -> bool:
    kinds = body.translate(_KINDS_OF_BYTES)
    return b" " + _LONG_NUMBER in kinds or kinds.startswith(_LONG_NUMBER)


def _encode_plainly(value: Json, *, sort_keys: bool, field: str = "value") -> bytes:
    _refuse_by_name(value, field)
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)
    except RecursionError as error:
        raise _too_deep(field) from error
    except ValueError as error:  # an integer of more digits than CPython converts
        raise InvalidRequestError(f"not a JSON value: {error}") from error
    return text.encode()


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _refuse_by_name(value: Json, field: str) -> None:
    """Raise for the first part that JSON cannot carry, also where a value contains itself."""
    stack = [(value, field, 0)]
    while stack:
        part, path, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(field)
        if type(part) is dict:
            for key, item in part.items():
                if type(key) is not str:
                    message = f"{path}: keys must be texts, and one is a {type(key).__name__}"
                    raise InvalidRequestError(message, field=path)
                stack.append((item, f"{path}.{key}", depth + 1))
        elif type(part) is list:
            members = enumerate(part)
            stack.extend((item, f"{path}[{index}]", depth + 1) for index, item in members)
        elif isinstance(part, float) and not math.isfinite(part):
            raise InvalidRequestError(f"{path}: JSON has no {part}", field=path)
        elif part is not None and type(part) not in {str, int, float, bool}:
            kind = type(part).__name__
            raise InvalidRequestError(f"{path}: a {kind} is not a JSON value", field=path)


def _too_deep(field: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field}: nested too deeply", field=field)
