"""JSON with positions: parsed by tree-sitter, which keeps the span of every token."""

import json
import re
from functools import cache
from typing import Final

import tree_sitter_json
from tree_sitter import Language, Parser
from tree_sitter import Node as Syntax

from statebag.errors import RefusedError
from statebag.machines.text.nodes import Kind, Node

# A substitution where no text is: `"Seconds": ${WaitSeconds}`. A comma behind the last value, which
# tools that read definitions as YAML pass over.
_BARE: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|\$\{[^{}"\s]*+\}|,(?=\s*+[}\]])')
_KINDS: Final = {"object": Kind.MAPPING, "array": Kind.SEQUENCE}


class _Offsets:
    """Turns offsets of UTF-8 bytes into those of characters."""

    def __init__(self, text: str, body: bytes) -> None:
        self._is_ascii = len(text) == len(body)
        self._body = body
        self._at = (0, 0)

    def __getitem__(self, offset: int) -> int:
        if self._is_ascii:
            return offset
        known, characters = self._at if self._at[0] <= offset else (0, 0)
        characters += len(self._body[known:offset].decode())
        self._at = (offset, characters)
        return characters


def parse_json(text: str, *, name: str) -> Node:
    """Return the value of a JSON text; a substitution in a value's place is unknown.

    Raises:
        RefusedError: it is not JSON.
    """
    bare: set[int] = set()
    body = _BARE.sub(lambda found: _quoted(found, bare), text).encode()
    tree = _parser().parse(body)
    values = [child for child in tree.root_node.named_children if child.type != "comment"]
    if tree.root_node.has_error or len(values) != 1:
        raise RefusedError(
            f"{name} is not valid JSON{_place(tree.root_node)}",
            hint="Give a file of Amazon States Language, in JSON or YAML.",
        )
    return _Reader(body, _Offsets(text, body), bare).read(values[0])


def _quoted(found: re.Match[str], bare: set[int]) -> str:
    if found[0].startswith('"'):
        return found[0]
    if found[0] == ",":
        return " "
    bare.add(found.start())
    return f'"{found[0][1:-1]}"'


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_json.language()))


def _place(node: Syntax) -> str:
    """Say where the first error is."""
    pending = [node]
    while pending:
        found = pending.pop()
        if found.is_error or found.is_missing:
            return f": line {found.start_point.row + 1}, column {found.start_point.column + 1}"
        pending.extend(child for child in reversed(found.children) if child.has_error)
    return ""


class _Reader:
    """Makes nodes of a syntax tree."""

    def __init__(self, body: bytes, offsets: _Offsets, bare: set[int]) -> None:
        self._body = body
        self._offsets = offsets
        self._bare = bare

    def read(self, syntax: Syntax) -> Node:
        """Return a node with all below it."""
        start = self._offsets[syntax.start_byte]
        kind = _KINDS.get(syntax.type, Kind.UNKNOWN if start in self._bare else Kind.SCALAR)
        entries: tuple[tuple[Node, Node], ...] = ()
        items: tuple[Node, ...] = ()
        if kind is Kind.MAPPING:
            pairs = (child for child in syntax.named_children if child.type == "pair")
            entries = tuple(self._entry(pair) for pair in pairs)
        elif kind is Kind.SEQUENCE:
            children = (child for child in syntax.named_children if child.type != "comment")
            items = tuple(self.read(child) for child in children)
        value = self._scalar(syntax) if kind is Kind.SCALAR else None
        end = self._offsets[syntax.end_byte]
        return Node(kind=kind, start=start, end=end, value=value, entries=entries, items=items)

    def _entry(self, pair: Syntax) -> tuple[Node, Node]:
        key, value = (child for child in pair.named_children if child.type != "comment")
        return self.read(key), self.read(value)

    def _scalar(self, syntax: Syntax) -> str | int | float | bool | None:
        written = self._body[syntax.start_byte : syntax.end_byte].decode()
        try:
            value: str | int | float | bool | None = json.loads(written, strict=False)
        except ValueError:  # an integer of more digits than Python converts
            return written
        return value
