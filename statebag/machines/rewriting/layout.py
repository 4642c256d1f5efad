"""New entries of a mapping in the layout of the text around them, in JSON or YAML."""

import json
from dataclasses import dataclass
from typing import Final

import yaml

from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.source import Source
from universal_sync_core.values.codec import Json, JsonObject

_WIDTH: Final = 100
_UNIT: Final = "  "
_QUOTES: Final = "\"'"


@dataclass(frozen=True, slots=True)
class Layout:
    """Writes entries in front of another one.

    Attributes:
        source: the text.
        mapping: that the entries are put into.
        key: of the entry that they are put in front of.
    """

    source: Source
    mapping: Node
    key: Node

    def entry(self, name: str, value: Json) -> str:
        """Return an entry with what divides it from the next one."""
        if self.source.is_yaml and self.mapping.is_block:
            return self._block(name, value)
        lead = self._lead()
        label = f"{json.dumps(name, ensure_ascii=False)}: "
        if lead is None:
            return f"{label}{_compact(value)}, "
        body = _pretty(value, lead, self._unit(lead), len(lead) + len(label))
        return f"{label}{body},\n{lead}".replace("\n", self._newline())

    def _block(self, name: str, value: Json) -> str:
        """Return an entry of YAML by indentation; texts are written as JSON writes them."""
        written: str = yaml.safe_dump(
            {name: value},
            sort_keys=False,
            allow_unicode=True,
            width=10 * _WIDTH,
            default_flow_style=False,
        )
        lead = self._lead() or ""
        newline = self._newline()
        return written.rstrip("\n").replace("\n", f"{newline}{lead}") + f"{newline}{lead}"

    def _lead(self) -> str | None:
        """Return what stands before the key on its line, or None where that is not only space."""
        text = self.source.text
        lead = text[text.rfind("\n", 0, self.key.start) + 1 : self.key.start]
        return lead if not lead.strip() else None

    def _unit(self, lead: str) -> str:
        """Return by how much the entries of the mapping are indented."""
        text = self.source.text
        line = text[text.rfind("\n", 0, self.mapping.start) + 1 : self.mapping.start]
        outer = line[: len(line) - len(line.lstrip())]
        return lead[len(outer) :] if lead.startswith(outer) and lead != outer else _UNIT

    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.source.text else "\n"


def inner_span(source: Source, scalar: Node) -> tuple[int, int]:
    """Return the span of a text without its quotes, where it has any."""
    is_quoted = source.text[scalar.start] in _QUOTES
    return (scalar.start + 1, scalar.end - 1) if is_quoted else (scalar.start, scalar.end)


def inner_text(source: Source, scalar: Node, value: str) -> str:
    """Return a text as it stands between the quotes of a scalar."""
    quote = source.text[scalar.start]
    if quote == '"':
        return json.dumps(value, ensure_ascii=False)[1:-1]
    return value.replace("'", "''") if quote == "'" else value


def value_of(node: Node) -> Json:
    """Return the JSON value of a node."""
    if node.kind is Kind.MAPPING:
        made: JsonObject = {str(key.value): value_of(value) for key, value in node.entries}
        return made
    if node.kind is Kind.SEQUENCE:
        return [value_of(item) for item in node.items]
    return node.value


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _pretty(value: Json, lead: str, unit: str, column: int) -> str:
    """Return JSON that is on one line where it fits, and else indented."""
    written = _compact(value)
    if not isinstance(value, dict | list) or column + len(written) < _WIDTH:
        return written
    inner = f"{lead}{unit}"
    if isinstance(value, list):
        parts = [_pretty(item, inner, unit, len(inner)) for item in value]
        opening, closing = "[", "]"
    else:
        labels = {key: f"{json.dumps(key, ensure_ascii=False)}: " for key in value}
        parts = [
            f"{labels[key]}{_pretty(item, inner, unit, len(inner) + len(labels[key]))}"
            for key, item in value.items()
        ]
        opening, closing = "{", "}"
    lines = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{lines}\n{lead}{closing}"
