"""A text that stands inside another: in quotes, by indentation, or joined of parts."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from statebag.machines.text.nodes import Kind, Node

_Write: TypeAlias = Callable[[str], str]

# Of YAML: a tag such as `!Sub`, an anchor.
_PROPERTIES: Final = re.compile(r"(?:[!&]\S*\s+)*")
_JOIN: Final = "Fn::Join"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text inside another.

    Attributes:
        start: offset in the text around it.
        end: offset behind it.
        text: what it says.
        write: returns how another one is written in its place.
    """

    start: int
    end: int
    text: str
    write: _Write


def said_by(node: Node) -> str:
    """Return what a value of a text says: a string, or one that Fn::Join makes; else nothing."""
    joined = _join_of(node)
    if joined:
        between, parts = joined
        return between.join(map(_part, parts))
    return node.value if isinstance(node.value, str) else ""


def _join_of(node: Node) -> tuple[str, tuple[Node, ...]] | None:
    """Return what Fn::Join puts between parts, and these; None of another value."""
    join = node.get(_JOIN)
    if join is None or len(join.items) != 2:  # noqa: PLR2004 - what is between, and the parts
        return None
    between, parts = join.items
    return (between.value, parts.items) if isinstance(between.value, str) else None


def quoted(text: str, node: Node) -> Quoted | None:
    """Return the text that a value of another text is.

    None where it is written in a way that could not be restored to the byte.
    """
    if node.kind is Kind.MAPPING:
        return _joined(text, node)
    properties = _PROPERTIES.match(text, node.start)
    start = properties.end() if properties else node.start
    match text[start]:
        case "|" | ">" | "<":  # to JSON, the spaces in front of each line say nothing
            begin = text.find("\n", start, node.end) + 1
            return Quoted(begin, node.end, text[begin : node.end], str) if begin else None
        case "'":
            single = text[start + 1 : node.end - 1].replace("''", "'")
            return Quoted(start + 1, node.end - 1, single, _in_single_quotes)
        case '"':
            return _in_double_quotes(text, start, node.end)
    return None


def _in_single_quotes(text: str) -> str:
    return text.replace("'", "''")


def _in_double_quotes(text: str, start: int, end: int) -> Quoted | None:
    written = text[start:end]
    try:
        value = str(json.loads(written))
    except ValueError:  # escapes that only YAML has
        return None
    writers = (_encoded, json.dumps, _encoded_for_html)
    found = (Quoted(start, end, value, write) for write in writers if write(value) == written)
    return next(found, None)


def _encoded(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _encoded_for_html(text: str) -> str:
    """Return a text as encoders in Go write it: that of Terraform, for one."""
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", _encoded(text))


def _joined(text: str, node: Node) -> Quoted | None:
    """Return the text that Fn::Join makes; what CloudFormation fills in is a substitution there."""
    joined = _join_of(node)
    if joined is None:
        return None
    between, parts = joined
    start, end = parts[0].start, parts[-1].end
    write = partial(
        _written_joined,
        between=between,
        functions={_part(part): text[part.start : part.end] for part in parts if part.entries},
        divider=text[parts[0].end : parts[1].start] if parts[1:] else ", ",
    )
    value = said_by(node)
    return Quoted(start, end, value, write) if write(value) == text[start:end] else None


def _part(part: Node) -> str:
    """Return a part of a text; a function as Fn::Sub would name it: `${Table}`, `${Table.Arn}`."""
    if isinstance(part.value, str):
        return part.value
    names = (each.value for each in part.walk() if isinstance(each.value, str))
    return f"${{{'.'.join(names)}}}"


def _written_joined(text: str, *, between: str, functions: dict[str, str], divider: str) -> str:
    names = "|".join(map(re.escape, functions)) or "(?!)"
    parts = text.split(between) if between else filter(None, re.split(f"({names})", text))
    return divider.join(functions.get(part) or _encoded(part) for part in parts)
