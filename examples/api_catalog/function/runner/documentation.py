"""Plain text from the HTML in which service models are documented."""

import re
from html import unescape

_TAG = re.compile(r"<[^>]*>")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def plain_text(documentation: str) -> str:
    """Return the text of an HTML fragment, with white space collapsed to single blanks."""
    return " ".join(unescape(_TAG.sub(" ", documentation)).split())


def count_words(documentation: str) -> int:
    """Count the words that a reader sees in an HTML fragment."""
    return len(plain_text(documentation).split())


def summary(documentation: str, limit: int) -> str:
    """Return the first sentence of an HTML fragment, cut to `limit` characters at a word."""
    text = _SENTENCE_END.split(plain_text(documentation), maxsplit=1)[0]
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"
