"""The values of a JSON array, or of JSON lines, one by one as their bytes arrive."""

from collections.abc import Iterable, Iterator

from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.values.codec import Json


def streamed(pieces: Iterable[bytes]) -> Iterator[Json]:
    """Yield the elements of a JSON array, or the values of JSON lines.

    Fractions become Decimals, exactly as written; `with_floats` turns them into numbers.

    Raises:
        UnreadableObjectError: it is not JSON, or it breaks off.
    """
    import ijson  # noqa: PLC0415 - few calls meet a Distributed Map

    found = ijson.sendable_list()
    parser = None
    try:
        for piece in pieces:
            if parser is None and not piece.strip():
                continue
            if parser is None:
                is_array = piece.lstrip().startswith(b"[")
                parser = ijson.items_coro(found, "item" if is_array else "", multiple_values=True)
            parser.send(piece)
            yield from found
            found.clear()
        if parser is not None:
            parser.close()
            yield from found
    except ijson.JSONError as error:
        raise UnreadableObjectError("not readable JSON", path="(records)") from error


def with_floats(value: Json) -> Json:
    """Return a streamed value with the numbers that JSON libraries read."""
    if type(value) is dict:
        return {key: with_floats(item) for key, item in value.items()}
    if type(value) is list:
        return [with_floats(item) for item in value]
    plain = value is None or isinstance(value, str | bool | int)
    return value if plain else float(value)
