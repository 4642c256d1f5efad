"""What a step was given and what it gave, as much of it as a page carries."""

import json
from typing import Final

from statebag.output.masking import Masking
from universal_sync_core.values.codec import Json

# Of each document, and of all of a page.
_CHARS: Final = 1_500
_MOST_CHARS: Final = 1_000_000
_PARTS: Final = 60
_DEEPEST: Final = 6
_TEXT_CHARS: Final = 300
_MORE: Final = "…"
_BAG: Final = "state_data"


class Documents:
    """Tells documents one after the other, until the page has enough of them."""

    def __init__(self, mask: Masking) -> None:
        """Mask what looks secret."""
        self._mask = mask
        self._left = _MOST_CHARS

    def masked(self, text: str | None) -> str | None:
        """Return a text without what looks secret."""
        return None if text is None else str(self._mask.masked(text))

    def told(self, document: Json) -> str:
        """Return the beginning of a document as indented JSON; nothing once the page is full."""
        if self._left <= 0:
            return ""
        if type(document) is dict and _BAG in document:
            # The bag is the longer part, and the one that has commands of its own.
            beside = {name: value for name, value in document.items() if name != _BAG}
            document = beside | {_BAG: document[_BAG]}
        part = self._mask.masked(_Cutting().cut(document, 0))
        text = json.dumps(_short(part), indent=2, ensure_ascii=False)
        shown = text if len(text) <= _CHARS else f"{text[:_CHARS]}\n{_MORE}"
        self._left -= len(shown)
        return shown


class _Cutting:
    """Cuts a document down to its first parts, so that a large one costs no more than a small."""

    def __init__(self) -> None:
        self._left = _PARTS

    def cut(self, value: Json, depth: int) -> Json:
        """Return a value with a sign where something is left out."""
        self._left -= 1
        if type(value) in (dict, list) and value and depth == _DEEPEST:
            return _MORE
        if type(value) is dict:
            return self._fields(value, depth)
        if type(value) is list:
            kept = [self.cut(item, depth + 1) for item in value[: max(0, self._left)]]
            return kept + [_MORE] * (len(kept) < len(value))
        return value

    def _fields(self, value: dict[str, Json], depth: int) -> Json:
        kept: dict[str, Json] = {}
        for name, item in value.items():
            if self._left <= 0:
                kept[_MORE] = f"{len(value) - len(kept)} more"
                break
            kept[name] = self.cut(item, depth + 1)
        return kept


def _short(value: Json) -> Json:
    """Return a masked value with the beginnings of its long texts."""
    if type(value) is dict:
        return {name: _short(item) for name, item in value.items()}
    if type(value) is list:
        return [_short(item) for item in value]
    is_long = isinstance(value, str) and len(value) > _TEXT_CHARS
    return f"{value[:_TEXT_CHARS]}{_MORE}" if is_long else value
