"""Plain text out of the HTML that service models are documented with."""

import re
from html import unescape

_TAG = re.compile(r"<[^>]*>")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def plain_text(documentation: str) -> str:
    """Give the text of an HTML fragment, its white space collapsed to single blanks."""
    return " ".join(unescape(_TAG.sub(" ", documentation)).split())


def count_words(documentation: str) -> int:
    """Count the words a reader sees in an HTML fragment."""
    return len(plain_text(documentation).split())


def summary(documentation: str, limit: int) -> str:
    """Give the first sentence of an HTML fragment, cut to `limit` characters at a word."""
    text = _SENTENCE_END.split(plain_text(documentation), maxsplit=1)[0]
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"
