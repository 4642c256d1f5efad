"""A mapping of YAML by indentation that is put into another one, and taken out again.

All of its lines move, those of texts in it too, which begin where their own indentation ends.
"""

import re
from collections.abc import Iterator
from typing import Final

from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source

_UNIT: Final = "  "
_LINE: Final = re.compile(r"^ *(?=[^\r\n])", re.MULTILINE)


def wrapped(source: Source, mapping: Node, *lines: str) -> Iterator[Edit]:
    """Yield the edits that put lines in front of a mapping, which then belongs to the last."""
    column = _column(source, mapping)
    newline = "\r\n" if "\r\n" in source.text else "\n"
    head = f"{newline}{' ' * column}".join((*lines, _UNIT))
    yield Edit(mapping.start, mapping.start, head)
    for start in _starts(source, mapping, column):
        yield Edit(start, start, _UNIT)


def unwrapped(source: Source, mapping: Node, inner: Node) -> Iterator[Edit]:
    """Yield the edits that leave a mapping what one of its values is."""
    column = _column(source, inner)
    unit = column - _column(source, mapping)
    yield Edit(mapping.start, inner.start, "")
    for start in _starts(source, inner, column):
        yield Edit(start, start + unit, "")


def _column(source: Source, mapping: Node) -> int:
    return mapping.start - source.text.rfind("\n", 0, mapping.start) - 1


def _starts(source: Source, mapping: Node, column: int) -> Iterator[int]:
    """Yield where each line behind the first begins; at the end, none that stands less deep."""
    first = source.text.find("\n", mapping.start, mapping.end)
    lines = list(_LINE.finditer(source.text, first, mapping.end)) if first >= 0 else []
    while lines and len(lines[-1][0]) < column:
        lines.pop()
    yield from (line.start() for line in lines)
