"""Values that every JSON library on the way keeps unchanged.

Half of a surrogate pair cannot be encoded in UTF-8, and Lambda's runtime crashes on it. Some
libraries alter whole numbers beyond 64 bits. Both are safe in S3; values that have to stay inline
are shown without them. A message names the JSON type of a value, and never shows the value.
"""

from typing import Final

from universal_sync_core.values.codec import HALF_OF_PAIR, Json, measure

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_JSON_TYPES: Final = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def json_type(value: Json) -> str:
    """Return the JSON type of a value, for a message."""
    return _JSON_TYPES.get(type(value), f"a value of the Python type {type(value).__name__}")


def is_portable(value: Json) -> bool:
    """Tell whether every JSON library keeps a value unchanged."""
    return (type(value) is str and value.isascii()) or measure(value)[1]


def portable_text(text: str) -> str:
    """Return a string with a replacement character for each half of a surrogate pair."""
    return text if text.isascii() else HALF_OF_PAIR.sub(_REPLACEMENT, text)


def portable(value: Json) -> Json:
    """Return a value for people to read: with such strings, and long whole numbers as strings."""
    return value if is_portable(value) else _shown(value)


def _shown(value: Json) -> Json:
    # A container is not measured again for each container around it.
    if type(value) is list:
        return [_shown(item) for item in value]
    if type(value) is dict:
        return {portable_text(key): _shown(item) for key, item in value.items()}
    return value if is_portable(value) else portable_text(str(value))
