"""The values of a JSON array, or of JSON lines, one by one as their bytes arrive."""

import math
import re
from collections.abc import Iterable, Iterator
from decimal import InvalidOperation
from typing import Final

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import Json, depths, without_texts
from universal_sync_core.values.paths import MAX_STORED_DEPTH

# A byte that JSON cannot contain: after an unfinished string, it is part of the string.
_END: Final = b"\0"
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|[^u])", re.DOTALL)
# Of a surrogate pair, whose halves are two escapes: an escape of a half, and the beginning of one
# of the second half.
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_BEGUN_SECOND: Final = re.compile(rb"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?")
_LONGEST_ESCAPES: Final = 12
_FIRST_HALVES: Final = range(0xD800, 0xDC00)
_SECOND_HALVES: Final = range(0xDC00, 0xE000)
# https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_MOST_DIGITS: Final = 4_300
_LONG_NUMBER: Final = b"0" * (_MOST_DIGITS + 1)
_DIGITS: Final = bytes(48 if byte in b"0123456789" else 32 for byte in range(256))


def streamed(
    pieces: Iterable[bytes], path: str, *, lines: bool = False, most: int | None = None
) -> Iterator[Json]:
    """Yield the elements of a JSON array, or the values of JSON lines.

    Fractions become Decimals, exactly as written; `with_floats` turns them into numbers.

    Args:
        pieces: the bytes.
        path: where they are, for messages.
        lines: whether they are JSON lines, even if the first value is an array.
        most: about how many bytes a value may have; None for any number.

    Raises:
        UnreadableObjectError: it is not JSON, or it breaks off, or an array is not all of it, or a
            value is too large.
    """
    import ijson  # noqa: PLC0415 - few calls meet a Distributed Map

    found = ijson.sendable_list()
    parser, guard, count, begun = None, _Guard(path), 0, 0
    try:
        for piece in pieces:
            if parser is None and not piece.strip():
                continue
            if parser is None:
                is_array = not lines and piece.lstrip().startswith(b"[")
                prefix = "item" if is_array else ""
                parser = ijson.items_coro(found, prefix, multiple_values=not is_array)
            guard.take(piece)
            parser.send(piece)
            yield from found
            begun = 0 if found else begun + len(piece)
            if most is not None and begun > most:
                message = f"JSON with a value of over {most:,} bytes"
                raise UnreadableObjectError(message, path=path)
            count += len(found)
            found.clear()
        if parser is not None:
            parser.close()
            yield from found
    except (ijson.JSONError, InvalidOperation) as error:  # or an exponent beyond any Decimal's
        message = f"not readable JSON after {count + len(found):,} values"
        raise UnreadableObjectError(message, path=path) from error


class _Guard:
    """Refuses input that would harm the parser, or that the parser would change.

    The parser's cost for each level grows with the levels around it, and an integer with more
    digits than CPython converts crashes the process. Half of a surrogate pair becomes a `?`.
    """

    def __init__(self, path: str) -> None:
        """Start outside of any value; `path` is for messages."""
        self._path = path
        self._depth = 0
        self._digits = b""  # at the end of the last piece
        self._escapes = b""  # at the end of the last piece, and not complete
        self._begun = b""  # the beginning of a string that continues in the next piece

    def take(self, piece: bytes) -> None:
        """Raise UnreadableObjectError if a piece has too many levels, or too long a number."""
        self._require_whole_characters(self._escapes + piece)
        body = self._begun + piece
        structure = without_texts(body + _END)
        self._require_short_numbers(structure.removesuffix(_END))
        after = [self._depth + levels for levels in depths(structure)]
        if max(after, default=0) > MAX_STORED_DEPTH:
            message = f"JSON with over {MAX_STORED_DEPTH:,} levels"
            raise UnreadableObjectError(message, path=self._path)
        self._depth = after[-1] if after else self._depth
        ends_escaped = (len(body) - len(body.rstrip(b"\\"))) % 2
        self._begun = b"" if structure.endswith(_END) else b'"' + b"\\" * ends_escaped

    def _require_whole_characters(self, body: bytes) -> None:
        self._escapes = b""
        if b"\\" not in body[-_LONGEST_ESCAPES:] and _HALF.search(body) is None:
            return
        end, first = 0, None
        for found in _ESCAPE.finditer(body):
            unit = int(found[1], 16) if found[1] else 0
            is_second = unit in _SECOND_HALVES
            if is_second != (first is not None) or (is_second and found.start() != end):
                raise self._half()
            end, first = found.end(), found.start() if unit in _FIRST_HALVES else None
        if first is not None and _BEGUN_SECOND.fullmatch(body, end) is None:
            raise self._half()
        unfinished = body.find(b"\\", end) if first is None else first
        self._escapes = body[unfinished:] if unfinished >= 0 else b""

    def _half(self) -> UnreadableObjectError:
        return UnreadableObjectError("JSON with half of a surrogate pair", path=self._path)

    def _require_short_numbers(self, structure: bytes) -> None:
        kinds = self._digits + structure.translate(_DIGITS)
        if _LONG_NUMBER in kinds:
            message = f"JSON with a number of over {_MOST_DIGITS:,} digits"
            raise UnreadableObjectError(message, path=self._path)
        self._digits = kinds[len(kinds.rstrip(b"0")) :]


def with_floats(value: Json, path: str) -> Json:
    """Return a streamed value with the numbers that JSON libraries read.

    Args:
        value: a value of `streamed`.
        path: where it is, for the message.

    Raises:
        UnreadableObjectError: a number is larger than any that they read.
    """
    if type(value) is dict:
        return {key: with_floats(item, path) for key, item in value.items()}
    if type(value) is list:
        return [with_floats(item, path) for item in value]
    plain = value is None or isinstance(value, str | bool | int)
    number = value if plain else float(value)
    if type(number) is float and math.isinf(number):
        raise UnreadableObjectError("JSON with a number beyond any", path=path)
    return number
