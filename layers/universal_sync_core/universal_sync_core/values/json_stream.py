"""The values of a JSON array, or of JSON lines, one by one as their bytes arrive."""

import math
from collections.abc import Iterable, Iterator
from typing import Final

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import MAX_STORED_DEPTH, Json, depths, without_texts

# A byte that JSON cannot contain: after an unfinished string, it is part of the string.
_END: Final = b"\0"
# https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_MOST_DIGITS: Final = 4_300
_LONG_NUMBER: Final = b"0" * (_MOST_DIGITS + 1)
_DIGITS: Final = bytes(48 if byte in b"0123456789" else 32 for byte in range(256))


def streamed(pieces: Iterable[bytes]) -> Iterator[Json]:
    """Yield the elements of a JSON array, or the values of JSON lines.

    Fractions become Decimals, exactly as written; `with_floats` turns them into numbers.

    Raises:
        UnreadableObjectError: it is not JSON, or it breaks off.
    """
    import ijson  # noqa: PLC0415 - few calls meet a Distributed Map

    found = ijson.sendable_list()
    parser, guard = None, _Guard()
    try:
        for piece in pieces:
            if parser is None and not piece.strip():
                continue
            if parser is None:
                is_array = piece.lstrip().startswith(b"[")
                parser = ijson.items_coro(found, "item" if is_array else "", multiple_values=True)
            guard.take(piece)
            parser.send(piece)
            yield from found
            found.clear()
        if parser is not None:
            parser.close()
            yield from found
    except ijson.JSONError as error:
        raise UnreadableObjectError("not readable JSON", path="(records)") from error


class _Guard:
    """Refuses input that would harm the parser.

    The parser's cost for each level grows with the levels around it, and an integer with more
    digits than CPython converts crashes the process.
    """

    def __init__(self) -> None:
        """Start outside of any value."""
        self._depth = 0
        self._digits = b""  # at the end of the last piece
        self._begun = b""  # the beginning of a string that continues in the next piece

    def take(self, piece: bytes) -> None:
        """Raise UnreadableObjectError if a piece has too many levels, or too long a number."""
        body = self._begun + piece
        structure = without_texts(body + _END)
        self._require_short_numbers(structure.removesuffix(_END))
        after = [self._depth + levels for levels in depths(structure)]
        if max(after, default=0) > MAX_STORED_DEPTH:
            message = f"JSON with over {MAX_STORED_DEPTH:,} levels"
            raise UnreadableObjectError(message, path="(records)")
        self._depth = after[-1] if after else self._depth
        ends_escaped = (len(body) - len(body.rstrip(b"\\"))) % 2
        self._begun = b"" if structure.endswith(_END) else b'"' + b"\\" * ends_escaped

    def _require_short_numbers(self, structure: bytes) -> None:
        kinds = self._digits + structure.translate(_DIGITS)
        if _LONG_NUMBER in kinds:
            message = f"JSON with a number of over {_MOST_DIGITS:,} digits"
            raise UnreadableObjectError(message, path="(records)")
        self._digits = kinds[len(kinds.rstrip(b"0")) :]


def with_floats(value: Json) -> Json:
    """Return a streamed value with the numbers that JSON libraries read.

    Raises:
        UnreadableObjectError: a number is larger than any that they read.
    """
    if type(value) is dict:
        return {key: with_floats(item) for key, item in value.items()}
    if type(value) is list:
        return [with_floats(item) for item in value]
    plain = value is None or isinstance(value, str | bool | int)
    number = value if plain else float(value)
    if type(number) is float and math.isinf(number):
        raise UnreadableObjectError("JSON with a number beyond any", path="(records)")
    return number
