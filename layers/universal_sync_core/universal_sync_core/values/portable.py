"""Values that every JSON library on the way carries as they are.

Half of a surrogate pair has no bytes in UTF-8: Lambda's runtime ends with it. Whole numbers beyond
64 bits come out of some libraries as others. In S3 both are safe; what has to stand in place is
shown without them.
"""

import re
from typing import Final

from universal_sync_core.values.codec import Json, measure

_HALF_OF_PAIR: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def is_portable(value: Json) -> bool:
    """Tell whether every JSON library carries a value as it is."""
    return measure(value)[1]


def portable_text(text: str) -> str:
    """Return a text with a replacement character for each half of a surrogate pair."""
    return text if text.isascii() else _HALF_OF_PAIR.sub(_REPLACEMENT, text)


def portable(value: Json) -> Json:
    """Return a value for people to see: its texts as above, and long whole numbers as texts."""
    if is_portable(value):
        return value
    if type(value) is list:
        return [portable(item) for item in value]
    if type(value) is dict:
        return {portable_text(key): portable(item) for key, item in value.items()}
    return portable_text(str(value))
