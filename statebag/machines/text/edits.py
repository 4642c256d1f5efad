"""Edits of spans of a text: what they do not touch stays to the byte."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replaces a span by a text; an empty span is an insertion."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made; insertions at one place keep the order they are given in."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts.extend((text[position : edit.start], edit.text))
        position = edit.end
    return "".join((*parts, text[position:]))
