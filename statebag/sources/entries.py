"""The entries of a state's history, newest first, reading only as far back as is asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from statebag.paths import Steps, split_path
from statebag.sources.sources import Source
from statebag.state.tree import Part
from universal_sync_core.bag.fields import HISTORY, archive_of
from universal_sync_core.values.codec import Json, encode

# About a page of the archive.
_BATCH: Final = 50
_FILTER: Final = "--filter"
_SIGN: Final = re.compile("[=~]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        position: its place in the whole history, from 0.
    """

    position: int
    value: Json


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted: `key=value`, `key~pattern`, or a text anywhere in the entry.

    Attributes:
        sign: which of them; empty for a text anywhere.
        text: the value, the pattern, or the text anywhere.
    """

    steps: Steps
    sign: str
    text: str

    def __call__(self, value: Json) -> bool:
        """Tell whether an entry is wanted."""
        if not self.sign:
            return self.text in encode(value).decode(errors="replace")
        found = _at(value, self.steps)
        if self.sign == "=":
            return found == self.text
        return found is not None and re.search(self.text, found) is not None


def filter_in(text: str) -> Filter:
    """Return the filter that an option gives.

    Raises:
        BadParameter: its key is not a path, or its pattern not a regular expression.
    """
    found = split_path(text, _SIGN, _FILTER)
    return Filter(*found) if found else Filter((), "", text)


def length_of(source: Source) -> int:
    """Return how many entries the history has, without a read."""
    part = _history(source)
    return part.count or 0 if part else 0


def newest_first(source: Source) -> Iterator[Entry]:
    """Yield the entries from the newest to the oldest, read in batches.

    The archive is not read for the bag's own.
    """
    part, stop = _history(source), length_of(source)
    archive = archive_of(source.bag)
    archived = (archive.count or 0) if archive else 0
    while part is not None and stop > 0:
        first = max(archived if stop > archived else 0, stop - _BATCH)
        yield from reversed(_read(source, part, first, stop))
        stop = first


def between(source: Source, start: int, stop: int) -> list[Entry]:
    """Return the entries at some positions, oldest first."""
    part = _history(source)
    return _read(source, part, start, min(stop, part.count or 0)) if part else []


def _history(source: Source) -> Part | None:
    container = source.tree.container(source.tree.root) if source.bag else None
    return source.tree.at((HISTORY,)) if container and container.get(HISTORY) else None


def _read(source: Source, part: Part, start: int, stop: int) -> list[Entry]:
    members = source.tree.members(part, start, stop)
    values = source.reader.pages.resolve([each.value for each in members], unescape=True)
    return [Entry(start + at, value) for at, value in enumerate(values)]


def _at(value: Json, steps: Steps) -> str | None:
    """Return what stands at a path of an entry as text, or None where there is nothing."""
    for step in steps:
        is_key = isinstance(value, dict) and step in value
        if not is_key and not (isinstance(value, list) and step in range(len(value))):
            return None
        value = value[step]
    return value if isinstance(value, str) else encode(value).decode(errors="replace")
